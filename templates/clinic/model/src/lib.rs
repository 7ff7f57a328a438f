//! What the health workers' devices share.
//!
//! Each struct is a table; each field says how writes that were made apart are merged.

use windrow::{Date, Id, Syncable, SyncableEnum, Timestamp};

/// A household.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(scope)]
pub struct Household {
    pub id: Id<Household>,
    /// The number on the door: no two have the same.
    #[unique]
    pub number: String,
    /// The later write wins, the default.
    pub village: String,
    /// The latest visit that anybody made.
    #[merge(max)]
    pub last_visit: Option<Date>,
}

/// Somebody who lives there. Deleting one whom somebody else has just edited is a question for a
/// person.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
pub struct Patient {
    pub id: Id<Patient>,
    /// A household does not go while it has patients: `restrict`, the default.
    #[parent(Household)]
    pub household_id: Id<Household>,
    /// The number on their card.
    #[unique]
    pub card: String,
    pub name: String,
    /// Two different answers are a question for a person.
    #[merge(review)]
    pub allergies: Option<String>,
    /// Nobody is dead because of the later clock.
    #[merge(review)]
    #[syncable(default = "here")]
    pub stays: Stays,
}

/// Where a patient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum Stays {
    Here,
    Moved,
    Died,
}

/// A batch of a vaccine, in one cold box.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Batch {
    pub id: Id<Batch>,
    #[unique]
    pub number: String,
    pub vaccine: Vaccine,
    /// The earliest date that anybody read on it.
    #[merge(min)]
    pub expires: Date,
    /// Doses that were given apart all count.
    #[merge(sum)]
    pub doses_left: i64,
}

/// What is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum Vaccine {
    Measles,
    Polio,
    Tetanus,
}

/// A dose that was given.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Dose {
    pub id: Id<Dose>,
    /// A dose goes, and comes back, with its patient.
    #[parent(Patient, on_delete = cascade)]
    pub patient_id: Id<Patient>,
    /// Nothing, once the batch is deleted.
    #[parent(Batch, on_delete = set_null)]
    pub batch_id: Option<Id<Batch>>,
    pub vaccine: Vaccine,
    #[index]
    pub given_at: Timestamp,
}

windrow::domain! {
    /// Everything that is synced.
    pub CLINIC = [Household, Patient, Batch, Dose]
}
