//! About how much of a changeset or a page each table is: so what a link has carried is counted by tables.

use crate::store::plan::Plan;
use std::collections::BTreeMap;
use windrow_protocol::change::Change;
use windrow_protocol::codec::{self, Limits};
use windrow_protocol::model::TableIx;
use windrow_protocol::told::Told;

/// Tables in order, each with about as many bytes as its values take.
pub(super) type Weights = Vec<(TableIx, usize)>;

pub(super) fn of_changes<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Weights {
    by_table(changes.into_iter().map(|change| (change.table, change.weight())))
}

pub(super) fn of_told(told: &[Told]) -> Weights {
    by_table(told.iter().map(|told| (told.table, told.weight())))
}

/// Those of a changeset; nothing of one that can't be read.
pub(super) fn of_changeset(plan: &Plan, payload: &[u8]) -> Weights {
    let decoded = codec::decode_changeset(&plan.schema, payload, &Limits::default());
    of_changes(decoded.iter().flat_map(|c| &c.unresolved().changes))
}

fn by_table(weights: impl Iterator<Item = (TableIx, usize)>) -> Weights {
    let mut tables = BTreeMap::new();
    weights.for_each(|(table, weight)| *tables.entry(table).or_default() += weight);
    tables.into_iter().collect()
}
