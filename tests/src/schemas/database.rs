//! A device's or hub's database, made of the statements alone, as opening a file makes it.

use super::Fault;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, Params};
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

/// Everything that makes it, in the order in which to make it.
pub(super) fn objects(of: Of, declared: &Declared) -> Vec<String> {
    let text = |object: &Object| declared.render(&object.sql);
    let models = declared.domain.models();
    if of == Of::Hub {
        let tables = models.iter().flat_map(|m| Hub::of(m).objects);
        return std::iter::once(hub::SYSTEM_TABLES.to_owned()).chain(tables.map(|o| text(&o))).collect();
    }
    let mut all: Vec<String> = store::SYSTEM_TABLES.iter().map(|(_, sql)| (*sql).to_owned()).collect();
    let (mut parts, mut triggers) = (Vec::new(), Vec::new());
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

/// A new one, in memory.
///
/// # Errors
/// A statement that does not run.
pub(super) fn fresh(of: Of, declared: &Declared) -> Result<Connection, Fault> {
    let conn = Connection::open_in_memory().map_err(|e| e.to_string())?;
    objects(of, declared).iter().try_for_each(|sql| run(&conn, sql))?;
    if of == Of::Device {
        let state =
            "INSERT INTO windrow_state (one, format, device, hlc, checkpoint, mark, base, applying, schema, turn)
                     VALUES (1, 1, 7, 0, 0, 0, 3, 0, x'', 0);
                     INSERT INTO windrow_origins (first, origin) VALUES (0, -5)";
        run(&conn, state)?;
    }
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

/// What a database is made of.
///
/// # Errors
/// What SQLite says.
pub(super) fn schema(conn: &Connection) -> Result<Vec<Vec<Value>>, Fault> {
    rows(conn, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name, type", [])
}

/// Two databases must be made of the same.
///
/// # Errors
/// The first difference.
pub(super) fn same(is: &Connection, wanted: &Connection) -> Result<(), Fault> {
    let (is, wanted) = (schema(is)?, schema(wanted)?);
    match is.iter().find(|o| !wanted.contains(o)) {
        Some(strange) => return Err(format!("a new database has no {strange:?}")),
        None => {}
    }
    match wanted.iter().find(|o| !is.contains(o)) {
        Some(missing) => Err(format!("a new database has {missing:?}")),
        None => Ok(()),
    }
}

/// Runs a migration, as a program would: in one transaction, with foreign keys off. Then what opening the file adds.
///
/// # Errors
/// A statement that does not run; a file that is not sound.
pub(super) fn migrate(conn: &Connection, of: Of, script: &Script, now: &Declared) -> Result<(), Fault> {
    run(conn, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")?;
    script.statements().iter().try_for_each(|sql| run(conn, sql))?;
    run(conn, "COMMIT; PRAGMA foreign_keys = ON")?;
    sound(conn)?;
    if of == Of::Device { open(conn, now) } else { Ok(()) }
}

/// Makes the triggers and the view anew, which opening a file does where they differ.
fn open(conn: &Connection, declared: &Declared) -> Result<(), Fault> {
    let drops = rows(
        conn,
        "SELECT format('DROP %s \"%w\"', type, name) FROM sqlite_schema WHERE type IN ('trigger', 'view')",
        [],
    )?;
    for drop in drops.iter().flatten() {
        let Value::Text(drop) = drop else { return Err(format!("{drop:?}")) };
        run(conn, drop)?;
    }
    let passing = |sql: &&String| ["CREATE TRIGGER", "CREATE VIEW"].iter().any(|kind| sql.starts_with(kind));
    objects(Of::Device, declared).iter().filter(passing).try_for_each(|sql| run(conn, sql))
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
