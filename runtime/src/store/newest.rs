//! Windrow's triggers stay the newest, whatever the application adds while the store is open.
//!
//! SQLite counts the changes of a file's schema. Where that count is not the one that was seen last, somebody created
//! something since, a trigger perhaps, and ours are looked at again: when a transaction of the store begins, when it hands
//! out a connection, and when a session begins.

use super::error::StoreError;
use super::plan::Plan;
use super::{connect, objects};
use crate::sqlite::Repeated;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

/// SQLite's count of schema changes at which ours were the newest.
#[derive(Debug)]
pub(super) struct Newest {
    seen: AtomicI64,
    path: PathBuf,
}

impl Newest {
    /// As of this connection's transaction, in which ours have become the newest.
    pub(super) fn now(conn: &Connection, path: &Path) -> rusqlite::Result<Newest> {
        Ok(Newest { seen: AtomicI64::new(version(conn)?), path: path.to_owned() })
    }

    /// Makes ours the newest, within a transaction that may write. The count, for [`Newest::note`] once it is committed.
    ///
    /// # Errors
    /// A newer program has given the file another format meanwhile, or migrated it: its triggers are the right ones, and this program must not go on.
    pub(super) fn keep(&self, conn: &Connection, plan: &Plan) -> Result<i64, StoreError> {
        let seen = version(conn)?;
        if seen == self.seen.load(Ordering::Relaxed) {
            return Ok(seen);
        }
        connect::fits(conn, &self.path, plan)?;
        objects::renew_older_triggers(conn, plan)?;
        Ok(version(conn)?)
    }

    /// What [`Newest::keep`] did is committed.
    pub(super) fn note(&self, version: i64) {
        self.seen.store(version, Ordering::Relaxed);
    }

    /// Makes ours the newest; writes to the file only where the schema has changed.
    pub(super) fn ensure(&self, conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
        if version(conn)? == self.seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
        let version = self.keep(&transaction, plan)?;
        transaction.commit()?;
        self.note(version);
        Ok(())
    }
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.one("PRAGMA schema_version", [], |row| row.get(0))
}
