//! When a session's transaction lets go of the file.
//!
//! A COMMIT that leaves a long write-ahead log brings it into the file, and syncs both. It has let go of the file by then:
//! whoever waits to write does so meanwhile, and that time is not counted as theirs.

use crate::lock::lock;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Pages of a log that is long: as SQLite has it.
const LONG: i32 = 1_000;

/// When the last transaction of a connection let go of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Release(Arc<Mutex<Option<Instant>>>);

impl Release {
    /// Notes it of each transaction of `conn` from now on. SQLite has one such hook, and its own brings the log in: this one
    /// does, too.
    pub(super) fn watch(conn: &mut Connection) -> rusqlite::Result<Release> {
        let release = Release::default();
        let Release(moment) = release.clone();
        conn.wal_hook(Some(move |log: &mut Wal, pages| {
            *lock(&moment) = Some(Instant::now());
            if pages >= LONG
                && let Err(error) = log.checkpoint()
            {
                // The next COMMIT tries again.
                tracing::debug!(%error, "a write-ahead log stays as it is");
            }
            Ok(())
        }))?;
        Ok(release)
    }

    /// How long a transaction has held the file that began at `since`, and has ended.
    pub(super) fn after(&self, since: Instant) -> Duration {
        lock(&self.0).unwrap_or_else(Instant::now).saturating_duration_since(since)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::connect::use_wal;

    /// `figures lock` said 50 ms of a transaction that others waited 20 ms for: the rest was the log, brought in afterwards. And
    /// whoever takes the place of SQLite's own hook has to do what it did, or the log grows for ever.
    #[test]
    fn what_comes_after_the_transaction_is_not_counted_and_the_log_is_brought_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        let mut conn = Connection::open(&path).unwrap();
        use_wal(&conn).unwrap();
        let release = Release::watch(&mut conn).unwrap();
        let since = Instant::now();
        let (rows, bytes) = (i64::from(LONG), 8 << 10);
        conn.execute_batch("BEGIN; CREATE TABLE t (b BLOB)").unwrap();
        for _ in 0..rows {
            conn.execute("INSERT INTO t VALUES (zeroblob(?1))", [bytes]).unwrap();
        }
        conn.execute_batch("COMMIT").unwrap();
        let pause = Duration::from_millis(20);
        std::thread::sleep(pause);
        let held = release.after(since);
        assert!(held > Duration::ZERO && held + pause <= since.elapsed(), "{held:?}");
        assert!(std::fs::metadata(&path).unwrap().len() >= (rows * bytes) as u64, "it is all in the log still");
    }
}
