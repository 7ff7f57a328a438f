//! What the hub's threads have in common.

use super::pull::PageSize;
use super::sessions::Keeping;
use super::tables::Tables;

/// The clock of the hub's machine: milliseconds since 1970, UTC.
pub(super) type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// Fixed once the hub is open.
pub(super) struct Shared {
    pub(super) tables: Tables,
    pub(super) keeping: Keeping,
    pub(super) page: PageSize,
    pub(super) clock: Clock,
}

impl Shared {
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }
}

/// The machine's own clock. One that stands before 1970 reads as 1970.
pub(super) fn wall_clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0)
}
