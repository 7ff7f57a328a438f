//! The log: one table for all of a domain's, in the order of their writes. Its columns, and its statements.

use crate::domain::Domain;
use crate::sqlite::run_script;
use crate::store::error::{OpenError, StoreError};
use crate::store::values::mask_count;
use rusqlite::Connection;
use std::collections::HashSet;

/// Its name.
pub(in crate::store) const LOG: &str = "windrow_log";

/// What is there however wide it is. `number`: the order of writes. `at`: the device's clock, in milliseconds since 1970; the
/// stamp follows from it and from what is before. `operation`: as [`super::op`] numbers them.
const HEAD: &str = "CREATE TABLE windrow_log (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  \"table\" TEXT NOT NULL,
  operation INTEGER NOT NULL,
  record BLOB NOT NULL,
  base INTEGER NOT NULL";

/// The statement that makes the log of tables that have at most so many fields: a mask for each 63 of them, and a column for
/// each value, by position.
pub fn log_table(fields: usize) -> String {
    let columns: String = columns(fields).map(|(name, kind)| format!(",\n  {name} {kind}")).collect();
    format!("{HEAD}{columns}\n) STRICT")
}

fn columns(fields: usize) -> impl Iterator<Item = (String, &'static str)> {
    let masks = (0..mask_count(fields)).map(|m| (format!("mask{m}"), "INTEGER NOT NULL DEFAULT 0"));
    masks.chain((0..fields).map(|v| (format!("value{v}"), "ANY")))
}

/// The columns of a table, in order. By the pragma itself: a domain may have a table of the name of its function.
pub(in crate::store) fn columns_of(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut names = Vec::new();
    conn.pragma(None, "table_info", table, |row| {
        names.push(row.get("name")?);
        Ok(())
    })?;
    Ok(names)
}

/// How many fields the widest table of a domain has, now or in an earlier version.
fn width(domain: &Domain) -> usize {
    let now = domain.tables.iter().map(|table| &table.model);
    let earlier = domain.earlier.iter().flat_map(|earlier| earlier.model.tables);
    now.chain(earlier).map(|table| table.fields.len()).max().unwrap_or_default()
}

/// The statements of a log.
#[derive(Debug)]
pub(in crate::store) struct LogSql {
    /// How many values it has room for.
    pub(in crate::store) values: usize,
    pub(in crate::store) create: String,
    /// What is behind the number `?1`: `number, at, "table", operation, record, base, masks, values`.
    pub(super) read: String,
    /// Appends `(?1 at, ?2 "table", ?3 operation, ?4 record, ?5 base, ?6.. masks, values)`.
    pub(super) append: String,
    /// Overwrites what the entry `?1 number` says: `?2.. masks, values`.
    pub(super) rewrite: String,
    /// Lets the entry `?1 number` say nothing. It keeps its place: the stamps of later ones depend on it.
    pub(super) blank: String,
}

impl LogSql {
    pub(in crate::store) fn of(domain: &Domain) -> LogSql {
        let values = width(domain);
        let names: Vec<String> = columns(values).map(|(name, _)| name).collect();
        let list = names.join(", ");
        let parameters = |from: usize, count: usize| -> String {
            (from..from + count).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ")
        };
        let set = |value: &dyn Fn(usize) -> String| -> String {
            let set = names.iter().enumerate().map(|(at, name)| format!("{name} = {}", value(at)));
            set.collect::<Vec<_>>().join(", ")
        };
        let nothing = |at: usize| if at < mask_count(values) { "0".to_owned() } else { "NULL".to_owned() };
        LogSql {
            values,
            create: log_table(values),
            read: format!(
                "SELECT number, at, \"table\", operation, record, base, {list} FROM windrow_log WHERE number > ?1 ORDER BY number"
            ),
            append: format!(
                "INSERT INTO windrow_log (at, \"table\", operation, record, base, {list}) VALUES ({})",
                parameters(1, 5 + names.len())
            ),
            rewrite: format!("UPDATE windrow_log SET {} WHERE number = ?1", set(&|at| format!("?{}", at + 2))),
            blank: format!("UPDATE windrow_log SET operation = 0, {} WHERE number = ?1", set(&nothing)),
        }
    }

    /// Makes a file's log as wide as this one; of a file that has none nothing is said here. Migrations move values, and
    /// add no columns.
    pub(in crate::store) fn fit(&self, conn: &Connection) -> Result<(), StoreError> {
        let has = self.found(conn)?;
        let lacks = columns(self.values).filter(|(name, _)| !has.is_empty() && !has.contains(name));
        for (name, kind) in lacks {
            run_script(conn, &format!("ALTER TABLE windrow_log ADD COLUMN {name} {kind}"))?;
        }
        Ok(())
    }

    /// Whether a log that stands there as `sql` is one: what its tables once had more than now may have left columns.
    pub(in crate::store) fn check(&self, conn: &Connection, sql: &str) -> Result<(), StoreError> {
        let has = self.found(conn)?;
        let room = columns(has.len()).map(|(name, _)| name).collect::<HashSet<_>>();
        let ours = |name: &String| HEAD.contains(&format!("  {name} ")) || name == "table" || room.contains(name);
        let whole = columns(self.values).all(|(name, _)| has.contains(&name)) && has.iter().all(ours);
        if sql.starts_with(HEAD) && whole {
            return Ok(());
        }
        let (declared, found) = (self.create.clone(), sql.to_owned());
        Err(OpenError::Altered { table: LOG.to_owned(), declared, found }.into())
    }

    fn found(&self, conn: &Connection) -> rusqlite::Result<HashSet<String>> {
        Ok(columns_of(conn, LOG)?.into_iter().collect())
    }
}
