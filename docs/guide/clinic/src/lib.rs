//! A clinic's domain, in its third version: `windrow.lock` and `migrations/` beside this crate's `Cargo.toml` are what
//! `windrow migrate` wrote of the three, and [`CLINIC`] has both inside.

use windrow::{Date, Id, Syncable};

windrow::domain! {
    /// What is synced.
    pub CLINIC = [Household, Patient, Dose]
}

/// A household.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Household {
    /// Its id.
    pub id: Id<Household>,
    /// What it is called.
    pub name: String,
    /// Bed nets that it was given.
    #[merge(sum)]
    pub nets: i64,
    /// Where its water comes from; since version 2.
    #[syncable(default = "unknown")]
    pub water: String,
}

/// A patient.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Patient {
    /// Their id.
    pub id: Id<Patient>,
    /// Where they live.
    #[parent(Household, on_delete = cascade)]
    pub household_id: Id<Household>,
    /// Their name; in version 1 it was `name`.
    #[syncable(was = "name")]
    pub full_name: String,
    /// What to look after: people decide since version 2; never NULL since version 3.
    #[merge(review)]
    #[syncable(default = "")]
    pub notes: String,
}

/// A dose given; since version 3.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Dose {
    /// Its id.
    pub id: Id<Dose>,
    /// To whom.
    #[parent(Patient, on_delete = cascade)]
    pub patient_id: Id<Patient>,
    /// When.
    pub given: Date,
}
