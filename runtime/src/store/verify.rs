//! Whether the tables here are equal to the hub's.

use super::error::StoreError;
use super::plan::Plan;
use super::values::{fields_of, id_of};
use super::{Store, recovery};
use crate::clock;
use crate::sqlite::Repeated;
use rusqlite::Connection;
use windrow_protocol::digest::TableDigest;
use windrow_protocol::model::TableIx;

impl Store {
    /// Asks the hub, in the next session that has nothing left to send, whether all tables are equal to its own. A table
    /// that is not is told whole, which mends it. [`Status::verified`](crate::store::Status) says when all were last found
    /// equal.
    ///
    /// The hub reads all of its tables for this: ask daily, not at every session.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.transaction(|tx| Ok(tx.connection().run("UPDATE windrow_device SET verify = 1", []).map(|_| ())?))
    }
}

/// Whether the next pull is to ask.
pub(super) fn is_asked(conn: &Connection) -> rusqlite::Result<bool> {
    conn.one("SELECT verify FROM windrow_device", [], |row| row.get(0))
}

/// Holds the tables against the hub's, nothing being pending. Whether the hub must tell more: a table that differs and was
/// not told whole just now.
pub(super) fn compare(
    conn: &Connection,
    plan: &Plan,
    hub: &[TableDigest],
    told_whole: impl Fn(TableIx) -> bool,
) -> Result<bool, StoreError> {
    let mut differ = Vec::new();
    for table in plan.tables() {
        if hub.get(table) != Some(&digest(conn, plan, table)?) {
            differ.push(table);
        }
    }
    if differ.is_empty() {
        conn.run("UPDATE windrow_device SET verify = 0, verified = ?1", [clock::now_ms()])?;
        return Ok(false);
    }
    let names: Vec<&str> = differ.iter().map(|table| plan.table(*table).name).collect();
    tracing::warn!(tables = names.join(", "), "tables here differ from the hub's");
    conn.run("UPDATE windrow_device SET differed = ?1", [clock::now_ms()])?;
    let again = differ.iter().any(|table| !told_whole(*table));
    if again {
        differ.iter().try_for_each(|table| recovery::want_whole(conn, plan, *table))?;
    } else {
        // Told whole, and still not equal: no pull mends that. The status says so.
        conn.run("UPDATE windrow_device SET verify = 0", [])?;
    }
    Ok(again)
}

fn digest(conn: &Connection, plan: &Plan, table: TableIx) -> Result<TableDigest, StoreError> {
    let mut digest = TableDigest::default();
    let mut query = conn.prepare_cached(&plan.sql(table).select)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let id = id_of(row, 0)?;
        digest.add(id, &fields_of(row, 1, plan.table(table), id)?);
    }
    Ok(digest)
}
