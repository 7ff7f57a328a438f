//! The scope of each record: the root that it hangs on.
//!
//! A record of a table that roots a scope is its own; any other has the scope of the first of its parents that has one, in
//! order of fields; without such a parent it is for everybody.

use super::records::{self, Saving};
use super::tables::Tables;
use crate::hub::error::HubError;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use windrow_protocol::change::Key;
use windrow_protocol::id::RecordId;
use windrow_protocol::record::Record;

/// Scopes as a commit leaves them.
pub(super) struct Scopes<'a> {
    c: &'a Connection,
    tables: &'a Tables,
    /// The records that the commit has changed.
    changed: BTreeMap<Key, &'a Record>,
    /// What is known already.
    known: BTreeMap<Key, Option<RecordId>>,
}

impl<'a> Scopes<'a> {
    pub(super) fn new(c: &'a Connection, tables: &'a Tables, changed: &'a [(Key, Record)]) -> Scopes<'a> {
        let changed = changed.iter().map(|(key, record)| (*key, record)).collect();
        Scopes { c, tables, changed, known: BTreeMap::new() }
    }

    /// The scope of a record. Goes up on a stack of its own: a chain of references comes from a peer.
    pub(super) fn of(&mut self, key: Key) -> Result<Option<RecordId>, HubError> {
        if !self.tables.may_have_scope(key.0) {
            return Ok(None);
        }
        let (mut path, mut asked) = (vec![key], BTreeSet::from([key]));
        while let Some(at) = path.last().copied() {
            match self.look(at, &asked)? {
                Look::Above(parent) => {
                    asked.insert(parent);
                    path.push(parent);
                }
                Look::Found(scope) => {
                    self.known.insert(at, scope);
                    path.pop();
                }
            }
        }
        Ok(self.known.get(&key).copied().flatten())
    }

    /// A record's scope, or the parent that must be known first. A parent that was `asked` and is not known waits for this
    /// one, and counts as having none.
    fn look(&self, key: Key, asked: &BTreeSet<Key>) -> Result<Look, HubError> {
        if let Some(scope) = self.known.get(&key) {
            return Ok(Look::Found(*scope));
        }
        let Some(record) = self.changed.get(&key) else {
            return Ok(Look::Found(records::scope(self.c, self.tables, key)?.flatten()));
        };
        if self.tables.schema.table(key.0).scope {
            return Ok(Look::Found(Some(key.1)));
        }
        for edge in self.tables.schema.parents(key.0) {
            let Some(parent) = record.reference(edge.field).map(|id| (edge.parent, id)) else { continue };
            match self.known.get(&parent) {
                Some(Some(scope)) => return Ok(Look::Found(Some(*scope))),
                Some(None) => {}
                None if asked.contains(&parent) => {}
                None => return Ok(Look::Above(parent)),
            }
        }
        Ok(Look::Found(None))
    }
}

/// What looking at a record comes to.
enum Look {
    Found(Option<RecordId>),
    Above(Key),
}

/// How often one commit may move a record. More than once only where its table refers to itself; without an end only where
/// records hang on each other in a circle, whose scope means nothing.
const MOVES: u32 = 16;

/// Brings what hangs below these records, whose scope has changed, under its new scope: parents' tables first.
pub(super) fn follow(c: &Connection, tables: &Tables, moved: Vec<Key>) -> Result<(), HubError> {
    let (mut moved, mut times) = (BTreeSet::from_iter(moved), BTreeMap::<Key, u32>::new());
    while let Some(parent) = moved.pop_first() {
        for edge in tables.schema.children(parent.0) {
            let sql = tables.sql(edge.child).referring(edge.field).unwrap_or_default();
            for id in records::ids(c, sql, &[&parent.1.0])? {
                let (child, times) = ((edge.child, id), times.entry((edge.child, id)).or_default());
                if *times < MOVES && move_one(c, tables, child)? {
                    *times += 1;
                    moved.insert(child);
                }
            }
        }
    }
    Ok(())
}

/// Finds the scope of every record anew, parents' tables first.
pub(super) fn renew(c: &Connection, tables: &Tables) -> Result<(), HubError> {
    for table in 0..tables.schema.tables().len() {
        let mut moved = Vec::new();
        for id in records::ids(c, &tables.sql(table).scan, &[&0, &[0_u8; 16], &i64::MAX])? {
            if move_one(c, tables, (table, id))? {
                moved.push((table, id));
            }
        }
        follow(c, tables, moved)?;
    }
    Ok(())
}

/// Stores a record under the scope that its parents have now. Whether that is another than before.
fn move_one(c: &Connection, tables: &Tables, key: Key) -> Result<bool, HubError> {
    let Some(record) = records::load(c, tables, key)? else { return Ok(false) };
    let one = [(key, record)];
    let scope = Scopes::new(c, tables, &one).of(key)?;
    let moves = records::scope(c, tables, key)? != Some(scope);
    if moves {
        Saving::new(c, tables).version(key, &one[0].1, scope)?;
    }
    Ok(moves)
}
