//! References around what an answer touched. What dangled before, elsewhere, is not its business.

use crate::sqlite::Bound;
use crate::store::error::StoreError;
use crate::store::plan::Plan;
use crate::store::values::{id_value, ids};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use windrow_protocol::change::Key;
use windrow_protocol::model::{Edge, FieldIx};
use windrow_protocol::value::Value;

/// What an answer touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// References that the hub gave: whose, by which field, to what.
    named: BTreeMap<(Key, FieldIx), Key>,
    /// Records that were removed.
    removed: BTreeSet<Key>,
}

impl Touched {
    /// The hub gave this field this value.
    pub(super) fn told(&mut self, plan: &Plan, key: Key, field: FieldIx, value: &Value) {
        let Some(edge) = plan.schema.parents(key.0).iter().find(|e| e.field == field) else { return };
        match value {
            Value::Blob(id) => {
                let parent = windrow_protocol::id::RecordId::from_slice(id);
                self.named.extend(parent.map(|id| ((key, field), (edge.parent, id))));
            }
            _ => {
                self.named.remove(&(key, field));
            }
        }
    }

    /// This record is here.
    pub(super) fn kept(&mut self, key: Key) {
        self.removed.remove(&key);
    }

    /// This record was here and is not any more.
    pub(super) fn removed(&mut self, plan: &Plan, key: Key) {
        self.removed.insert(key);
        for edge in plan.schema.parents(key.0) {
            self.named.remove(&(key, edge.field));
        }
    }

    /// What refers to a record that was removed, and of which the hub says nothing: by which reference.
    pub(super) fn left(&self, conn: &Connection, plan: &Plan) -> Result<Vec<(Key, Edge)>, StoreError> {
        let mut left = Vec::new();
        for removed in &self.removed {
            for (edge, referring) in plan.referring(removed.0) {
                let below = ids(conn, referring, &[id_value(removed.1)])?.into_iter().map(|id| (edge.child, id));
                left.extend(below.filter(|key| !self.named.contains_key(&(*key, edge.field))).map(|key| (key, *edge)));
            }
        }
        Ok(left)
    }

    /// Whether a reference dangles now: one that the hub gave, or one to what it removed.
    pub(super) fn dangles(&self, conn: &Connection, plan: &Plan) -> Result<bool, StoreError> {
        for parent in self.named.values().collect::<BTreeSet<_>>() {
            if !finds(conn, &plan.sql(parent.0).by_id, *parent)? {
                return Ok(true);
            }
        }
        for removed in &self.removed {
            for (_, referring) in plan.referring(removed.0) {
                if finds(conn, referring, *removed)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn finds(conn: &Connection, sql: &str, key: Key) -> rusqlite::Result<bool> {
    conn.prepare_cached(sql)?.exists([Bound(&id_value(key.1))])
}
