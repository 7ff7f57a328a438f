//! The domain of the guide. `docs/guide/01-declare.md` shows this very text; a test keeps the two equal.

use windrow::{Id, Syncable, SyncableEnum, Timestamp};

/// A farm in the survey.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Farm {
    /// Its id, made on the device.
    pub id: Id<Farm>,
    /// The later write wins: the default.
    pub name: String,
    /// Two different numbers are a question for a person.
    #[merge(review)]
    pub owner_phone: Option<String>,
    /// Births and deaths counted apart all count.
    #[merge(sum)]
    pub cattle: i64,
}

/// A plot of a farm in one year.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Plot {
    /// Its id.
    pub id: Id<Plot>,
    /// A plot goes with its farm.
    #[parent(Farm, on_delete = cascade)]
    pub farm_id: Id<Farm>,
    /// What grows there.
    pub variety: String,
    /// In which year.
    pub year: i32,
    /// What was harvested, in bags.
    #[merge(sum)]
    pub bags: i64,
    /// The best yield that anybody measured.
    #[merge(max)]
    pub best_yield: Option<f64>,
}

/// Who walks the fields.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
pub struct Worker {
    /// Their id.
    pub id: Id<Worker>,
    /// Their name.
    pub name: String,
    /// The number on their badge: no two have the same.
    #[unique]
    pub badge: String,
}

/// The weather of a visit, stored as text: `dry`, `showers`, `rain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SyncableEnum)]
pub enum Weather {
    /// Dry.
    Dry,
    /// Showers.
    Showers,
    /// Rain.
    Rain,
}

/// A visit to a plot.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Visit {
    /// Its id.
    pub id: Id<Visit>,
    /// A plot that was visited does not die under its visits: `restrict`, the default.
    #[parent(Plot)]
    pub plot_id: Id<Plot>,
    /// Shows NULL once the worker is gone.
    #[parent(Worker, on_delete = set_null)]
    pub worker_id: Option<Id<Worker>>,
    /// When.
    #[index]
    pub visited_at: Timestamp,
    /// In which weather.
    pub weather: Weather,
    /// Millilitres sprayed.
    #[merge(review)]
    pub spray_ml: Option<i64>,
    /// Whatever else.
    pub notes: String,
}

windrow::domain! {
    /// What the survey's tablets share.
    pub SURVEY = [Farm, Plot, Worker, Visit]
}
