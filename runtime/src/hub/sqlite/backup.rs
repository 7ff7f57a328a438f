//! A copy of a hub's file, made while the hub runs.

use rusqlite::backup::{Backup as Pages, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use windrow_protocol::clock::Seq;

/// How long the source's other users are waited for at once.
const PAUSE: Duration = Duration::from_millis(50);

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The last commit that is in it.
    pub seq: Seq,
    /// Its bytes.
    pub bytes: u64,
}

/// Why there is no copy. Where one was begun, it is gone.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The copy's name is taken.
    #[error("{0:?} is there already; name a file that does not exist yet")]
    There(PathBuf),
    /// No hub's file.
    #[error("{path:?} can't be read as a hub's file: {source}; name the hub.db of the server")]
    Source {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// SQLite could not copy it.
    #[error("{path:?} could not be written: {source}; is there room on the disk?")]
    Copy {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// What was copied is not sound.
    #[error("the copy is damaged, and so is {path:?}, as it seems: {found}")]
    Damaged {
        /// The hub's file.
        path: PathBuf,
        /// What `PRAGMA integrity_check` says.
        found: String,
    },
    /// The system refused.
    #[error("{path:?}: {source}")]
    System {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
}

/// Copies a hub's file, as it stands at one moment, into a file that does not exist yet. The hub may run meanwhile, in this
/// process or another, and is not held up. The copy is checked and synced to disk before it has its name.
///
/// To restore one, stop the server, put it in the place of the hub's file, and remove that file's `-wal` and `-shm`.
///
/// # Errors
/// No hub's file, a name that is taken, a disk that fails.
pub fn backup(hub: &Path, to: &Path) -> Result<Backup, BackupError> {
    if to.exists() {
        return Err(BackupError::There(to.into()));
    }
    let source = source(hub).map_err(|source| BackupError::Source { path: hub.into(), source })?;
    let partial = beside(to, "-partial");
    let made = copy(&source, hub, &partial).and_then(|seq| named(&partial, to, seq));
    if made.is_err() {
        // What is left of it is of no use; that it can't be removed is less than what went wrong before.
        let _ = std::fs::remove_file(&partial);
    }
    made
}

/// The hub's file, to read only; it is one if it says up to where it has come.
fn source(hub: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(hub, flags)?;
    source.busy_timeout(Duration::from_secs(10))?;
    seq(&source)?;
    Ok(source)
}

fn seq(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT seq FROM windrow_hub", [], |row| row.get(0))
}

fn copy(source: &Connection, hub: &Path, partial: &Path) -> Result<Seq, BackupError> {
    let failed = |source| BackupError::Copy { path: partial.into(), source };
    let _ = std::fs::remove_file(partial);
    let mut copy = Connection::open(partial).map_err(failed)?;
    pages(source, &mut copy).map_err(failed)?;
    // One file without a log: whoever carries it away has all of it.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
    let found: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if found != "ok" {
        return Err(BackupError::Damaged { path: hub.into(), found });
    }
    let seq = seq(&copy).map_err(failed)?;
    Ok(Seq::from_i64(seq).unwrap_or(Seq::ZERO))
}

/// All pages in one step: they are of one moment, and what is written meanwhile does not make it begin anew.
fn pages(source: &Connection, copy: &mut Connection) -> rusqlite::Result<()> {
    let pages = Pages::new(source, copy)?;
    while pages.step(-1)? != StepResult::Done {
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn named(partial: &Path, to: &Path, seq: Seq) -> Result<Backup, BackupError> {
    let safe = || -> std::io::Result<u64> {
        let file = File::open(partial)?;
        file.sync_all()?;
        // Unlike a rename, a link does not take a name that somebody else has taken meanwhile.
        std::fs::hard_link(partial, to).or_else(|_| std::fs::rename(partial, to))?;
        let _ = std::fs::remove_file(partial);
        #[cfg(unix)]
        File::open(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(file.metadata()?.len())
    };
    let bytes = safe().map_err(|source| BackupError::System { path: to.into(), source })?;
    Ok(Backup { seq, bytes })
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
