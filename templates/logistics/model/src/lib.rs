//! What the depots' and drivers' devices share.
//!
//! Each struct is a table; each field says how writes that were made apart are merged.

use windrow::{Date, Decimal, Id, Syncable, SyncableEnum, Timestamp};

/// A depot.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(scope)]
pub struct Depot {
    pub id: Id<Depot>,
    /// No two have the same.
    #[unique]
    pub code: String,
    /// The later write wins, the default.
    pub name: String,
    /// Whom to call: two different numbers are a question for a person.
    #[merge(review)]
    pub contact: Option<String>,
    /// What is in stock: what came and what went, counted apart, all counts.
    #[merge(sum)]
    pub pallets: i64,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum Goods {
    Food,
    Medicine,
    Shelter,
    Water,
}

/// Where a shipment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum State {
    Packed,
    OnTheWay,
    Delivered,
    Lost,
}

/// A shipment. Deleting one that somebody else has just edited is a question for a person.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
pub struct Shipment {
    pub id: Id<Shipment>,
    #[unique]
    pub number: String,
    pub goods: Goods,
    pub pallets: i64,
    /// A depot does not go while shipments came from it: `restrict`, the default.
    #[parent(Depot)]
    pub from_id: Id<Depot>,
    /// Nowhere yet, once that depot is deleted.
    #[parent(Depot, on_delete = set_null)]
    pub to_id: Option<Id<Depot>>,
    /// Whether it was delivered or lost is not for a clock to say.
    #[merge(review)]
    #[syncable(default = "packed")]
    pub state: State,
    /// The earliest day for which anybody expects it.
    #[merge(min)]
    pub expected: Option<Date>,
}

/// A scan of a shipment on its way. A delete wins, whatever somebody else has edited.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = drop)]
pub struct Scan {
    pub id: Id<Scan>,
    /// A scan goes, and comes back, with its shipment.
    #[parent(Shipment, on_delete = cascade)]
    pub shipment_id: Id<Shipment>,
    pub place: String,
    #[index]
    pub scanned_at: Timestamp,
    /// The warmest that anybody measured, in degrees Celsius.
    #[merge(max)]
    pub warmest: Option<Decimal<1>>,
}

windrow::domain! {
    /// Everything that is synced.
    pub LOGISTICS = [Depot, Shipment, Scan]
}
