//! The SQL of a world's tables, and what a file shows of them beside what it should.

use super::Fault;
use super::schema::Schema;
use crate::oracle::{Id, View};
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
    /// `id` and all fields, in order of ids.
    pub select: String,
    /// All fields.
    pub insert: String,
    /// By id.
    pub delete: String,
    /// Stamp, operation, record and fields of all after stamp 1.
    pub log: String,
    name: String,
    columns: Vec<(&'static str, String)>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Statements {
    /// Those of these tables.
    pub fn new(schema: &Schema) -> Statements {
        let table = |t: &crate::oracle::schema::Table| {
            let columns: Vec<_> = t.fields.iter().map(|f| (f.name, quoted(f.name))).collect();
            let names = columns.iter().map(|(_, c)| format!(", {c}")).collect::<String>();
            let marks: String = (0..columns.len()).map(|i| format!(", ?{}", i + 2)).collect();
            let (name, log) = (quoted(t.name), quoted(&format!("windrow_log_{}", t.name)));
            Table {
                select: format!("SELECT id{names} FROM {name} ORDER BY id"),
                insert: format!("INSERT INTO {name} (id{names}) VALUES (?1{marks})"),
                delete: format!("DELETE FROM {name} WHERE id = ?1"),
                log: format!(
                    "SELECT windrow_hlc, windrow_op, windrow_id, windrow_mask0 FROM {log} WHERE windrow_hlc > ?1"
                ),
                name,
                columns,
            }
        };
        Statements { tables: schema.plain.tables().iter().map(table).collect() }
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
    for (at, table) in of.tables.iter().enumerate() {
        one_differs(conn, schema, at, &table.select, expected)?;
    }
    Ok(())
}

fn one_differs(conn: &Connection, schema: &Schema, at: usize, sql: &str, expected: &View) -> Result<(), Fault> {
    let say = |e: windrow::rusqlite::Error| e.to_string();
    let (table, specs) = (&schema.plain.tables()[at], &schema.tables[at].fields);
    let mut expected = expected[table.name].iter();
    let mut statement = conn.prepare_cached(sql).map_err(say)?;
    let mut rows = statement.query([]).map_err(say)?;
    while let Some(row) = rows.next().map_err(say)? {
        let shown: [u8; 16] = row.get(0).map_err(say)?;
        let id = Id::from_be_bytes(shown);
        let (wanted, values) = expected.next().ok_or_else(|| format!("{} {id:032x} is too much", table.name))?;
        if *wanted != id {
            let what = if *wanted < id { ("misses", *wanted) } else { ("has too much:", id) };
            return Err(format!("{} {} {:032x}", table.name, what.0, what.1));
        }
        for (f, (field, spec)) in table.fields.iter().zip(specs).enumerate() {
            let shown = row.get_ref(f + 1).map_err(say)?;
            if !spec.ty.is(shown, values[field.name]) {
                let shown = described(shown);
                let wanted = values[field.name];
                return Err(format!("{} {id:032x}: {:?} is {shown}, not {wanted:?}", table.name, field.name));
            }
        }
    }
    match expected.next() {
        None => Ok(()),
        Some((id, _)) => Err(format!("{} misses {id:032x}", table.name)),
    }
}

fn described(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        other => format!("{other:?}"),
    }
}
