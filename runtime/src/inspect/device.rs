//! A device's file.

use super::{Size, all, id};
use crate::types::Timestamp;
use rusqlite::{Connection, Row};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Point, Seq};
use windrow_protocol::id::RecordId;

/// What a device's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The device.
    pub device: DeviceId,
    /// The version of the domain that it has, as `windrow.lock` counts.
    pub version: u32,
    /// The digest of what it was last opened with.
    pub opened_with: Vec<u8>,
    /// Up to where everything of the hub's is applied.
    pub checkpoint: Point,
    /// The device's last stamp.
    pub clock: Hlc,
    /// What the hub has not acknowledged, by tables.
    pub pending: Vec<Pending>,
    /// The changeset under way.
    pub outbox: Option<Outbox>,
    /// Pages of an answer that are kept and not yet applied.
    pub inbox: u64,
    /// Changes that the hub refused.
    pub refused: Vec<Refused>,
    /// Open conflicts.
    pub conflicts: Vec<Open>,
    /// When the hub last answered.
    pub last_contact: Option<Timestamp>,
    /// When all tables were last found equal to the hub's.
    pub verified: Option<Timestamp>,
    /// When a table was last found not to be.
    pub differed: Option<Timestamp>,
    /// Whether the hub was found to have lost some of its past, and what it has now is not applied yet.
    pub recovering: bool,
    /// Whether an answer waits for somebody to confirm that it may delete so much.
    pub waits: bool,
    /// How large it is.
    pub size: Size,
}

/// What is pending of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The table.
    pub table: String,
    /// Records with writes that the hub has not acknowledged.
    pub records: u64,
    /// Those writes.
    pub entries: u64,
    /// When the first of them was made, by the device's clock.
    pub since: Timestamp,
}

/// A changeset under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    /// Its bytes.
    pub bytes: u64,
    /// Whether the hub is known to have it, though not to have committed it.
    pub prepared: bool,
}

/// A refused change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its number, by which it is dismissed.
    pub number: i64,
    /// Its table.
    pub table: String,
    /// Its record.
    pub record: RecordId,
    /// The field, if it is about one.
    pub field: Option<String>,
    /// Why, as programs read it.
    pub code: String,
    /// Why, and what to do.
    pub sentence: String,
    /// When.
    pub at: Timestamp,
}

/// An open conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The table.
    pub table: String,
    /// The record.
    pub record: RecordId,
    /// `fields`, `delete` or `unique`.
    pub about: String,
    /// The names of its fields, a JSON array.
    pub fields: String,
    /// Whether somebody answered it here, and the hub has not said yet what became of that.
    pub answered: bool,
}

pub(super) fn format(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT format FROM windrow_state", [], |row| row.get(0))
}

pub(super) fn read(conn: &Connection, size: Size) -> rusqlite::Result<Device> {
    let state = "SELECT device, schema, checkpoint, mark, contact, verified, differed, recovering, brake = 1,
        (SELECT count(*) FROM windrow_inbox), version FROM windrow_state, windrow_device";
    let clock = "SELECT max(coalesce(max(clock), 0), (SELECT coalesce(max(stamp), 0) FROM windrow_changelog)) FROM windrow_clock";
    let clock = conn.query_row(clock, [], |row| stamp(row, 0))?;
    let (pending, outbox, refused, conflicts) = (pending(conn)?, outbox(conn)?, refused(conn)?, conflicts(conn)?);
    conn.query_row(state, [], |row| {
        let seq = Seq::from_i64(row.get(2)?).unwrap_or_default();
        Ok(Device {
            device: DeviceId::from_i64(row.get(0)?).unwrap_or(DeviceId::ZERO),
            version: row.get(10)?,
            opened_with: row.get(1)?,
            checkpoint: Point { seq, mark: Mark::from_i64(row.get(3)?) },
            clock,
            pending,
            outbox,
            inbox: row.get::<_, i64>(9)?.unsigned_abs(),
            refused,
            conflicts,
            last_contact: time(row, 4)?,
            verified: time(row, 5)?,
            differed: time(row, 6)?,
            recovering: row.get(7)?,
            waits: row.get(8)?,
            size,
        })
    })
}

/// The view of all logs knows each entry's origin.
fn pending(conn: &Connection) -> rusqlite::Result<Vec<Pending>> {
    let sql = "SELECT \"table\", count(DISTINCT record), count(*), min(stamp) FROM windrow_changelog
        JOIN windrow_origins USING (origin) WHERE stamp > hub_has GROUP BY \"table\" ORDER BY \"table\"";
    all(conn, sql, |row| {
        let (records, entries): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Pending {
            table: row.get(0)?,
            records: records.unsigned_abs(),
            entries: entries.unsigned_abs(),
            since: Timestamp::from_millis(stamp(row, 3)?.millis()),
        })
    })
}

fn outbox(conn: &Connection) -> rusqlite::Result<Option<Outbox>> {
    let read = |row: &Row<'_>| Ok(Outbox { bytes: row.get::<_, i64>(0)?.unsigned_abs(), prepared: row.get(1)? });
    Ok(all(conn, "SELECT length(payload), prepared FROM windrow_outbox", read)?.pop())
}

fn refused(conn: &Connection) -> rusqlite::Result<Vec<Refused>> {
    let sql = "SELECT number, \"table\", record, field, code, sentence, at FROM windrow_refused ORDER BY number";
    all(conn, sql, |row| {
        Ok(Refused {
            number: row.get(0)?,
            table: row.get(1)?,
            record: id(row, 2)?,
            field: row.get(3)?,
            code: row.get(4)?,
            sentence: row.get(5)?,
            at: Timestamp::from_millis(row.get(6)?),
        })
    })
}

fn conflicts(conn: &Connection) -> rusqlite::Result<Vec<Open>> {
    let sql =
        "SELECT \"table\", record, about, fields, answered IS NOT NULL FROM windrow_conflicts ORDER BY 1, 2, 3, 4";
    all(conn, sql, |row| {
        let (table, record, about) = (row.get(0)?, id(row, 1)?, row.get(2)?);
        Ok(Open { table, record, about, fields: row.get(3)?, answered: row.get(4)? })
    })
}

fn stamp(row: &Row<'_>, at: usize) -> rusqlite::Result<Hlc> {
    Ok(Hlc::from_i64(row.get(at)?).unwrap_or(Hlc::ZERO))
}

fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis))
}
