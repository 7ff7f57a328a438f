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
