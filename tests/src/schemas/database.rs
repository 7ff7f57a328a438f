//! A device's or hub's database, made of the statements alone, as opening a file makes it.

use super::Fault;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, OpenFlags, Params};
use windrow::{hub, store};
use windrow_schema::Declared;
use windrow_schema::sql::migrate::Script;
use windrow_schema::sql::{Device, Hub, Object};

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A device's.
    Device,
    /// A hub's.
    Hub,
}

/// Our own tables, which come first.
fn system(of: Of) -> Vec<String> {
    match of {
        Of::Device => store::SYSTEM_TABLES.iter().map(|(_, sql)| (*sql).to_owned()).collect(),
        Of::Hub => vec![hub::SYSTEM_TABLES.trim().trim_end_matches(';').to_owned()],
    }
}

/// What a model adds to them, in the order in which to make it.
fn objects(of: Of, declared: &Declared) -> Vec<String> {
    let text = |object: &Object| declared.render(&object.sql);
    let models = declared.domain.models();
    if of == Of::Hub {
        return models.iter().flat_map(|m| Hub::of(m).objects).map(|o| text(&o)).collect();
    }
    let (mut all, mut parts, mut triggers) = (vec![log(declared)], Vec::new(), Vec::new());
    for model in models {
        let device = Device::of(model);
        all.extend(device.objects.iter().map(text));
        parts.push(declared.render(&device.changelog));
        let leave = if declared.domain.takes_along(model) { &device.leave[..] } else { &[] };
        triggers.extend(device.triggers.iter().chain(leave).map(text));
    }
    all.push(store::changelog_view(&parts));
    all.into_iter().chain(triggers).collect()
}

/// The log, which is one for all tables.
pub(super) fn log(declared: &Declared) -> String {
    store::log_table(declared.domain.widest())
}

/// Everything that makes a database, in the order in which to make it.
pub(super) fn statements(of: Of, declared: &Declared) -> Vec<String> {
    system(of).into_iter().chain(objects(of, declared)).collect()
}

/// One thread at a time uses a connection, so no lock is needed.
fn memory() -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_in_memory_with_flags(flags).map_err(|e| e.to_string())
}

/// A new one, in memory.
///
/// # Errors
/// A statement that does not run; one that SQLite keeps otherwise than it was written.
pub(super) fn fresh(of: Of, declared: &Declared) -> Result<Connection, Fault> {
    let conn = memory()?;
    run(&conn, "BEGIN")?;
    statements(of, declared).iter().try_for_each(|sql| run(&conn, sql))?;
    if of == Of::Device {
        let state = "INSERT INTO windrow_state (one, base, applying, device, format) VALUES (1, 3, 0, 7, 3);
                     INSERT INTO windrow_device (one, schema, version, model) VALUES (1, x'', 1, x'');
                     INSERT INTO windrow_origins (first, origin) VALUES (0, -5)";
        run(&conn, state)?;
    }
    run(&conn, "COMMIT")?;
    new(&conn, of, declared, |_| true)?;
    Ok(conn)
}

/// Runs statements that take no parameters.
///
/// # Errors
/// What SQLite says.
pub(super) fn run(conn: &Connection, sql: &str) -> Result<(), Fault> {
    conn.execute_batch(sql).map_err(|e| format!("{e}: {sql}"))
}

/// The rows that a statement returns.
///
/// # Errors
/// What SQLite says.
pub(super) fn rows(conn: &Connection, sql: &str, parameters: impl Params) -> Result<Vec<Vec<Value>>, Fault> {
    let say = |e: windrow::rusqlite::Error| format!("{e}: {sql}");
    let mut query = conn.prepare(sql).map_err(say)?;
    let count = query.column_count();
    let read = query.query_map(parameters, |row| (0..count).map(|at| row.get(at)).collect()).map_err(say)?;
    read.collect::<Result<_, _>>().map_err(say)
}

/// The texts that a statement returns.
fn texts(conn: &Connection, sql: &str) -> Result<Vec<String>, Fault> {
    let text = |value| if let Value::Text(text) = value { Ok(text) } else { Err(format!("{value:?}")) };
    rows(conn, sql, [])?.into_iter().flatten().map(text).collect()
}

/// What a database is made of, as SQLite keeps it. The log is not among it: it becomes wider on its way.
fn made_of(conn: &Connection) -> Result<Vec<String>, Fault> {
    texts(conn, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'windrow_log'")
}

/// The columns of the log, as they are declared. Somebody's table may be called `pragma_table_info`.
fn columns(conn: &Connection) -> Result<BTreeSet<String>, Fault> {
    let column = |row: &Vec<Value>| match &row[..] {
        [_, Value::Text(name), Value::Text(kind), Value::Integer(not_null), default, _] => {
            let not_null = if *not_null == 1 { " NOT NULL" } else { "" };
            let default =
                if let Value::Text(default) = default { format!(" DEFAULT {default}") } else { String::new() };
            Ok(format!("{name} {kind}{not_null}{default}"))
        }
        other => Err(format!("{other:?} is no column")),
    };
    rows(conn, "PRAGMA table_info(windrow_log)", [])?.iter().map(column).collect()
}

/// The columns of the log that this statement makes.
fn columns_of(log: &str) -> Result<BTreeSet<String>, Fault> {
    let conn = memory()?;
    run(&conn, log)?;
    columns(&conn)
}

/// Gives the log of a file the columns that it has not, as opening it does before any migration.
///
/// # Errors
/// What SQLite says.
pub(super) fn widen(conn: &Connection, log: &str) -> Result<(), Fault> {
    let (has, wanted) = (columns(conn)?, columns_of(log)?);
    let mut lacks = wanted.difference(&has);
    lacks.try_for_each(|column| run(conn, &format!("ALTER TABLE windrow_log ADD COLUMN {column}")))
}

/// Our own tables as SQLite keeps them.
fn kept(of: Of) -> Result<&'static [String], Fault> {
    static KEPT: [OnceLock<Result<Vec<String>, Fault>>; 2] = [OnceLock::new(), OnceLock::new()];
    let make = || {
        let conn = memory()?;
        system(of).iter().try_for_each(|sql| run(&conn, sql))?;
        made_of(&conn)
    };
    KEPT[usize::from(of == Of::Hub)].get_or_init(make).as_deref().map_err(Clone::clone)
}

/// A database must be made of what a new one is made of, as far as such statements go.
///
/// # Errors
/// The first difference.
pub(super) fn new(conn: &Connection, of: Of, declared: &Declared, such: impl Fn(&str) -> bool) -> Result<(), Fault> {
    made(conn, of, &objects(of, declared), such)
}

fn made(conn: &Connection, of: Of, objects: &[String], such: impl Fn(&str) -> bool) -> Result<(), Fault> {
    let is_log = |sql: &&String| sql.starts_with("CREATE TABLE windrow_log (");
    if let Some(log) = objects.iter().find(is_log) {
        let (has, wanted) = (columns(conn)?, columns_of(log)?);
        let wider = |column: &&String| ["mask", "value"].iter().any(|such| column.starts_with(such));
        if !wanted.is_subset(&has) || !has.difference(&wanted).all(|column| wider(&column)) {
            return Err(format!("the log has {has:?}, and a new one {wanted:?}"));
        }
    }
    let objects = objects.iter().filter(|sql| !is_log(sql));
    let wanted: BTreeSet<String> = kept(of)?.iter().chain(objects).filter(|sql| such(sql)).cloned().collect();
    let is: BTreeSet<String> = made_of(conn)?.into_iter().filter(|sql| such(sql)).collect();
    match (is.difference(&wanted).next(), wanted.difference(&is).next()) {
        (None, None) => Ok(()),
        (strange, missing) => Err(format!("{of:?}: there is\n{strange:?}\nand in a new one\n{missing:?}")),
    }
}

/// Whether a statement makes something that holds data or finds it. The rest is made anew when a file is opened.
pub(super) fn lasts(sql: &str) -> bool {
    !["CREATE TRIGGER", "CREATE VIEW"].iter().any(|kind| sql.starts_with(kind))
}

/// Runs a migration, as a program would: in one transaction, with foreign keys off. Then what opening the file adds.
/// A device's log is wide enough.
///
/// # Errors
/// A statement that does not run; a file that is not sound.
pub(super) fn migrate(conn: &Connection, of: Of, script: &Script, now: &Declared) -> Result<(), Fault> {
    run(conn, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")?;
    script.statements().iter().try_for_each(|sql| run(conn, sql))?;
    run(conn, "COMMIT; PRAGMA foreign_keys = ON")?;
    sound(conn)?;
    let objects = objects(of, now);
    made(conn, of, &objects, lasts)?;
    if of == Of::Device { open(conn, &objects) } else { Ok(()) }
}

/// Makes the triggers and the view anew, which opening a file does where they differ.
fn open(conn: &Connection, objects: &[String]) -> Result<(), Fault> {
    let drops = rows(
        conn,
        "SELECT format('DROP %s \"%w\"', type, name) FROM sqlite_schema WHERE type IN ('trigger', 'view')",
        [],
    )?;
    for drop in drops.iter().flatten() {
        let Value::Text(drop) = drop else { return Err(format!("{drop:?}")) };
        run(conn, drop)?;
    }
    objects.iter().filter(|sql| !lasts(sql)).try_for_each(|sql| run(conn, sql))
}

/// SQLite's own checks.
///
/// # Errors
/// What they say.
pub(super) fn sound(conn: &Connection) -> Result<(), Fault> {
    let sound = rows(conn, "PRAGMA integrity_check", [])?;
    if sound != [[Value::Text("ok".to_owned())]] {
        return Err(format!("{sound:?}"));
    }
    match rows(conn, "PRAGMA foreign_key_check", [])?.first() {
        None => Ok(()),
        Some(broken) => Err(format!("a reference leads nowhere: {broken:?}")),
    }
}
