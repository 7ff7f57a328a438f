//! What tables hold, byte for byte.

use super::Fault;
use super::schema::Schema;
use std::collections::BTreeMap;
use windrow::rusqlite::types::ValueRef;
use windrow::rusqlite::{Connection, Row};

/// A value as SQLite stores it. Reals are compared by their bits, and a text may be none in UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(u64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Null => write!(f, "NULL"),
            Cell::Integer(n) => write!(f, "{n}"),
            Cell::Real(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Cell::Text(text) => write!(f, "'{}'", text.escape_ascii()),
            Cell::Blob(bytes) => match &bytes[..] {
                [0, .., last] if bytes.len() == 16 => write!(f, "#{last}"),
                _ => write!(f, "x'{}'", bytes.iter().take(20).map(|b| format!("{b:02x}")).collect::<String>()),
            },
        }
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Cell {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(n) => Cell::Integer(n),
            ValueRef::Real(x) => Cell::Real(x.to_bits()),
            ValueRef::Text(text) => Cell::Text(text.to_vec()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
        }
    }
}

impl Cell {
    /// The integer that it is.
    pub(super) fn integer(&self) -> Result<i64, Fault> {
        match self {
            Cell::Integer(n) => Ok(*n),
            other => Err(format!("{other:?} where an integer stands")),
        }
    }
}

/// A table: its rows by their ids.
pub(super) type Rows = BTreeMap<Cell, Vec<Cell>>;

/// All synced tables, in the schema's order.
pub(super) type Tables = Vec<Rows>;

/// All cells of a row.
pub(super) fn cells(row: &Row<'_>, count: usize) -> Result<Vec<Cell>, Fault> {
    (0..count).map(|i| row.get_ref(i).map(Cell::from).map_err(|e| e.to_string())).collect()
}

/// The rows of a query.
pub(super) fn query(conn: &Connection, sql: &str, parameters: &[i64]) -> Result<Vec<Vec<Cell>>, Fault> {
    let fault = |e| format!("{e}: {sql}");
    let mut statement = conn.prepare_cached(sql).map_err(fault)?;
    let count = statement.column_count();
    let mut rows = statement.query(windrow::rusqlite::params_from_iter(parameters)).map_err(fault)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        all.push(cells(row, count)?);
    }
    Ok(all)
}

/// What all synced tables hold.
pub(super) fn tables(conn: &Connection, schema: &Schema) -> Result<Tables, Fault> {
    let table = |sql: &String| {
        let rows = query(conn, sql, &[])?.into_iter();
        Ok(rows.map(|mut row| (row.remove(0), row)).collect())
    };
    schema.selects.iter().map(table).collect()
}
