//! What a device's or a hub's file says of itself, read without the domain that it was made with: for tools, and for
//! whoever is called when something is wrong.
//!
//! Files are opened to read only, and may be in use meanwhile.
//!
//! ```
//! # use windrow::{Id, Store, Syncable};
//! # #[derive(Debug, Clone, PartialEq, Syncable)]
//! # pub struct Farm { pub id: Id<Farm>, pub name: String, #[merge(sum)] pub cattle: i64 }
//! # windrow::domain!(pub FARMS = [Farm]);
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("farm.db");
//! # let store = Store::open(&path, &FARMS)?;
//! # store.insert(&Farm { id: Id::new(), name: "Kibo".into(), cattle: 12 })?;
//! use windrow::inspect::{Report, inspect};
//!
//! let Report::Device(device) = inspect(&path)? else { panic!("a device's file") };
//! assert_eq!((device.pending[0].table.as_str(), device.pending[0].records), ("farm", 1));
//! # Ok(())
//! # }
//! ```

mod device;
mod hub;

pub use device::{Device, Open, Outbox, Pending, Refused};
pub use hub::{Conflicts, Hub, Known};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;
use windrow_protocol::id::RecordId;

/// What a file is, and says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A device's.
    Device(Box<Device>),
    /// A hub's.
    Hub(Box<Hub>),
}

/// How large a file is, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// The file itself.
    pub file: u64,
    /// Its write-ahead log.
    pub log: u64,
    /// Each table and index, the largest first.
    pub parts: Vec<(String, u64)>,
}

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// There is no such file.
    #[error("there is no file {0:?}")]
    Missing(PathBuf),
    /// No SQLite database, or one of another application's.
    #[error("{0:?} is neither a device's file nor a hub's; name the file that the application or the server opens")]
    Foreign(PathBuf),
    /// Written by a newer Windrow.
    #[error("{path:?} has format {found}, this program knows formats up to {known}; update the program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// Written by an earlier Windrow.
    #[error(
        "{path:?} has format {found}, and this program reads format {known}; open it with the program that it belongs to"
    )]
    Earlier {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The one known here.
        known: i64,
    },
    /// A program died in the middle of a transaction, and nobody has opened the file since to write.
    #[error("{0:?} was left in the middle of a transaction; start the program that it belongs to, which takes it back")]
    Abandoned(PathBuf),
    /// A row is missing that every such file has.
    #[error("{0:?} lacks the row that says what it is; restore it from a backup")]
    Damaged(PathBuf),
    /// SQLite could not read it.
    #[error("{path:?}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// How long to wait for whoever has locked the file.
const BUSY: Duration = Duration::from_secs(5);

/// Reads what a file says of itself, all of one moment.
///
/// # Errors
/// A file that is none of ours, or can't be read.
pub fn inspect(path: impl AsRef<Path>) -> Result<Report, InspectError> {
    let path = path.as_ref();
    if !path.is_file() {
        return Err(InspectError::Missing(path.to_owned()));
    }
    let path_buf = || path.to_owned();
    read(path).map_err(|source| match (source.sqlite_error_code(), &source) {
        (Some(ErrorCode::NotADatabase), _) => InspectError::Foreign(path_buf()),
        (Some(ErrorCode::ReadOnly), _) => InspectError::Abandoned(path_buf()),
        (_, rusqlite::Error::QueryReturnedNoRows) => InspectError::Damaged(path_buf()),
        _ => InspectError::Sqlite { path: path_buf(), source },
    })?
}

fn read(path: &Path) -> rusqlite::Result<Result<Report, InspectError>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    let snapshot = conn.transaction()?;
    if has(&snapshot, "windrow_state")? {
        let (path_buf, found, known) = (path.to_owned(), device::format(&snapshot)?, crate::store::FORMAT);
        return Ok(match found.cmp(&known) {
            Ordering::Greater => Err(InspectError::Newer { path: path_buf, found, known }),
            Ordering::Less => Err(InspectError::Earlier { path: path_buf, found, known }),
            Ordering::Equal => Ok(Report::Device(Box::new(device::read(&snapshot, size(&snapshot, path)?)?))),
        });
    }
    if has(&snapshot, "windrow_hub")? {
        return Ok(Ok(Report::Hub(Box::new(hub::read(&snapshot, size(&snapshot, path)?)?))));
    }
    Ok(Err(InspectError::Foreign(path.to_owned())))
}

fn has(conn: &Connection, table: &str) -> rusqlite::Result<bool> {
    conn.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?.exists([table])
}

fn size(conn: &Connection, path: &Path) -> rusqlite::Result<Size> {
    let parts = "SELECT name, pgsize FROM dbstat WHERE aggregate = 1 ORDER BY pgsize DESC, name";
    let parts = all(conn, parts, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Ok(Size { file: bytes(path), log: bytes(Path::new(&log)), parts })
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare(sql)?.query_map([], read)?.collect()
}

/// An id, or nothing where a foreign program wrote something else.
fn id(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<RecordId> {
    let bytes = row.get_ref(at)?;
    let found = bytes.as_blob().ok().and_then(RecordId::from_slice);
    found.ok_or_else(|| rusqlite::Error::InvalidColumnType(at, "an id".into(), bytes.data_type()))
}
