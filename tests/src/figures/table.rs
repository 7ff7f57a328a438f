//! The table on a device, captured or plain, and the statements that write to it.

use super::Failure;
use super::visit::{FIGURES, Visit};
use super::workload::Op;
use std::path::Path;
use tempfile::TempDir;
use windrow::Store;
use windrow::rusqlite::{Connection, params};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Without a log and triggers.
    Plain,
    /// As Windrow makes it.
    Captured,
}

/// What the plain table has in common with the captured one: its text, and how SQLite treats the file.
#[derive(Debug)]
pub(super) struct Plan {
    create: String,
    pragmas: String,
}

impl Plan {
    /// Reads both from a device's file.
    pub(super) fn read(store: &Store) -> Result<Plan, Failure> {
        let conn = store.connection()?;
        let text = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'visit'";
        let create = conn.query_row(text, [], |row| row.get(0))?;
        let names = ["page_size", "journal_mode", "synchronous", "foreign_keys", "cache_size"];
        let pragma = |name| {
            let sql = format!("SELECT 'PRAGMA {name} = ' || {name} || ';' FROM pragma_{name}");
            conn.query_row(&sql, [], |row| row.get::<_, String>(0))
        };
        Ok(Plan { create, pragmas: names.into_iter().map(pragma).collect::<Result<_, _>>()? })
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
    pub(super) fn create(dir: &Path, plan: &Plan, side: Side) -> Result<Table, Failure> {
        let dir = tempfile::tempdir_in(dir)?;
        let path = dir.path().join("device.db");
        let conn = match side {
            Side::Captured => Store::open(&path, &FIGURES)?.connection()?,
            Side::Plain => plain(&path, plan)?,
        };
        Ok(Table { side, conn, dir })
    }

    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// Inserts these rows, so many a transaction.
    pub(super) fn insert(&mut self, rows: &[Visit], a_transaction: usize) -> Result<(), Failure> {
        self.each(rows, a_transaction, insert)
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
        let path = self.dir.path().join("device.db");
        super::site::checkpoint(&path)?;
        Ok(std::fs::metadata(path)?.len())
    }

    /// Whether the log holds as many entries as there were writes: a capture that does nothing would be cheap.
    pub(super) fn check(&self, writes: usize) -> Result<(), Failure> {
        if self.side == Side::Plain {
            return Ok(());
        }
        let logged: i64 = self.conn.query_row("SELECT count(*) FROM windrow_log_visit", [], |row| row.get(0))?;
        if logged == writes as i64 { Ok(()) } else { Err(format!("{writes} writes, but {logged} log entries").into()) }
    }
}

fn plain(path: &Path, plan: &Plan) -> Result<Connection, Failure> {
    let conn = Connection::open(path)?;
    conn.execute_batch(&plan.pragmas)?;
    conn.execute_batch(&plan.create)?;
    Ok(conn)
}

/// Inserts a row.
pub(super) fn insert(conn: &Connection, visit: &Visit) -> Result<(), Failure> {
    let sql = "INSERT INTO visit (id, farm_id, worker, crop, notes, yield_kg, bags, status, lat, lon, recorded_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    conn.prepare_cached(sql)?.execute(params![
        visit.id.as_bytes(),
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
