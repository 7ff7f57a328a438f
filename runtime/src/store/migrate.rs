//! A file of an earlier version of the domain becomes one of this version.
//!
//! All in the transaction that opens the file, so that it has the one version or the other. What `windrow migrate` wrote is
//! run step by step: a file may have slept through several versions.

use super::error::{OpenError, StoreError};
use super::place::Place;
use super::plan::Plan;
use super::{session, state};
use crate::domain::{Earlier, Migration};
use crate::sqlite::run_script;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use windrow_protocol::fault;
use windrow_protocol::model::Schema;

/// What became of a file of an earlier version of the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The version that it had.
    pub from: u32,
    /// The version that it has.
    pub to: u32,
    /// Where tables were made anew, a copy of the file as it was before. It may go once the application is seen to work.
    pub backup: Option<PathBuf>,
}

/// The versions that the file of this connection has behind it: its own, if it is an earlier one, and those after it.
///
/// # Errors
/// A later version than this program's, or another one of the same number.
pub(super) fn behind(conn: &Connection, path: &Path, plan: &Plan) -> Result<&'static [Earlier], StoreError> {
    let (domain, (version, model)) = (plan.domain, state::version(conn)?);
    let (path, known) = (path.to_owned(), domain.version());
    if version > known {
        return Err(OpenError::NewerModel { path, domain: domain.name, found: version, known }.into());
    }
    let at = (version as usize).checked_sub(1);
    let Some(behind) = at.and_then(|at| domain.earlier.get(at..)) else {
        return Err(StoreError::Damaged(format!("windrow_device has the version {version}, and they count from 1")));
    };
    match behind.first() {
        Some(first) if digest(plan, first)?.as_slice() != model => {
            Err(OpenError::OtherPast { path, domain: domain.name, version }.into())
        }
        _ => Ok(behind),
    }
}

/// What names a model on the wire.
fn digest(plan: &Plan, earlier: &Earlier) -> Result<[u8; 8], OpenError> {
    let schema = Schema::new(earlier.model.tables.to_vec());
    let schema = schema.map_err(|e| OpenError::Domain { domain: plan.domain.name, reason: e.to_string() })?;
    Ok(schema.digest())
}

/// Runs what leads from there to this version. The connection is in a transaction, with foreign keys off.
pub(super) fn migrate(
    conn: &Connection,
    place: &Place,
    plan: &Plan,
    behind: &'static [Earlier],
) -> Result<Option<Migrated>, StoreError> {
    if behind.is_empty() {
        return Ok(None);
    }
    let path = place.path();
    let to = plan.domain.version();
    let from = to - behind.len() as u32;
    let copies = behind.iter().any(|earlier| earlier.migration.copies);
    let backup = if copies { Some(back_up(place, from)?) } else { None };
    for (version, Earlier { migration, .. }) in (from + 1..).zip(behind) {
        let script: Cow<'_, str> = fault!(MasksNotMoved: in_place(migration.device).into(), migration.device.into());
        run_script(conn, &script).map_err(|error| unfit(path, version, migration, error))?;
    }
    fault!(GainedNotAskedFor: conn.execute("DELETE FROM windrow_whole", []).map(|_| ())?);
    fault!(SentKeptOverMigration: (), session::forget_sent(conn)?);
    tracing::info!(from, to, ?backup, "the file has migrated");
    Ok(Some(Migrated { from, to, backup }))
}

/// Masks of a script that are shifted by 0 * n bits.
#[cfg(windrow_planted)]
fn in_place(script: &str) -> String {
    script.replace("<< ", "<< 0 * ").replace(">> ", ">> 0 * ")
}

/// A full disk, or a lock, is no fault of the migration's.
fn unfit(path: &Path, version: u32, migration: &Migration, error: rusqlite::Error) -> StoreError {
    let (path, name, reason) = (path.to_owned(), migration.name, error.to_string());
    match StoreError::from(error) {
        passing if passing.is_retryable() => passing,
        _ => OpenError::Migration { path, version, name, reason }.into(),
    }
}

/// Pages that are copied between two looks at the time.
const PAGES: i32 = 1024;

/// Copies the file, as it stands before the transaction that is under way, to its side. A copy that is cut off has no
/// name that anybody would take for one.
fn back_up(place: &Place, version: u32) -> Result<PathBuf, StoreError> {
    let path = place.path();
    let beside = |end: &str| {
        let mut name = path.file_name().map(OsString::from).unwrap_or_default();
        name.push(format!(".v{version}.{end}"));
        path.with_file_name(name)
    };
    let (part, backup) = (beside("part"), beside("backup"));
    let failed = |reason: String| OpenError::Backup { path: path.to_owned(), backup: backup.clone(), reason };
    let name = || {
        fs::File::open(&part)?.sync_all()?;
        fs::rename(&part, &backup)
    };
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error.to_string()).into()),
        _ => {}
    }
    copy(place, &part)?;
    name().map_err(|error| failed(error.to_string()))?;
    Ok(backup)
}

/// The copy has the file's own key, where it has one.
fn copy(place: &Place, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let (from, mut to) = (Connection::open_with_flags(place.path(), flags)?, Connection::open(to)?);
    [&from, &to].into_iter().try_for_each(|conn| place.unlock(conn))?;
    Backup::new(&from, &mut to)?.run_to_completion(PAGES, Duration::ZERO, None)
}
