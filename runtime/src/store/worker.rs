//! What the worker does, for other programs to see: the row of `windrow_worker`.

use super::Store;
use super::error::StoreError;
use crate::clock;
use crate::sync::{Activity, SyncState};
use rusqlite::params;

impl Store {
    /// Notes what the worker does.
    pub(crate) fn note_worker(&self, state: &SyncState) -> Result<(), StoreError> {
        let (activity, error) = match &state.activity {
            Activity::Syncing(_) => ("syncing", None),
            Activity::Idle => ("idle", None),
            Activity::Waiting { error, .. } => ("waiting", Some(error)),
            Activity::Blocked { error } => ("blocked", Some(error)),
            Activity::Offline => ("offline", None),
            Activity::Saving => ("saving", None),
            Activity::Stopped => ("stopped", None),
        };
        let (next, why) = state.next.map(|(at, why)| (at.millis(), format!("{why:?}").to_lowercase())).unzip();
        let set = "INSERT OR REPLACE INTO windrow_worker (one, activity, error, pending, records, bytes, sent, total, next, reason, clock, at)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
        let (pending, records, bytes) = (state.pending, state.pending_records, state.pending_bytes);
        let (pending, records, bytes) = (count(pending), count(records), count(bytes));
        let (sent, total) = (state.progress.map(|p| p.sent), state.progress.map(|p| p.total));
        let (wrong, now) = (state.clock.map(|clock| clock.ahead), clock::now_ms());
        let all = params![activity, error, pending, records, bytes, sent, total, next, why, wrong, now];
        self.sync_connection().execute(set, all)?;
        Ok(())
    }
}
