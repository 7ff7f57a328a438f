//! What plain SQLite takes for the same changes under the hub's pragmas, in its transactions: rows in one table alone; and the
//! floor, which is the row, a line of history and its index by record. No merging, no versions, no network: a hub on SQLite costs
//! more than this.

use super::Hub;
use super::many::CHANGES;
use crate::figures::clock::processor;
use crate::figures::report::Figure;
use crate::figures::side::Plan;
use crate::figures::visit::{FIGURES, Visit};
use crate::figures::{Failure, table};
use fastrand::Rng;
use std::time::Instant;
use windrow::Store;
use windrow::rusqlite::Connection;

/// What a hub's connection that writes has too.
pub(super) const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -98304;";

/// Transactions that are measured.
const TRANSACTIONS: usize = 20;

impl Hub<'_> {
    /// One field of a thousand records at random a transaction.
    pub(super) fn plain(&self) -> Result<Figure, Failure> {
        let mut conn = self.table("plain.db")?;
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
    fn table(&self, file: &str) -> Result<Connection, Failure> {
        let conn = Connection::open(self.dir.join(file))?;
        let plan = Plan::read(&Store::open(self.dir.join(format!("{file}-plan")), &FIGURES)?)?;
        conn.execute_batch(plan.text())?;
        conn.execute_batch(PRAGMAS)?;
        Ok(conn)
    }

    /// The processor's microseconds for each change at the floor: new records, one field of each of them in one transaction, and
    /// of a thousand at random a transaction.
    pub(super) fn floor(&self) -> Result<[f64; 3], Failure> {
        let mut conn = self.table("floor.db")?;
        conn.execute_batch(HISTORY)?;
        let mut visits: Vec<&Visit> = self.workload.base.iter().collect();
        visits.sort_unstable_by_key(|visit| visit.id);
        let new = each(visits.len(), || {
            written(&mut conn, &visits, |transaction, visit| {
                table::insert(transaction, visit)?;
                Ok(serde_json::to_string(visit)?)
            })
        })?;
        let status = |status: &'static str| {
            move |transaction: &Connection, visit: &Visit| -> Result<String, Failure> {
                let sql = "UPDATE visit SET status = ?2 WHERE id = ?1";
                transaction.prepare_cached(sql)?.execute((visit.id.as_bytes(), status))?;
                Ok(format!("{{\"status\":\"{status}\"}}"))
            }
        };
        let fields = each(visits.len(), || written(&mut conn, &visits, status("verified")))?;
        let (mut rng, count) = (Rng::with_seed(1), CHANGES.min(visits.len()));
        let some = each(TRANSACTIONS * count, || {
            (0..TRANSACTIONS).try_for_each(|_| {
                let mut visits = rng.choose_multiple(visits.iter().copied(), count);
                visits.sort_unstable_by_key(|visit| visit.id);
                written(&mut conn, &visits, status("submitted"))
            })
        })?;
        Ok([new, fields, some])
    }
}

const HISTORY: &str = "
CREATE TABLE history (number INTEGER NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, record BLOB NOT NULL, detail TEXT NOT NULL) STRICT;
CREATE INDEX history_record ON history (record, number);
";

/// Writes all of these in one transaction, each with a line of history, which says what it did.
fn written(
    conn: &mut Connection,
    visits: &[&Visit],
    write: impl Fn(&Connection, &Visit) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let transaction = conn.transaction()?;
    for visit in visits {
        let detail = write(&transaction, visit)?;
        let sql = "INSERT INTO history (seq, record, detail) VALUES (1, ?1, ?2)";
        transaction.prepare_cached(sql)?.execute((visit.id.as_bytes(), detail))?;
    }
    Ok(transaction.commit()?)
}

/// The microseconds of the processor's time that each of so many takes.
fn each(count: usize, work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let before = processor()?;
    work()?;
    Ok((processor()? - before).as_secs_f64() * 1e6 / count as f64)
}
