//! The order in which a commit's changes are applied: parents before children, so that what a new life lets go of does
//! not take with it what was written to a child afterwards.

use super::world::World;
use crate::change::{Change, Key, What};
use crate::id::RecordId;
use crate::model::{Edge, Schema};
use crate::value::Value;
use std::collections::HashMap;

/// The places of all changes: tables in dependency order, within a table by stamp; in one that refers to itself, a record
/// behind those that it refers to. In a ring, behind those that were not met before.
pub(super) fn parents_first(schema: &Schema, changes: &[Change], world: &World) -> Vec<usize> {
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_by_key(|at| (changes[*at].table, changes[*at].hlc));
    if !changes.iter().any(|change| own_edges(schema, change).next().is_some()) {
        return order;
    }
    let by_key = changes.iter().enumerate().map(|(at, c)| (c.key(), at)).collect();
    let (met, placed) = (vec![false; changes.len()], Vec::with_capacity(order.len()));
    let mut placing = Placing { schema, world, changes, by_key, met, order: placed };
    order.into_iter().for_each(|at| placing.place(at));
    placing.order
}

struct Placing<'a> {
    schema: &'a Schema,
    world: &'a World,
    changes: &'a [Change],
    by_key: HashMap<Key, usize>,
    met: Vec<bool>,
    order: Vec<usize>,
}

impl Placing<'_> {
    /// Depth first, on a stack of our own: a chain of references comes from a peer.
    fn place(&mut self, first: usize) {
        let mut stack = vec![(first, None)];
        while let Some((at, waiting)) = stack.pop() {
            let mut parents: Vec<usize> = match waiting {
                Some(parents) => parents,
                None if std::mem::replace(&mut self.met[at], true) => continue,
                None => self.parents(&self.changes[at]),
            };
            match parents.pop() {
                Some(parent) => stack.extend([(at, Some(parents)), (parent, None)]),
                None => self.order.push(at),
            }
        }
    }

    /// The changes of the records of its own table that this one refers to, the first reference last.
    fn parents(&self, change: &Change) -> Vec<usize> {
        let edges = own_edges(self.schema, change).filter_map(|edge| self.target(change, edge));
        let mut parents: Vec<_> = edges.filter_map(|id| self.by_key.get(&(change.table, id)).copied()).collect();
        parents.reverse();
        parents
    }

    /// What a reference names after this change.
    fn target(&self, change: &Change, edge: &Edge) -> Option<RecordId> {
        match change.writes.iter().find(|w| w.field == edge.field).map(|w| &w.what) {
            Some(What::Set(Value::Blob(id))) => RecordId::from_slice(id),
            Some(_) => None,
            None => self.world.record(change.key())?.reference(edge.field),
        }
    }
}

fn own_edges<'s>(schema: &'s Schema, change: &Change) -> impl Iterator<Item = &'s Edge> {
    schema.parents(change.table).iter().filter(|e| e.parent == e.child)
}
