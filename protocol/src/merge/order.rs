//! The order in which a commit's changes are applied: parents before children, so that what a new life lets go of does
//! not take with it what was written to a child afterwards.

use super::world::World;
use crate::change::{Change, Key, What};
use crate::id::RecordId;
use crate::model::{Edge, Schema};
use crate::value::Value;
use std::collections::{HashMap, HashSet};

/// All changes: tables in dependency order, within a table by stamp; in one that refers to itself, a record behind those
/// that it refers to. In a ring, behind those that were not met before.
pub(super) fn parents_first<'c>(schema: &Schema, changes: &'c [Change], world: &World) -> Vec<&'c Change> {
    let mut order: Vec<&Change> = changes.iter().collect();
    order.sort_by_key(|c| (c.table, c.hlc));
    let refers_to_itself = |c: &&Change| own_edges(schema, c).next().is_some();
    if !changes.iter().any(|c| refers_to_itself(&c)) {
        return order;
    }
    let by_key = changes.iter().map(|c| (c.key(), c)).collect();
    let mut placing = Placing { schema, world, by_key, met: HashSet::new(), order: Vec::with_capacity(order.len()) };
    order.into_iter().for_each(|c| placing.place(c));
    placing.order
}

struct Placing<'a, 'c> {
    schema: &'a Schema,
    world: &'a World,
    by_key: HashMap<Key, &'c Change>,
    met: HashSet<Key>,
    order: Vec<&'c Change>,
}

impl<'c> Placing<'_, 'c> {
    /// Depth first, on a stack of our own: a chain of references comes from a peer.
    fn place(&mut self, first: &'c Change) {
        let mut stack = vec![(first, None)];
        while let Some((change, waiting)) = stack.pop() {
            let mut parents: Vec<&Change> = match waiting {
                Some(parents) => parents,
                None if !self.met.insert(change.key()) => continue,
                None => self.parents(change),
            };
            match parents.pop() {
                Some(parent) => stack.extend([(change, Some(parents)), (parent, None)]),
                None => self.order.push(change),
            }
        }
    }

    /// The changes of the records of its own table that this one refers to, the first reference last.
    fn parents(&self, change: &Change) -> Vec<&'c Change> {
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
