//! What plain SQLite takes to write what a hub keeps of an upload: rows, versions and history with their indexes, byte for byte,
//! under the hub's pragmas, in as many transactions as there were commits. No merging, no network, nothing decoded: a hub that keeps
//! all this in these tables takes more. And the same in as few tables as could be: a record's version in its row, and lines of history that
//! nothing finds by their record.

use super::plain::PRAGMAS;
use crate::figures::Failure;
use std::path::Path;
use std::time::Instant;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, params_from_iter};

/// The tables, and which of their columns is the record's id. Of new records each has one row in each.
const TABLES: [(&str, &str); 3] = [("windrow_history", "record"), ("visit", "id"), ("windrow_versions_visit", "id")];

type Row = Vec<Value>;

/// The commit of a record, and its rows.
type Record = (i64, Vec<Row>);

/// How a hub keeps records.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    /// As it does.
    AsItDoes,
    /// In as few tables and indexes as tell a device its news, and a supervisor what happened.
    InLeast,
}

/// The milliseconds that it takes to write to `new` what `hub` holds.
pub(super) fn written_anew(kept: Kept, hub: &Path, new: &Path) -> Result<f64, Failure> {
    let (from, mut to) = (Connection::open(hub)?, Connection::open(new)?);
    to.execute_batch(PRAGMAS)?;
    // As a hub has it.
    to.pragma_update(None, "wal_autocheckpoint", 16 << 10)?;
    let records = records(&from)?;
    let (records, inserts) = match kept {
        Kept::AsItDoes => (records, as_it_does(&from, &to)?),
        Kept::InLeast => (records.into_iter().map(joined).collect(), in_least(&from, &to)?),
    };
    let start = Instant::now();
    for commit in records.chunk_by(|(one, _), (other, _)| one == other) {
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

/// Makes the hub's own tables and indexes. What writes a record's rows.
fn as_it_does(from: &Connection, to: &Connection) -> Result<Vec<String>, Failure> {
    let mut inserts = Vec::new();
    for (table, _) in TABLES {
        let made = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC";
        for sql in from.prepare(made)?.query_map([table], |row| row.get::<_, String>(0))? {
            to.execute_batch(&sql?)?;
        }
        inserts.push(insert(table, columns(from, table)?));
    }
    Ok(inserts)
}

/// Makes a table of history, and one of rows that hold their versions. What writes a record's line and row.
fn in_least(from: &Connection, to: &Connection) -> Result<Vec<String>, Failure> {
    let [lines, fields, versions] = TABLES.map(|(table, _)| columns(from, table));
    let (lines, row) = (lines?, fields? + versions? - 1);
    let names = |columns: usize| (1..columns).map(|n| format!("c{n} ANY")).collect::<Vec<_>>().join(", ");
    to.execute_batch(&format!(
        "CREATE TABLE lines (number INTEGER NOT NULL PRIMARY KEY, {}) STRICT;
         CREATE TABLE kept (id BLOB NOT NULL PRIMARY KEY, {}) STRICT, WITHOUT ROWID;
         CREATE INDEX kept_seq ON kept (c2, id)",
        names(lines),
        names(row)
    ))?;
    Ok(vec![insert("lines", lines), insert("kept", row)])
}

fn columns(from: &Connection, table: &str) -> Result<usize, Failure> {
    Ok(from.prepare(&format!("SELECT * FROM {table}"))?.column_count())
}

fn insert(table: &str, columns: usize) -> String {
    format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(", "))
}

/// A record's line, and its version with the fields behind in one row.
fn joined((seq, rows): Record) -> Record {
    let mut rows = rows.into_iter();
    let (line, fields, mut row) = (rows.next(), rows.next(), rows.next().unwrap_or_default());
    row.extend(fields.into_iter().flatten().skip(1));
    (seq, line.into_iter().chain([row]).collect())
}

/// The commit of each record, and its rows, in the order in which the hub wrote them.
fn records(from: &Connection) -> Result<Vec<Record>, Failure> {
    let mut query = from.prepare("SELECT seq FROM windrow_history ORDER BY number")?;
    let seqs: Vec<i64> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let [lines, visits, versions] = TABLES.map(|(table, id)| rows(from, table, id));
    let (lines, visits, versions) = (lines?, visits?, versions?);
    if [&lines, &visits, &versions].iter().any(|rows| rows.len() != seqs.len()) {
        return Err("the hub has not one row of each kind for each record".into());
    }
    let rows = lines.into_iter().zip(visits).zip(versions).map(|((line, visit), version)| vec![line, visit, version]);
    Ok(seqs.into_iter().zip(rows).collect())
}

/// A table's rows in the order of history.
fn rows(from: &Connection, table: &str, id: &str) -> Result<Vec<Row>, Failure> {
    let sql = format!(
        "SELECT kept.* FROM windrow_history AS line JOIN {table} AS kept ON kept.{id} = line.record ORDER BY line.number"
    );
    let mut query = from.prepare(&sql)?;
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}
