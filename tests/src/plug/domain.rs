//! The domain: every kind of thing that can happen in a session.

use windrow::{Id, Syncable};

/// A farm: of its name the later wins, two telephone numbers are a question, cattle add up.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Farm {
    /// Its id.
    pub id: Id<Farm>,
    /// Its name.
    pub name: String,
    /// Whom to call.
    #[merge(review)]
    pub phone: Option<String>,
    /// Head of cattle.
    #[merge(sum)]
    pub cattle: i64,
}

/// A plot, which goes with its farm.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Plot {
    /// Its id.
    pub id: Id<Plot>,
    /// Its farm.
    #[parent(Farm, on_delete = cascade)]
    pub farm_id: Id<Farm>,
    /// What grows there.
    pub variety: String,
    /// What was carried away.
    #[merge(sum)]
    pub bags: i64,
}

/// A visit to a plot.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Visit {
    /// Its id.
    pub id: Id<Visit>,
    /// The plot.
    #[parent(Plot)]
    pub plot_id: Id<Plot>,
    /// Long enough to fill a page of the file.
    pub notes: String,
}

/// What each transaction of an application leaves behind, beside what it does.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Step {
    /// Its id.
    pub id: Id<Step>,
    /// Its number.
    pub number: i64,
}

windrow::domain! {
    /// What is synced while plugs are pulled.
    pub PLUG = [Farm, Plot, Visit, Step]
}
