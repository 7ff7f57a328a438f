//! What plain SQLite takes for the same changes: rows in one table, under the hub's pragmas, in its transactions. No log, no
//! history, no merging, no network: a hub on SQLite costs more than this.

use super::Hub;
use super::many::CHANGES;
use crate::figures::report::Figure;
use crate::figures::side::Plan;
use crate::figures::visit::FIGURES;
use crate::figures::{Failure, table};
use fastrand::Rng;
use std::time::Instant;
use windrow::Store;
use windrow::rusqlite::Connection;

/// Transactions that are measured.
const TRANSACTIONS: usize = 20;

impl Hub<'_> {
    /// One field of a thousand records at random a transaction.
    pub(super) fn plain(&self) -> Result<Figure, Failure> {
        let mut conn = Connection::open(self.dir.join("plain.db"))?;
        let plan = Plan::read(&Store::open(self.dir.join("plan.db"), &FIGURES)?)?;
        conn.execute_batch(plan.text())?;
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -98304;")?;
        let transaction = conn.transaction()?;
        self.workload.base.iter().try_for_each(|visit| table::insert(&transaction, visit))?;
        transaction.commit()?;
        let (mut rng, start) = (Rng::with_seed(1), Instant::now());
        for round in 0..TRANSACTIONS {
            let mut visits = rng.choose_multiple(&self.workload.base, CHANGES);
            visits.sort_by_key(|visit| visit.id);
            let transaction = conn.transaction()?;
            for visit in visits {
                let sql = "UPDATE visit SET status = ?2 WHERE id = ?1";
                let status = ["verified", "submitted"][round % 2];
                transaction.prepare_cached(sql)?.execute((visit.id.as_bytes(), status))?;
            }
            transaction.commit()?;
        }
        let rate = (TRANSACTIONS * CHANGES) as f64 / start.elapsed().as_secs_f64();
        let meaning = "for comparison: plain SQLite, one table, 1,000 random updates a transaction";
        Ok(Figure::new("hub_fields_plain", rate, "changes/s", meaning))
    }
}
