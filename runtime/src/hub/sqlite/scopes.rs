//! The scope of each record: the root that it hangs on.
//!
//! A record of a table that roots a scope is its own; any other has the scope of the first of its parents that has one, in
//! order of fields; without such a parent it is for everybody.

use super::records;
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
    /// What is known already. A record under way counts as having none, so that records that hang on each other in a
    /// circle come to an end.
    known: BTreeMap<Key, Option<RecordId>>,
}

impl<'a> Scopes<'a> {
    pub(super) fn new(c: &'a Connection, tables: &'a Tables, changed: &'a [(Key, Record)]) -> Scopes<'a> {
        let changed = changed.iter().map(|(key, record)| (*key, record)).collect();
        Scopes { c, tables, changed, known: BTreeMap::new() }
    }

    /// The scope of a record.
    pub(super) fn of(&mut self, key: Key) -> Result<Option<RecordId>, HubError> {
        if let Some(scope) = self.known.get(&key) {
            return Ok(*scope);
        }
        self.known.insert(key, None);
        let scope = match self.changed.get(&key).copied() {
            None => records::scope(self.c, self.tables, key)?.flatten(),
            Some(record) => self.derive(key, record)?,
        };
        self.known.insert(key, scope);
        Ok(scope)
    }

    fn derive(&mut self, (table, id): Key, record: &Record) -> Result<Option<RecordId>, HubError> {
        let tables = self.tables;
        if tables.schema.table(table).scope {
            return Ok(Some(id));
        }
        for edge in tables.schema.parents(table) {
            let Some(parent) = record.reference(edge.field) else { continue };
            if let Some(scope) = self.of((edge.parent, parent))? {
                return Ok(Some(scope));
            }
        }
        Ok(None)
    }
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

/// Stores a record under the scope that its parents have now. Whether that is another than before.
fn move_one(c: &Connection, tables: &Tables, key: Key) -> Result<bool, HubError> {
    let Some(record) = records::load(c, tables, key)? else { return Ok(false) };
    let one = [(key, record)];
    let scope = Scopes::new(c, tables, &one).of(key)?;
    let moves = records::scope(c, tables, key)? != Some(scope);
    if moves {
        records::save_version(c, tables, key, &one[0].1, scope)?;
    }
    Ok(moves)
}
