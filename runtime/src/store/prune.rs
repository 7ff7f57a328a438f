//! Old entries leave the log, once the hub surely has them.

use super::error::StoreError;
use super::origins::{self, Stretch};
use super::{Store, log, recovery};
use crate::types::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};
use std::time::Duration;
use windrow_protocol::clock::Hlc;
use windrow_protocol::fault;
use windrow_protocol::model::TableIx;

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
        if !self.snapshot(|conn, _| Ok(recovery::is_idle(conn)?))? {
            // The hub may have to be told again what it had acknowledged.
            return Ok(pruned);
        }
        for stretch in
            self.snapshot(|conn, _| origins::stretches(conn))?.iter().filter(|s| fault!(PrunedUnsure: true, !s.unsure))
        {
            for table in self.plan().tables() {
                pruned += self.prune_table(table, stretch, upto)?;
            }
        }
        self.forget_empty_origins()?;
        Ok(pruned)
    }

    fn prune_table(&self, table: TableIx, stretch: &Stretch, upto: Hlc) -> Result<u64, StoreError> {
        let (after, acknowledged) = stretch.acknowledged();
        let range = (after, acknowledged.min(upto));
        let mut pruned = 0;
        if range.0 >= range.1 {
            return Ok(pruned);
        }
        loop {
            let step = log::prune(&self.sync_connection(), self.plan(), table, range, STEP)?;
            pruned += step as u64;
            if step < STEP {
                return Ok(pruned);
            }
        }
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
