//! Old entries leave the log, once the hub surely has them.

use super::error::StoreError;
use super::origins;
use super::{Store, log, recovery};
use crate::types::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};
use std::time::Duration;
use windrow_protocol::clock::Hlc;
use windrow_protocol::fault;

/// How long acknowledged entries are usually kept: 30 days.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many entries go in one transaction, so that nobody waits long for it.
const STEP: usize = 500;

impl Store {
    /// Deletes log entries that are older than `retention` and that the hub surely has; how many. In small transactions,
    /// between which others write.
    ///
    /// # Errors
    /// What SQLite says. What was deleted until then stays so.
    pub fn prune(&self, now: Timestamp, retention: Duration) -> Result<u64, StoreError> {
        let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let upto = Hlc::from_millis(now.millis().saturating_sub(retention));
        let mut pruned = 0;
        while let Some(step) = self.prune_step(upto)? {
            pruned += step as u64;
        }
        self.forget_empty_origins()?;
        Ok(pruned)
    }

    /// Deletes some entries; how many, or none where there are no more. Looks afresh each time: a session that came between
    /// may have found that the hub lost what it had acknowledged, and needs its entries.
    fn prune_step(&self, upto: Hlc) -> Result<Option<usize>, StoreError> {
        let conn = self.sync_connection();
        let transaction = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        if !recovery::is_idle(&conn)? {
            return Ok(None);
        }
        for stretch in origins::stretches(&conn)?.iter().filter(|s| fault!(PrunedUnsure: true, !s.unsure)) {
            let (after, acknowledged) = stretch.acknowledged();
            if let Some(step) = log::prune(&conn, self.plan(), (after, acknowledged.min(upto)), STEP)? {
                transaction.commit()?;
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// Origins without entries are forgotten, but for the last: whoever writes now is of that one.
    fn forget_empty_origins(&self) -> Result<(), StoreError> {
        let conn = self.sync_connection();
        let transaction = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        let stretches = origins::stretches(&conn)?;
        for stretch in stretches.iter().rev().skip(1).filter(|s| !s.unsure) {
            if log::is_empty(&conn, self.plan(), stretch.before, stretch.last)? {
                origins::forget(&conn, stretch)?;
            }
        }
        Ok(transaction.commit()?)
    }
}
