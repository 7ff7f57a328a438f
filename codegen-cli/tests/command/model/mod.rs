//! A model that the command reads as text, and the compiler as code: both must see the same.

use windrow::{Decimal, Id, Syncable, SyncableEnum, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum Crop {
    Maize,
    #[syncable(rename = "it's \"rye\"")]
    Rye,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "order \"by\"; --", deletes = review)]
pub struct Farm {
    pub id: Id<Farm>,
    #[unique]
    pub name: String,
    #[merge(sum)]
    pub cattle: i64,
    #[syncable(rename = "group's ключ")]
    pub crop: Option<Crop>,
    #[merge(max)]
    pub best: Option<Decimal<2>>,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Visit {
    pub id: Id<Visit>,
    #[parent(Farm, on_delete = cascade)]
    pub farm_id: Id<Farm>,
    #[parent(Self, on_delete = set_null)]
    pub follows: Option<Id<Visit>>,
    #[merge(review)]
    pub notes: Option<String>,
    #[index]
    pub at: Timestamp,
    pub worker: u8,
}

windrow::domain! {
    /// What the tests sync.
    pub FIELD = [Visit, Farm]
}
