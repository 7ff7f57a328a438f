//! What plain SQLite takes to write what a hub keeps of an upload: rows, versions and history with their indexes, byte for byte,
//! under the hub's pragmas, in as many transactions as there were commits. No merging, no network, nothing decoded: a hub that keeps
//! all this in these tables takes more.

use crate::figures::Failure;
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, params_from_iter};

/// The tables, and which of their columns is the record's id.
const TABLES: [(&str, &str); 3] = [("windrow_history", "record"), ("visit", "id"), ("windrow_versions_visit", "id")];

type Row = Vec<Value>;

/// The milliseconds that it takes to write to `new` what `hub` holds.
pub(super) fn written_anew(hub: &Path, new: &Path) -> Result<f64, Failure> {
    let (from, mut to) = (Connection::open(hub)?, Connection::open(new)?);
    to.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -98304; PRAGMA wal_autocheckpoint = 16384;",
    )?;
    let mut inserts = Vec::new();
    for (table, _) in TABLES {
        let made = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC";
        for sql in from.prepare(made)?.query_map([table], |row| row.get::<_, String>(0))? {
            to.execute_batch(&sql?)?;
        }
        let columns = from.prepare(&format!("SELECT * FROM {table}"))?.column_count();
        inserts.push(format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(", ")));
    }
    let records = records(&from)?;
    let start = Instant::now();
    for commit in records.chunk_by(|one, other| one.0 == other.0) {
        let transaction = to.transaction()?;
        for (_, rows) in commit {
            for (sql, row) in inserts.iter().zip(rows) {
                transaction.prepare_cached(sql)?.execute(params_from_iter(row))?;
            }
        }
        transaction.commit()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// Each record's rows, with its commit, in the order in which the hub wrote them.
fn records(from: &Connection) -> Result<Vec<(i64, [Row; 3])>, Failure> {
    let [history, visits, versions] = TABLES.map(|(table, id)| all(from, table, id));
    let (mut visits, mut versions) = (by_id(visits?), by_id(versions?));
    let mut records = Vec::new();
    for (id, seq, line) in history? {
        let (visit, version) =
            visits.remove(&id).zip(versions.remove(&id)).ok_or("a line of a record that is not there")?;
        records.push((seq, [line, visit, version]));
    }
    Ok(records)
}

fn by_id(rows: Vec<(Vec<u8>, i64, Row)>) -> HashMap<Vec<u8>, Row> {
    rows.into_iter().map(|(id, _, row)| (id, row)).collect()
}

/// All rows of a table, with ids and, of history, seqs.
fn all(from: &Connection, table: &str, id: &str) -> Result<Vec<(Vec<u8>, i64, Row)>, Failure> {
    let (seq, order) = if table == "windrow_history" { ("seq", "number") } else { ("0", "id") };
    let mut query = from.prepare(&format!("SELECT {id}, {seq}, * FROM {table} ORDER BY {order}"))?;
    let columns = query.column_count();
    let rows = query.query_map([], |row| {
        let values = (2..columns).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        Ok((row.get(0)?, row.get(1)?, values))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
