//! The domain of these tests.

use windrow::{Id, Syncable, domain};
use windrow_protocol::model::{FieldIx, Schema, Strategy, TableIx};

#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(scope)]
pub(crate) struct Farm {
    pub id: Id<Farm>,
    pub name: String,
    #[merge(review)]
    pub phone: Option<String>,
    #[merge(sum)]
    pub cattle: i64,
    #[unique]
    pub code: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Worker {
    pub id: Id<Worker>,
    pub name: String,
    #[parent(Worker, on_delete = set_null)]
    pub boss: Option<Id<Worker>>,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
pub(crate) struct Plot {
    pub id: Id<Plot>,
    #[parent(Farm, on_delete = cascade)]
    pub farm_id: Id<Farm>,
    #[merge(max)]
    pub best: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Visit {
    pub id: Id<Visit>,
    #[parent(Worker, on_delete = set_null)]
    pub worker_id: Option<Id<Worker>>,
    #[parent(Plot, on_delete = cascade)]
    pub plot_id: Id<Plot>,
}

domain!(pub(crate) SURVEY = [Farm, Worker, Plot, Visit]);

#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Other {
    pub id: Id<Other>,
    pub name: String,
}

domain!(pub(crate) OTHER = [Other]);

/// Tables, in the domain's order.
pub(crate) const FARM: TableIx = 0;
pub(crate) const WORKER: TableIx = 1;
pub(crate) const PLOT: TableIx = 2;
pub(crate) const VISIT: TableIx = 3;

/// Fields of a farm.
pub(crate) const NAME: FieldIx = 0;
pub(crate) const PHONE: FieldIx = 1;
pub(crate) const CATTLE: FieldIx = 2;
pub(crate) const CODE: FieldIx = 3;

pub(crate) fn is_sum(schema: &Schema, table: TableIx, field: FieldIx) -> bool {
    schema.field(table, field).strategy == Strategy::Sum
}
