//! Connections to a device's file, and whether a file is one.

use super::error::{OpenError, StoreError};
use super::place::Place;
use super::plan::Plan;
use super::release::Release;
use super::system::{APPLICATION_ID, FORMAT};
use super::{earlier, migrate};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a statement waits for another program's transaction.
const BUSY: Duration = Duration::from_secs(10);
/// What a session keeps of the file in memory, in KiB. An answer about 1,000 records reads 1,000 pages of the file twice: to
/// make their names whole, and to write. SQLite's own 2 MB would hold half of them.
const CACHE: i64 = 8 << 10;
/// Between two tries of what does not wait by itself.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection for the application: foreign keys are kept.
pub(super) fn application(place: &Place) -> rusqlite::Result<Connection> {
    open(place, true)
}

/// The connection that opens a file, whose tables may be made anew meanwhile: foreign keys are off.
pub(super) fn opening(place: &Place) -> rusqlite::Result<Connection> {
    open(place, false)
}

/// A connection for sessions, and when it lets go of the file. Foreign keys are off: what their actions would do, the hub has
/// derived and tells.
pub(super) fn session(place: &Place) -> rusqlite::Result<(Connection, Release)> {
    let mut conn = open(place, false)?;
    conn.pragma_update(None, "cache_size", -CACHE)?;
    let release = Release::watch(&mut conn)?;
    Ok((conn, release))
}

fn open(place: &Place, foreign_keys: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(place.path(), flags)?;
    place.unlock(&conn)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "foreign_keys", foreign_keys)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    crate::sqlite::keep_plans(&conn)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// From here on foreign keys are kept.
pub(super) fn keep_foreign_keys(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "foreign_keys", true)
}

/// Lets readers and one writer work side by side. Kept in the file.
///
/// Of several programs that begin on a new file one changes it. SQLite lets the others wait for a lock by itself, but not for
/// this one.
pub(super) fn use_wal(conn: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// What a file is.
#[derive(Debug, Clone, Copy)]
pub(super) enum File {
    /// Nothing yet.
    New,
    /// A device's, of an earlier format.
    Earlier,
    /// A device's.
    Ours,
}

/// Looks at a file without writing to it.
///
/// # Errors
/// What can't become a file of this program's.
pub(super) fn look_at(place: &Place, plan: &Plan) -> Result<(), StoreError> {
    let path = place.path();
    let no_file = path.as_os_str().is_empty() || path == Path::new(":memory:") || path.is_dir();
    if no_file {
        return Err(OpenError::NoFile(path.to_owned()).into());
    }
    if !std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    let conn = look(place, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match has_state(&conn) {
        // Somebody died in the middle of a transaction. Before anybody can read, SQLite takes back what they had begun, as
        // it does for every program, and for that it must write.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            fits(&look(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?, path, plan)
        }
        _ => fits(&conn, path, plan),
    }
}

fn look(place: &Place, how: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(place.path(), how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    place.unlock(&conn)?;
    conn.busy_timeout(BUSY)?;
    Ok(conn)
}

/// Whether this program can go on with the file of this connection. One of an earlier format is judged once it has this one.
pub(super) fn fits(conn: &Connection, path: &Path, plan: &Plan) -> Result<(), StoreError> {
    match recognise(conn, path)? {
        File::New | File::Earlier => Ok(()),
        File::Ours => migrate::behind(conn, path, plan).map(|_| ()),
    }
}

/// What the file of this connection is.
pub(super) fn recognise(conn: &Connection, path: &Path) -> Result<File, StoreError> {
    if has_state(conn).map_err(|e| not_a_database(e, path))? {
        return Ok(if format(conn, path)? == FORMAT { File::Ours } else { File::Earlier });
    }
    // A hub's file is best known by our own tables.
    let other = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name NOT LIKE 'windrow%', name LIMIT 1";
    let other = conn.query_row(other, [], |row| row.get(0)).optional()?;
    if let Some(table) = other {
        return Err(OpenError::Foreign { path: path.to_owned(), table }.into());
    }
    match conn.pragma_query_value(None, "application_id", |row| row.get(0))? {
        0 | APPLICATION_ID => Ok(File::New),
        id => Err(OpenError::OtherApplication { path: path.to_owned(), id }.into()),
    }
}

fn has_state(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'windrow_state'")?.exists([])
}

/// The format of a device's file, if it is one that this program knows.
fn format(conn: &Connection, path: &Path) -> Result<i64, StoreError> {
    let damaged = |what: String| StoreError::Damaged(format!("windrow_state {what}; restore the file from a backup"));
    match conn.query_row("SELECT format FROM windrow_state", [], |row| row.get::<_, i64>(0)).optional()? {
        Some(found @ earlier::FIRST..=FORMAT) => Ok(found),
        Some(found) if found > FORMAT => Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT }.into()),
        Some(found) => Err(damaged(format!("has the format {found}"))),
        None => Err(damaged("has no row".into())),
    }
}

fn not_a_database(error: rusqlite::Error, path: &Path) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path.to_owned()).into(),
        _ => error.into(),
    }
}
