//! What the hub's threads have in common.

use super::ahead::Ahead;
use super::checked::Checked;
use super::pull::PageSize;
use super::recent::Recent;
use super::sessions::Keeping;
use super::tables::Tables;
use std::path::Path;
use std::sync::Mutex;

/// The clock of the hub's machine: milliseconds since 1970, UTC.
pub(super) type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// Fixed once the hub is open.
pub(super) struct Shared {
    pub(super) tables: Tables,
    pub(super) keeping: Keeping,
    pub(super) page: PageSize,
    pub(super) clock: Clock,
    pub(super) memory: Memory,
}

/// What is at hand without reading: all of it can be found in the file as well.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) recent: Mutex<Recent>,
    pub(super) checked: Mutex<Checked>,
    pub(super) ahead: Mutex<Ahead>,
}

impl Shared {
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }
}

/// Bytes of a hub's file and of its write-ahead log; 0 of what is not there.
pub(super) fn sizes(path: &Path) -> (u64, u64) {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    (size(path), size(Path::new(&log)))
}
