//! How it stands with the device.

use super::error::StoreError;
use super::plan::Plan;
use super::{Store, conflicts, log, origins, refused, state};
use crate::types::Timestamp;
use rusqlite::Connection;
use std::collections::HashSet;
use windrow_protocol::clock::{DeviceId, Hlc, Point, Seq};
use windrow_protocol::log::Op;
use windrow_protocol::value::Value;

/// How it stands with the device, as far as its file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The device.
    pub device: DeviceId,
    /// Records with writes that the hub has not acknowledged.
    pub pending_records: u64,
    /// Those writes.
    pub pending_entries: u64,
    /// About how many bytes these are, before they are folded and compressed.
    pub pending_bytes: u64,
    /// Changes that were refused and not dismissed.
    pub refused: u64,
    /// Conflicts that are open and unanswered.
    pub conflicts: u64,
    /// Up to where everything of the hub's is applied.
    pub checkpoint: Point,
    /// The device's last stamp.
    pub clock: Hlc,
    /// When the hub last answered.
    pub last_contact: Option<Timestamp>,
    /// Whether the hub was found to have lost some of its past, and what it has now is not applied yet.
    pub recovering: bool,
    /// Whether the hub's answer would delete so much that it waits for [`Store::confirm_deletion`].
    pub waits: bool,
    /// When all tables were last found equal to the hub's: see [`Store::verify`].
    pub verified: Option<Timestamp>,
    /// When a table was last found not to be.
    pub differed: Option<Timestamp>,
    /// The size of the file, without its write-ahead log, in bytes.
    pub bytes: u64,
}

/// What the hub has not acknowledged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waits {
    pub(crate) entries: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Waits {
    fn read(conn: &Connection, plan: &Plan) -> Result<Waits, StoreError> {
        let (mut waits, mut records) = (Waits::default(), HashSet::new());
        log::visit_pending(conn, plan, &origins::stretches(conn)?, |entry| {
            records.insert((entry.table, entry.id));
            waits.entries += 1;
            waits.bytes += weight(&entry.op) as u64;
        })?;
        Ok(Waits { records: records.len() as u64, ..waits })
    }
}

/// About how many bytes an entry takes, its id and stamp included.
fn weight(op: &Op) -> usize {
    let values: usize = match op {
        Op::Insert(values) => values.iter().map(Value::weight).sum(),
        Op::Update(fields) | Op::Resolve(_, fields) => fields.iter().map(|(_, value)| value.weight()).sum(),
        Op::Delete(_) | Op::Cascade { .. } | Op::Stale { .. } => 0,
    };
    16 + values
}

impl Store {
    /// How it stands with the device.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn status(&self) -> Result<Status, StoreError> {
        self.snapshot(|conn, plan| {
            let state = state::read(conn)?;
            let pending = Waits::read(conn, plan)?;
            let found = "SELECT brake = 1, verified, differed FROM windrow_device";
            let (waits, verified, differed): (bool, Option<i64>, Option<i64>) =
                conn.query_row(found, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(Status {
                device: state.device,
                pending_records: pending.records,
                pending_entries: pending.entries,
                pending_bytes: pending.bytes,
                refused: refused::count(conn)?,
                conflicts: conflicts::count(conn)?,
                checkpoint: state.checkpoint,
                clock: log::clock(conn)?,
                last_contact: state.contact.map(Timestamp::from_millis),
                recovering: state.recovering,
                waits,
                verified: verified.map(Timestamp::from_millis),
                differed: differed.map(Timestamp::from_millis),
                bytes: bytes(conn)?,
            })
        })
    }

    /// The seq up to which everything of the hub's is applied.
    pub(crate) fn checkpoint_seq(&self) -> Result<Seq, StoreError> {
        self.snapshot(|conn, _| Ok(state::read(conn)?.checkpoint.seq))
    }

    /// What waits to be sent, and when all was last found equal.
    pub(crate) fn waits(&self) -> Result<(Waits, Option<Timestamp>), StoreError> {
        self.snapshot(|conn, plan| {
            let verified: Option<i64> = conn.query_row("SELECT verified FROM windrow_device", [], |row| row.get(0))?;
            Ok((Waits::read(conn, plan)?, verified.map(Timestamp::from_millis)))
        })
    }

    /// How many writes the hub has not acknowledged.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pending(&self) -> Result<u64, StoreError> {
        self.snapshot(|conn, plan| {
            let mut pending = 0;
            log::visit_pending(conn, plan, &origins::stretches(conn)?, |_| pending += 1)?;
            Ok(pending)
        })
    }
}

fn bytes(conn: &Connection) -> rusqlite::Result<u64> {
    let pages: i64 = conn.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let size: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok((pages * size).unsigned_abs())
}
