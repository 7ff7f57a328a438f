//! What the survey's tablets share: farms, their plots, the people who walk them, and their visits.

use windrow::{Id, Syncable, Timestamp};

/// A farm in the survey.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Farm {
    /// Its id.
    pub(crate) id: Id<Farm>,
    /// Its name: the later write wins, the default.
    pub(crate) name: String,
    /// The owner's telephone number. Two different ones are a question for a person.
    #[merge(review)]
    pub(crate) owner_phone: Option<String>,
    /// Head of cattle. Births and sales that were counted apart all count.
    #[merge(sum)]
    pub(crate) cattle: i64,
}

/// A plot of a farm in one year. It goes, and comes back, with its farm.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = keep)]
pub(crate) struct Plot {
    /// Its id.
    pub(crate) id: Id<Plot>,
    /// Its farm.
    #[parent(Farm, on_delete = cascade)]
    pub(crate) farm_id: Id<Farm>,
    /// The variety of barley.
    pub(crate) variety: String,
    /// The year of the harvest.
    pub(crate) year: i32,
    /// What was carried away, in bags.
    #[merge(sum)]
    pub(crate) bags: i64,
    /// The best yield that anybody measured, in bushels an acre.
    #[merge(max)]
    pub(crate) best_yield: Option<f64>,
}

/// Somebody who visits plots.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Worker {
    /// Their id.
    pub(crate) id: Id<Worker>,
    /// Their name.
    pub(crate) name: String,
}

/// A visit to a plot. A plot that was visited does not die under its visits.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Visit {
    /// Its id.
    pub(crate) id: Id<Visit>,
    /// The plot: `restrict`, the default.
    #[parent(Plot)]
    pub(crate) plot_id: Id<Plot>,
    /// Who came; empty once they have left the survey.
    #[parent(Worker, on_delete = set_null)]
    pub(crate) worker_id: Option<Id<Worker>>,
    /// Sprayed, in millilitres. Two different figures are a question for a person.
    #[merge(review)]
    pub(crate) spray_ml: Option<i64>,
    /// Whatever else there is to say.
    pub(crate) notes: String,
    /// When.
    pub(crate) visited_at: Timestamp,
}

windrow::domain! {
    /// Everything that is synced.
    pub(crate) SURVEY = [Farm, Plot, Worker, Visit]
}
