//! What the file remembers while device and hub find their common past again: which records the hub does not know, which
//! entries another copy of the file has sent.

use super::error::StoreError;
use super::plan::Plan;
use super::values::{id_of, id_value};
use crate::sqlite::{Bound, Repeated};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use windrow_protocol::change::Key;
use windrow_protocol::clock::Hlc;
use windrow_protocol::model::TableIx;

/// The records that the hub said it does not know, and whether they may be offered: it has not refused that.
pub(super) fn missing(conn: &Connection, plan: &Plan) -> Result<BTreeMap<Key, bool>, StoreError> {
    let mut query = conn.prepare_cached("SELECT \"table\", record, refused FROM windrow_missing")?;
    let (mut rows, mut missing) = (query.query([])?, BTreeMap::new());
    while let Some(row) = rows.next()? {
        if let Some(table) = plan.schema.find(&row.get::<_, String>(0)?) {
            missing.insert((table, id_of(row, 1)?), !row.get::<_, bool>(2)?);
        }
    }
    Ok(missing)
}

/// Notes which records the hub does not know now. What it refused to be offered stays refused.
pub(super) fn set_missing(conn: &Connection, plan: &Plan, now: &[Key]) -> Result<(), StoreError> {
    let before = missing(conn, plan)?;
    conn.run("DELETE FROM windrow_missing", [])?;
    let mut add =
        conn.prepare_cached("INSERT INTO windrow_missing (\"table\", record, refused) VALUES (?1, ?2, ?3)")?;
    for key in now {
        let refused = before.get(key).is_some_and(|offered| !offered);
        add.execute(params![plan.name(*key), Bound(&id_value(key.1)), refused])?;
    }
    Ok(())
}

/// The hub has refused to be offered this record.
pub(super) fn refuse_offer(conn: &Connection, plan: &Plan, key: Key) -> rusqlite::Result<()> {
    let refuse = "UPDATE windrow_missing SET refused = 1 WHERE \"table\" = ?1 AND record = ?2";
    conn.run(refuse, params![plan.name(key), Bound(&id_value(key.1))]).map(|_| ())
}

/// The stamps of entries that another copy of the file has sent.
pub(super) fn passed(conn: &Connection) -> Result<BTreeSet<Hlc>, StoreError> {
    let mut query = conn.prepare_cached("SELECT hlc FROM windrow_passed")?;
    let stamps = query.query_map([], |row| Ok(Hlc::from_i64(row.get(0)?)))?;
    let stamps: Option<BTreeSet<Hlc>> = stamps.collect::<rusqlite::Result<_>>()?;
    stamps.ok_or_else(|| StoreError::Damaged("windrow_passed holds a negative stamp".into()))
}

/// Whether the file looks for its common past with the hub: records that the hub does not know, or what another copy has sent.
pub(super) fn seeks(conn: &Connection, plan: &Plan) -> Result<bool, StoreError> {
    Ok(!missing(conn, plan)?.is_empty() || !passed(conn)?.is_empty())
}

/// Notes which entries another copy of the file has sent.
pub(super) fn set_passed(conn: &Connection, stamps: &BTreeSet<Hlc>) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_passed", [])?;
    let mut add = conn.prepare_cached("INSERT INTO windrow_passed (hlc) VALUES (?1)")?;
    stamps.iter().try_for_each(|hlc| add.execute([hlc.to_i64()]).map(|_| ()))
}

/// A commit has said all that was to be said.
pub(super) fn committed(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_missing", [])?;
    conn.run("DELETE FROM windrow_passed", []).map(drop)
}

/// Whether nothing of this is under way, so that no entry of the log is needed for it.
pub(super) fn is_idle(conn: &Connection) -> rusqlite::Result<bool> {
    let idle = "SELECT NOT recovering AND NOT EXISTS (SELECT 1 FROM windrow_missing)
        AND NOT EXISTS (SELECT 1 FROM windrow_passed) FROM windrow_device";
    conn.one(idle, [], |row| row.get(0))
}

/// The tables of which the next pull is to tell all that lives.
pub(super) fn whole(conn: &Connection, plan: &Plan, recovering: bool) -> Result<Vec<TableIx>, StoreError> {
    if recovering {
        return Ok(plan.tables().collect());
    }
    let mut query = conn.prepare_cached("SELECT \"table\" FROM windrow_whole")?;
    let names = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut tables: Vec<TableIx> = names.iter().filter_map(|name| plan.schema.find(name)).collect();
    tables.sort_unstable();
    Ok(tables)
}

/// Wants all that lives of a table.
pub(super) fn want_whole(conn: &Connection, plan: &Plan, table: TableIx) -> rusqlite::Result<()> {
    let add = "INSERT OR IGNORE INTO windrow_whole (\"table\") VALUES (?1)";
    conn.run(add, [plan.table(table).name]).map(|_| ())
}

/// All that the hub has is applied.
pub(super) fn recovered(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_whole", [])?;
    conn.run("UPDATE windrow_device SET recovering = 0, brake = 0", []).map(drop)
}
