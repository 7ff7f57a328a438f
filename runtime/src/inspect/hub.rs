//! A hub's file.

use super::{Size, all};
use crate::types::Timestamp;
use rusqlite::Connection;
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Point, Seq};

/// What a hub's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// The version of the domain that it has, as `windrow.lock` counts.
    pub version: u32,
    /// The digest of its schema.
    pub schema: Vec<u8>,
    /// The last commit.
    pub head: Point,
    /// The hub's own clock.
    pub clock: Hlc,
    /// Who has committed something, the last one first.
    pub devices: Vec<Known>,
    /// Changesets that were prepared and wait for their COMMIT, and their bytes.
    pub staged: (u64, u64),
    /// Open conflicts, by tables.
    pub conflicts: Vec<Conflicts>,
    /// Lines of history.
    pub history: u64,
    /// How large it is.
    pub size: Size,
}

/// A device that the hub knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The device.
    pub device: DeviceId,
    /// When it last committed something.
    pub committed: Timestamp,
    /// The highest of its stamps, as merged.
    pub highest: Hlc,
}

/// The open conflicts of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicts {
    /// The table.
    pub table: String,
    /// Records with an open conflict.
    pub records: u64,
    /// Conflicts.
    pub open: u64,
}

pub(super) fn read(conn: &Connection, size: Size) -> rusqlite::Result<Hub> {
    let hub = "SELECT h.schema, h.seq, m.mark, h.hlc, (SELECT count(*) FROM windrow_history), h.version
        FROM windrow_hub h LEFT JOIN windrow_marks m ON m.seq = h.seq";
    let staged = "SELECT count(*), ifnull(sum(length(payload)), 0) FROM windrow_sessions WHERE state = 'staged'";
    let count = |row: &rusqlite::Row<'_>, at| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.unsigned_abs());
    let staged = conn.query_row(staged, [], |row| Ok((count(row, 0)?, count(row, 1)?)))?;
    let (devices, conflicts) = (devices(conn)?, conflicts(conn)?);
    conn.query_row(hub, [], |row| {
        let seq = Seq::from_i64(row.get(1)?).unwrap_or_default();
        let mark = row.get::<_, Option<i64>>(2)?.unwrap_or(0);
        Ok(Hub {
            version: row.get(5)?,
            schema: row.get(0)?,
            head: Point { seq, mark: Mark::from_i64(mark) },
            clock: Hlc::from_i64(row.get(3)?).unwrap_or(Hlc::ZERO),
            devices,
            staged,
            conflicts,
            history: count(row, 4)?,
            size,
        })
    })
}

fn devices(conn: &Connection) -> rusqlite::Result<Vec<Known>> {
    let sql = "SELECT device, committed_at, highest FROM windrow_devices ORDER BY committed_at DESC, device";
    all(conn, sql, |row| {
        Ok(Known {
            device: DeviceId::from_i64(row.get(0)?).unwrap_or(DeviceId::ZERO),
            committed: Timestamp::from_millis(row.get(1)?),
            highest: Hlc::from_i64(row.get(2)?).unwrap_or(Hlc::ZERO),
        })
    })
}

fn conflicts(conn: &Connection) -> rusqlite::Result<Vec<Conflicts>> {
    let sql = "SELECT tbl, count(DISTINCT record), count(*) FROM windrow_conflicts GROUP BY tbl ORDER BY tbl";
    all(conn, sql, |row| {
        let (records, open): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Conflicts { table: row.get(0)?, records: records.unsigned_abs(), open: open.unsigned_abs() })
    })
}
