//! What a file holds.

use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, params_from_iter};
use windrow_schema::lock::{Literal, Table};
use windrow_schema::sql::quoted;

use crate::pair::Kept;

/// What makes the file, as SQLite keeps it: what data is in and what finds it; triggers and views are made by opening.
pub(crate) fn objects(conn: &Connection) -> Vec<(String, String)> {
    all(conn, "type IN ('table', 'index')")
}

/// All that makes the file.
pub(crate) fn everything(conn: &Connection) -> Vec<(String, String)> {
    all(conn, "1")
}

/// The text that made something; of the log its columns, which are added as they are needed.
const MADE: &str = "iif(name <> 'windrow_log', sql, (
  SELECT group_concat(line, ', ') FROM (
    SELECT concat_ws(' ', name, type, \"notnull\", dflt_value, pk) AS line FROM pragma_table_info('windrow_log') ORDER BY name
  )
))";

fn all(conn: &Connection, which: &str) -> Vec<(String, String)> {
    let sql = format!("SELECT name, {MADE} FROM sqlite_schema WHERE sql IS NOT NULL AND {which} ORDER BY name, type");
    let mut query = conn.prepare(&sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Whether the file is whole, and its references lead somewhere.
pub(crate) fn sound(conn: &Connection, seed: u64) {
    let broken: i64 = conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| r.get(0)).unwrap();
    assert_eq!(broken, 0, "seed {seed}: references lead nowhere");
    let sound: String = conn.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(sound, "ok", "seed {seed}");
}

/// The rows of a table, ids first, by id.
pub(crate) fn rows(conn: &Connection, table: &Table) -> Vec<Vec<Value>> {
    let columns: String = table.columns.iter().map(|c| format!(", {}", quoted(&c.name))).collect();
    read(conn, &format!("SELECT \"id\"{columns} FROM {} ORDER BY \"id\"", quoted(&table.name)))
}

/// All that a query says.
pub(crate) fn read(conn: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut query = conn.prepare(sql).unwrap_or_else(|e| panic!("{e}: {sql}"));
    let count = query.column_count();
    let row = |row: &windrow::rusqlite::Row<'_>| (0..count).map(|at| row.get(at)).collect();
    let rows = query.query_map(params_from_iter::<[i64; 0]>([]), row).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What a row of before is to be now.
pub(crate) fn expected(kept: &Kept<'_>, row: &[Value]) -> Vec<Value> {
    let id = row[0].clone();
    std::iter::once(id).chain(fields(kept, &row[1..])).collect()
}

/// What all fields of a record are to be now.
pub(crate) fn fields(kept: &Kept<'_>, values: &[Value]) -> Vec<Value> {
    let value = |(column, from): (&windrow_schema::lock::Column, Option<usize>)| {
        let default = column.default.as_ref().map_or(Value::Null, literal);
        match from {
            None => default,
            Some(from) if values[from] == Value::Null && !column.nullable => default,
            Some(from) => values[from].clone(),
        }
    };
    kept.columns().map(value).collect()
}

/// A default as a value.
pub(crate) fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Integer(n) => Value::Integer(*n),
        Literal::Real(x) => Value::Real(*x),
        Literal::Text(text) => Value::Text(text.clone()),
        Literal::Blob(bytes) => Value::Blob(bytes.clone()),
    }
}
