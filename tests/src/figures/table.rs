//! A table on a device, captured or plain, and the statements that write to it.

use super::Failure;
use super::side::{Plan, Side};
use super::visit::Visit;
use super::workload::Op;
use std::path::Path;
use tempfile::TempDir;
use windrow::rusqlite::{Connection, ToSql, params};

/// How much of the file SQLite keeps in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// All of it: 128 MiB, so that the processor's work is measured.
    Ample,
    /// What SQLite takes unless told otherwise: 2 MB.
    Default,
}

impl Cache {
    fn pragma(self) -> &'static str {
        match self {
            Cache::Ample => "PRAGMA cache_size = -131072",
            Cache::Default => "PRAGMA cache_size = -2000",
        }
    }
}

/// A table in a file of its own, which goes with it.
#[derive(Debug)]
pub(super) struct Table {
    side: Side,
    conn: Connection,
    dir: TempDir,
}

impl Table {
    /// Creates it, empty.
    pub(super) fn create(dir: &Path, plan: &Plan, side: Side, cache: Cache) -> Result<Table, Failure> {
        let dir = tempfile::tempdir_in(dir)?;
        let conn = plan.create(&dir.path().join("device.db"), side)?;
        conn.execute_batch(cache.pragma())?;
        Ok(Table { side, conn, dir })
    }

    /// Inserts these rows, so many a transaction.
    pub(super) fn insert(&mut self, rows: &[Visit], a_transaction: usize) -> Result<(), Failure> {
        match self.side.is_text() {
            true => self.each(rows, a_transaction, |conn, visit| insert_as(conn, &visit.id.to_string(), visit)),
            false => self.each(rows, a_transaction, insert),
        }
    }

    /// Makes these changes, so many a transaction.
    pub(super) fn update(&mut self, ops: &[Op], a_transaction: usize) -> Result<(), Failure> {
        self.each(ops, a_transaction, |conn, op| op.write(conn))
    }

    fn each<T>(
        &mut self,
        items: &[T],
        a_transaction: usize,
        write: impl Fn(&Connection, &T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for items in items.chunks(a_transaction) {
            let transaction = self.conn.transaction()?;
            items.iter().try_for_each(|item| write(&transaction, item))?;
            transaction.commit()?;
        }
        Ok(())
    }

    /// Without the room that pages have left.
    pub(super) fn vacuum(&self) -> Result<(), Failure> {
        Ok(self.conn.execute_batch("VACUUM")?)
    }

    /// Bytes of the file, its write-ahead log brought in.
    pub(super) fn size(&self) -> Result<u64, Failure> {
        super::site::size(&self.dir.path().join("device.db"))
    }

    /// Whether the log holds as many entries as there were writes: a capture that does nothing would be cheap.
    pub(super) fn check(&self, writes: usize) -> Result<(), Failure> {
        let Some(log) = self.side.log() else { return Ok(()) };
        let logged: i64 = self.conn.query_row(&format!("SELECT count(*) FROM {log}"), [], |row| row.get(0))?;
        if logged == writes as i64 { Ok(()) } else { Err(format!("{writes} writes, but {logged} log entries").into()) }
    }
}

/// Inserts a row.
pub(super) fn insert(conn: &Connection, visit: &Visit) -> Result<(), Failure> {
    insert_as(conn, visit.id.as_bytes(), visit)
}

/// Inserts a row under this id.
fn insert_as(conn: &Connection, id: &dyn ToSql, visit: &Visit) -> Result<(), Failure> {
    let sql = "INSERT INTO visit (id, farm_id, worker, crop, notes, yield_kg, bags, status, lat, lon, recorded_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    conn.prepare_cached(sql)?.execute(params![
        id,
        visit.farm_id,
        visit.worker,
        visit.crop,
        visit.notes,
        visit.yield_kg,
        visit.bags,
        visit.status,
        visit.lat,
        visit.lon,
        visit.recorded_at,
        visit.updated_at,
    ])?;
    Ok(())
}
