//! The brake on mass deletion: where no mark proves that the hub goes on from what this device has, an answer that would
//! delete much waits until somebody confirms it.

use crate::sqlite::Repeated;
use crate::store::Store;
use crate::store::error::StoreError;
use rusqlite::Connection;

/// This many records may go in any case.
const FEW: usize = 100;

/// Whether so many of a table's rows are too many to go unasked: more than half, and more than a hundred.
pub(super) fn is_much(gone: usize, of: usize) -> bool {
    gone > FEW && gone > of / 2
}

/// Whether somebody has confirmed it.
pub(super) fn is_confirmed(conn: &Connection) -> rusqlite::Result<bool> {
    conn.one("SELECT brake = 2 FROM windrow_device", [], |row| row.get(0))
}

/// An answer waits.
pub(super) fn wait(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_device SET brake = 1", []).map(|_| ())
}

impl Store {
    /// Lets the hub's answer delete what it would delete, though that is most of a table. Where no answer waits
    /// ([`Status::waits`](crate::store::Status)), nothing changes. The next session applies it.
    ///
    /// Before this, see whether the hub is the right one and whole: it may have been restored from an old backup, or
    /// replaced by an empty one. What this device wrote and still has in its log was offered to it again already.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn confirm_deletion(&self) -> Result<(), StoreError> {
        self.transaction(|tx| {
            let confirm = "UPDATE windrow_device SET brake = 2 WHERE brake = 1";
            Ok(tx.connection().run(confirm, []).map(|_| ())?)
        })
    }
}
