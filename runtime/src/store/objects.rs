//! Tables, indexes, triggers and views of ours: created where they are missing, compared with what the file has.

use super::error::{OpenError, StoreError};
use super::log::{LOG, LogSql};
use super::plan::{Plan, join};
use super::system;
use super::warning::Warning;
use crate::domain::{Domain, Table};
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap, HashSet};
use windrow_protocol::message::Digest;
use windrow_protocol::model::{OnDelete, Schema, TableIx};

/// Something that this program wants in the file.
#[derive(Debug)]
pub(super) struct Wanted {
    name: String,
    sql: String,
    /// Of which kind, as in `sqlite_schema.type`.
    kind: &'static str,
    /// The synced table whose trigger it is.
    fires_on: Option<&'static str>,
}

impl Wanted {
    fn new(name: &str, sql: String) -> Wanted {
        let begins = |word: &str| sql.trim_start().to_ascii_uppercase().starts_with(word);
        let kind = match () {
            () if begins("CREATE TABLE") => "table",
            () if begins("CREATE TRIGGER") => "trigger",
            () if begins("CREATE VIEW") => "view",
            () => "index",
        };
        Wanted { name: name.to_owned(), sql, kind, fires_on: None }
    }

    fn drop(&self) -> String {
        format!("DROP {} {}", self.kind, quoted(&self.name))
    }
}

/// A name as an identifier, whatever it contains.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Something that the file has.
pub(super) struct Found {
    /// Its place in `sqlite_schema`: the greater, the newer.
    pub(super) rowid: i64,
    pub(super) kind: String,
    pub(super) name: String,
    /// The table that it belongs to.
    pub(super) table: String,
    pub(super) sql: String,
}

/// All that the file has, but what SQLite made by itself.
fn found(conn: &Connection) -> rusqlite::Result<Vec<Found>> {
    let mut query = conn.prepare("SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let rows = query.query_map([], |row| {
        Ok(Found { rowid: row.get(0)?, kind: row.get(1)?, name: row.get(2)?, table: row.get(3)?, sql: row.get(4)? })
    })?;
    rows.collect()
}

/// Creates everything.
pub(super) fn create(conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
    plan.objects().iter().try_for_each(|object| conn.execute_batch(&object.sql))
}

/// Names all that this program wants in a file, and the domain it is for.
pub(super) fn digest(plan: &Plan) -> Digest {
    let mut all = plan.schema.digest().to_vec();
    plan.objects().iter().for_each(|object| all.extend(object.sql.bytes()));
    Digest::of(&all)
}

/// Compares what the file has with what this program wants, and mends what can be mended.
///
/// `same_schema`: this program wants what the file was last opened with, so that whatever differs was changed in the file.
pub(super) fn verify(conn: &Connection, plan: &Plan, same_schema: bool) -> Result<Vec<Warning>, StoreError> {
    let named = |kind: &str, name: &str| (kind == "trigger", name.to_owned());
    let has: HashMap<_, Found> = found(conn)?.into_iter().map(|f| (named(&f.kind, &f.name), f)).collect();
    let mut warnings = Vec::new();
    for object in plan.objects() {
        // A trigger may have the name of a table: the notes of a table `note` are kept by such a one.
        match has.get(&named(object.kind, &object.name)) {
            Some(found) if found.sql == object.sql => {}
            Some(found) if object.name == LOG => plan.log.check(conn, &found.sql)?,
            Some(found) => warnings.extend(mend(conn, object, found, same_schema)?),
            None => warnings.extend(add(conn, object, same_schema)?),
        }
    }
    renew_older_triggers(conn, plan)?;
    Ok(warnings)
}

fn mend(conn: &Connection, object: &Wanted, found: &Found, same_schema: bool) -> Result<Option<Warning>, StoreError> {
    if object.kind == "table" || found.kind != object.kind {
        let (declared, found) = (object.sql.clone(), found.sql.clone());
        return Err(OpenError::Altered { table: object.name.clone(), declared, found }.into());
    }
    conn.execute_batch(&object.drop())?;
    conn.execute_batch(&object.sql)?;
    Ok(same_schema.then(|| Warning::Changed { kind: object.kind, name: object.name.clone() }))
}

fn add(conn: &Connection, object: &Wanted, same_schema: bool) -> Result<Option<Warning>, StoreError> {
    if object.kind == "table" && same_schema {
        return Err(OpenError::Dropped { table: object.name.clone() }.into());
    }
    conn.execute_batch(&object.sql)?;
    Ok(same_schema.then(|| Warning::Missing { kind: object.kind, name: object.name.clone() }))
}

/// AFTER triggers fire newest first. Where the application added one to a synced table, ours are created again, so that
/// what its trigger writes is logged after what set it off.
pub(super) fn renew_older_triggers(conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
    let wanted = plan.objects();
    let has: Vec<Found> = found(conn)?.into_iter().filter(|f| f.kind == "trigger").collect();
    let age = |trigger: &Wanted| has.iter().find(|f| f.name == trigger.name).map(|f| f.rowid);
    for table in wanted.iter().filter_map(|w| w.fires_on).collect::<BTreeSet<_>>() {
        let ours: Vec<&Wanted> = wanted.iter().filter(|w| w.fires_on == Some(table)).collect();
        let others = has.iter().filter(|f| f.table.eq_ignore_ascii_case(table));
        let newest = others.filter(|f| ours.iter().all(|w| w.name != f.name)).map(|f| f.rowid).max();
        // One that is missing counts as the oldest.
        if ours.iter().any(|trigger| age(trigger) < newest) {
            renew(conn, &ours)?;
        }
    }
    Ok(())
}

fn renew(conn: &Connection, triggers: &[&Wanted]) -> rusqlite::Result<()> {
    let drop = |name: &str| conn.execute_batch(&format!("DROP TRIGGER IF EXISTS {}", quoted(name)));
    triggers.iter().try_for_each(|t| drop(&t.name))?;
    triggers.iter().try_for_each(|t| conn.execute_batch(&t.sql))
}

/// Everything, in the order in which to create it.
pub(super) fn wanted(domain: &Domain, schema: &Schema, log: &LogSql) -> Vec<Wanted> {
    let system = system::SYSTEM_TABLES.iter().map(|(name, sql)| Wanted::new(name, (*sql).to_owned()));
    let log = Wanted::new(LOG, log.create.clone());
    let tables = domain.tables.iter().flat_map(|t| t.device.objects.iter());
    let tables = tables.map(|o| Wanted::new(o.name, join(o.sql)));
    let triggers = domain.tables.iter().enumerate().flat_map(|(at, table)| triggers(table, takes_along(schema, at)));
    system.chain([log]).chain(tables).chain([changelog(domain)]).chain(triggers).collect()
}

/// Whether a foreign key may act when a record of this table is deleted.
pub(super) fn takes_along(schema: &Schema, table: TableIx) -> bool {
    schema.children(table).iter().any(|edge| edge.on_delete != OnDelete::Restrict)
}

/// A table's triggers, and with them those who are leaving.
fn triggers(table: &'static Table, takes_along: bool) -> impl Iterator<Item = Wanted> {
    let leave = if takes_along { table.device.leave } else { &[] };
    table.device.triggers.iter().chain(leave).map(|o| {
        let object = Wanted::new(o.name, join(o.sql));
        let fires_on = (object.kind == "trigger").then_some(table.model.name);
        Wanted { fires_on, ..object }
    })
}

fn changelog(domain: &Domain) -> Wanted {
    let parts: Vec<String> = domain.tables.iter().map(|t| join(t.device.changelog)).collect();
    Wanted::new("windrow_changelog", changelog_view(&parts))
}

/// The view over the log, in order of stamps, from each table's part of it
/// ([`DeviceSql::changelog`](crate::domain::DeviceSql)).
///
/// The stamps are what reading entry by entry gives: `max(the clock before + 1, at << 15)` is the greatest, over all that is at or
/// before an entry, of what was at least so late there and the number of entries since. A noted place is behind its entry.
pub fn changelog_view(parts: &[String]) -> String {
    format!("CREATE VIEW windrow_changelog AS\n{STAMPED}\n{}\nORDER BY stamp", parts.join("\nUNION ALL\n"))
}

const STAMPED: &str = "WITH windrow_known (number, entry, clock) AS (
  SELECT 0, 0, 0
  UNION ALL SELECT number, 1, at << 15 FROM windrow_log
  UNION ALL SELECT number, 0, clock FROM windrow_clock
), windrow_counted AS (
  SELECT number, entry, clock, sum(entry) OVER (ORDER BY number, entry DESC ROWS UNBOUNDED PRECEDING) AS nth FROM windrow_known
), windrow_reached AS (
  SELECT number, entry, nth + max(clock - nth) OVER (ORDER BY number, entry DESC ROWS UNBOUNDED PRECEDING) AS stamp
  FROM windrow_counted
), windrow_stamps AS MATERIALIZED (
  SELECT number, stamp FROM windrow_reached WHERE entry
)";

/// Whether a trigger of this name is ours.
pub(super) fn is_trigger(plan: &Plan, name: &str) -> bool {
    plan.objects().iter().any(|w| w.kind == "trigger" && w.name == name)
}

/// Of what the file has, what is not ours.
pub(super) fn others(conn: &Connection, plan: &Plan) -> rusqlite::Result<Vec<Found>> {
    let ours: HashSet<&str> = plan.objects().iter().map(|w| w.name.as_str()).collect();
    Ok(found(conn)?.into_iter().filter(|f| !ours.contains(f.name.as_str())).collect())
}
