//! What the survey's devices share.
//!
//! Each struct is a table; each field says how writes that were made apart are merged.

use windrow::{Id, Syncable, SyncableEnum, Timestamp};

/// A farm.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(scope)]
pub struct Farm {
    pub id: Id<Farm>,
    /// The later write wins, the default.
    #[index]
    pub name: String,
    /// Where its water comes from.
    #[syncable(default = "rain")]
    pub water: Water,
    /// The owner's telephone number: two different ones are a question for a person.
    #[merge(review)]
    pub phone: Option<String>,
    /// Head of cattle: births and sales that were counted apart all count.
    #[merge(sum)]
    pub cattle: i64,
}

/// Where a farm's water comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum Water {
    Rain,
    Well,
    River,
}

/// Somebody who visits farms. Deleting one that somebody else has just edited is a question for
/// a person.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
pub struct Surveyor {
    pub id: Id<Surveyor>,
    pub name: String,
    /// The number on their badge: no two have the same.
    #[unique]
    pub badge: String,
}

/// A visit to a farm.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Visit {
    pub id: Id<Visit>,
    /// A visit goes, and comes back, with its farm.
    #[parent(Farm, on_delete = cascade)]
    pub farm_id: Id<Farm>,
    /// Nobody, once they have left the survey.
    #[parent(Surveyor, on_delete = set_null)]
    pub surveyor_id: Option<Id<Surveyor>>,
    #[index]
    pub visited_at: Timestamp,
    /// The tallest plant that anybody measured, in centimetres.
    #[merge(max)]
    pub tallest_cm: Option<i64>,
    pub notes: String,
}

windrow::domain! {
    /// Everything that is synced.
    pub SURVEY = [Farm, Surveyor, Visit]
}
