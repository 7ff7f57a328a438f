//! The SQL of a world's tables, and what a file shows of them beside what it should.

use super::Fault;
use super::schema::Schema;
use super::values::Type;
use crate::oracle::{Id, Row, View};
use std::collections::BTreeMap;
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::ValueRef;

/// The statements of all tables.
#[derive(Debug)]
pub struct Statements {
    /// In order of tables.
    pub tables: Vec<Table>,
}

/// The statements of a table. Parameter 1 is the id.
#[derive(Debug)]
pub struct Table {
    /// `id` and all fields in order of their names, in order of ids.
    select: String,
    /// All fields.
    pub insert: String,
    /// By id.
    pub delete: String,
    name: String,
    columns: Vec<(&'static str, String)>,
    /// The types of the fields in order of their names, as the oracle has them.
    shown: Vec<(&'static str, Type)>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Statements {
    /// Those of these tables.
    pub fn new(schema: &Schema) -> Statements {
        let table = |(t, spec): (&crate::oracle::schema::Table, &super::schema::Table)| {
            let both = || t.fields.iter().zip(&spec.fields);
            let columns: Vec<_> = both().map(|(f, of)| (f.name, quoted(of.called))).collect();
            let mut shown: Vec<_> = both().map(|(f, of)| (f.name, *of)).collect();
            shown.sort_unstable_by_key(|(field, _)| *field);
            let sorted = shown.iter().map(|(_, of)| format!(", {}", quoted(of.called))).collect::<String>();
            let shown = shown.into_iter().map(|(field, of)| (field, of.ty)).collect();
            let names = columns.iter().map(|(_, c)| format!(", {c}")).collect::<String>();
            let marks: String = (0..columns.len()).map(|i| format!(", ?{}", i + 2)).collect();
            let name = quoted(spec.called);
            Table {
                select: format!("SELECT id{sorted} FROM {name} ORDER BY id"),
                insert: format!("INSERT INTO {name} (id{names}) VALUES (?1{marks})"),
                delete: format!("DELETE FROM {name} WHERE id = ?1"),
                name,
                columns,
                shown,
            }
        };
        Statements { tables: schema.plain.tables().iter().zip(&schema.tables).map(table).collect() }
    }
}

impl Table {
    /// Where a field stands.
    pub fn position(&self, field: &str) -> usize {
        self.columns.iter().position(|(name, _)| *name == field).unwrap_or_default()
    }

    /// Sets these fields.
    pub fn update(&self, fields: &[usize]) -> String {
        let set: Vec<_> = fields.iter().zip(2..).map(|(f, i)| format!("{} = ?{i}", self.columns[*f].1)).collect();
        format!("UPDATE {} SET {} WHERE id = ?1", self.name, set.join(", "))
    }
}

/// Whether a file's tables show just this.
///
/// # Errors
/// The first difference.
pub fn differs(conn: &Connection, schema: &Schema, of: &Statements, expected: &View) -> Result<(), Fault> {
    let mut tables = schema.plain.tables().iter().zip(&of.tables);
    tables.try_for_each(|(table, of)| one_differs(conn, table.name, of, &expected[table.name]))
}

fn one_differs(conn: &Connection, table: &str, of: &Table, expected: &BTreeMap<Id, Row>) -> Result<(), Fault> {
    let say = |e: windrow::rusqlite::Error| e.to_string();
    let mut expected = expected.iter();
    let mut statement = conn.prepare_cached(&of.select).map_err(say)?;
    let mut rows = statement.query([]).map_err(say)?;
    while let Some(row) = rows.next().map_err(say)? {
        let shown: [u8; 16] = row.get(0).map_err(say)?;
        let id = Id::from_be_bytes(shown);
        let (wanted, values) = expected.next().ok_or_else(|| format!("{table} {id:032x} is too much"))?;
        if *wanted != id {
            let what = if *wanted < id { ("misses", *wanted) } else { ("has too much:", id) };
            return Err(format!("{table} {} {:032x}", what.0, what.1));
        }
        if values.len() != of.shown.len() {
            return Err(format!("{table} {id:032x}: the oracle has {values:?}"));
        }
        for (at, ((field, ty), (wanted, value))) in of.shown.iter().zip(values).enumerate() {
            let shown = row.get_ref(at + 1).map_err(say)?;
            if field != wanted || !ty.is(shown, *value) {
                let shown = described(shown);
                return Err(format!("{table} {id:032x}: {field:?} is {shown}, not {value:?}"));
            }
        }
    }
    match expected.next() {
        None => Ok(()),
        Some((id, _)) => Err(format!("{table} misses {id:032x}")),
    }
}

fn described(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        other => format!("{other:?}"),
    }
}
