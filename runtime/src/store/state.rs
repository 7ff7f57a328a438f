//! The one row of `windrow_state`, that of `windrow_device`, and the points beside them.

use super::error::{AnswerError, StoreError};
use super::log::{self, Place};
use super::objects;
use super::plan::Plan;
use super::system::FORMAT;
use crate::clock;
use crate::sqlite::Repeated;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Point, Seq};

/// What the two rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) device: DeviceId,
    pub(super) checkpoint: Point,
    /// How many steps of sessions there were.
    pub(super) turn: i64,
    /// When the hub last answered, in milliseconds since 1970.
    pub(super) contact: Option<i64>,
    /// Whether the hub has lost some of its past, and what it has now is not applied yet.
    pub(super) recovering: bool,
}

/// 64 random bits.
pub(super) fn random() -> Result<u64, StoreError> {
    Ok(getrandom::u64()?)
}

/// Writes both rows of a new file, for a device that nobody has met.
pub(super) fn create(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    // 63 bits, and never 0: that is the hub.
    let device = (random()? >> 1).max(1);
    let state = "INSERT INTO windrow_state (one, base, applying, device, format) VALUES (1, 0, 0, ?1, ?2)";
    conn.run(state, [device as i64, FORMAT])?;
    conn.run("INSERT INTO windrow_device (one, schema, version, model) VALUES (1, x'', 0, x'')", [])?;
    note_opened(conn, plan)
}

/// Whether the file was last opened with all that this program wants in it; if not, it is noted.
pub(super) fn same_schema(conn: &Connection, plan: &Plan) -> Result<bool, StoreError> {
    let sql = "SELECT schema = ?1 AND version = ?2 FROM windrow_device";
    let same: bool = conn.one(sql, params![objects::digest(plan).0, plan.domain.version()], |row| row.get(0))?;
    if !same {
        note_opened(conn, plan)?;
    }
    Ok(same)
}

fn note_opened(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    let (schema, version) = (objects::digest(plan).0, plan.domain.version());
    let set = "UPDATE windrow_device SET schema = ?1, version = ?2, model = ?3";
    conn.run(set, params![schema, version, plan.schema.digest()])?;
    let note = "INSERT INTO windrow_migrations (schema, version, at) VALUES (?1, ?2, ?3)";
    conn.run(note, params![schema, version, clock::now_ms()])?;
    Ok(())
}

/// The domain's version that the file has, and the digest of its model.
pub(super) fn version(conn: &Connection) -> Result<(u32, Vec<u8>), StoreError> {
    Ok(conn.one("SELECT version, model FROM windrow_device", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Reads both rows.
pub(super) fn read(conn: &Connection) -> Result<State, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT device, checkpoint, mark, turn, contact, recovering FROM windrow_state, windrow_device",
    )?;
    let row =
        query.query_row([], |row| Ok((row.get::<_, i64>(0)?, point(row, 1)?, row.get(3)?, row.get(4)?, row.get(5)?)));
    let (device, checkpoint, turn, contact, recovering) =
        row.optional()?.ok_or_else(|| StoreError::Damaged("windrow_state or windrow_device has no row".into()))?;
    let negative = || StoreError::Damaged("windrow_state holds a negative number".into());
    let device = DeviceId::from_i64(device).ok_or_else(negative)?;
    Ok(State { device, checkpoint, turn, contact, recovering })
}

/// What writes from here on have seen.
pub(super) fn set_base(conn: &Connection, base: Seq) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_state SET base = ?1", [base.to_i64()]).map(|_| ())
}

/// Silences the triggers, or lets them speak again. Only within a transaction.
pub(super) fn set_applying(conn: &Connection, applying: bool) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_state SET applying = ?1", [applying]).map(|_| ())
}

/// Moves the checkpoint; the one before is kept among the earlier ones.
pub(super) fn move_checkpoint(conn: &Connection, from: Point, to: Point) -> rusqlite::Result<()> {
    if from != to && from != Point::START {
        let earlier = "INSERT OR REPLACE INTO windrow_checkpoints (seq, mark) VALUES (?1, ?2)";
        conn.run(earlier, [from.seq.to_i64(), from.mark.to_i64()])?;
    }
    set_checkpoint(conn, to)?;
    thin_checkpoints(conn, to)
}

fn set_checkpoint(conn: &Connection, to: Point) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_device SET checkpoint = ?1, mark = ?2", [to.seq.to_i64(), to.mark.to_i64()])?;
    set_base(conn, to.seq)
}

/// All checkpoints of this file, the present one last.
pub(super) fn checkpoints(conn: &Connection) -> Result<Vec<Point>, StoreError> {
    let mut query = conn.prepare_cached("SELECT seq, mark FROM windrow_checkpoints ORDER BY seq")?;
    let mut points = query.query_map([], |row| point(row, 0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    points.push(read(conn)?.checkpoint);
    Ok(points)
}

/// Goes back to an earlier checkpoint, or to before the first contact. What came after it, the hub has lost.
pub(super) fn go_back(conn: &Connection, to: Point) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_checkpoints WHERE seq >= ?1", [to.seq.to_i64()])?;
    conn.run("DELETE FROM windrow_own WHERE seq > ?1", [to.seq.to_i64()])?;
    conn.run("UPDATE windrow_device SET recovering = 1, brake = 0", [])?;
    set_checkpoint(conn, to)
}

/// More earlier checkpoints than this are thinned: the farther back, the fewer.
const CHECKPOINTS: usize = 256;

/// Keeps of the earlier checkpoints the last of each eighth of a doubling of their distance. A restored hub is then met a
/// little farther back than need be.
fn thin_checkpoints(conn: &Connection, head: Point) -> rusqlite::Result<()> {
    let count = "SELECT count(*) FROM windrow_checkpoints";
    if conn.one(count, [], |row| row.get::<_, i64>(0))? <= CHECKPOINTS as i64 {
        return Ok(());
    }
    let mut query = conn.prepare_cached("SELECT seq FROM windrow_checkpoints ORDER BY seq DESC")?;
    let seqs = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    let eighth = |seq: i64| ((head.seq.to_i64().saturating_sub(seq).max(1) as f64).log2() * 8.0) as i64;
    for pair in seqs.windows(2).filter(|pair| eighth(pair[0]) == eighth(pair[1])) {
        conn.run("DELETE FROM windrow_checkpoints WHERE seq = ?1", [pair[1]])?;
    }
    Ok(())
}

/// The last millisecond of the year 9999: SQLite's clock goes no further, and stamps have room above it.
const LAST_MILLISECOND: i64 = 253_402_300_799_999;

/// The device's clock is never behind a stamp that it has heard of.
pub(super) fn raise_hlc(conn: &Connection, heard: Hlc) -> Result<(), StoreError> {
    if heard.millis() > LAST_MILLISECOND {
        return Err(AnswerError::Clock.into());
    }
    let last = log::last(conn)?;
    Ok(log::note(conn, Place { clock: last.clock.max(heard), ..last })?)
}

/// The hub has answered just now.
pub(super) fn note_contact(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_device SET contact = ?1", [clock::now_ms()]).map(|_| ())
}

/// The commits of this file, ascending.
pub(super) fn own(conn: &Connection) -> rusqlite::Result<Vec<Point>> {
    let mut query = conn.prepare_cached("SELECT seq, mark FROM windrow_own ORDER BY seq")?;
    query.query_map([], |row| point(row, 0))?.collect()
}

/// Adds a commit of this file.
pub(super) fn add_own(conn: &Connection, at: Point) -> rusqlite::Result<()> {
    let add = "INSERT OR REPLACE INTO windrow_own (seq, mark) VALUES (?1, ?2)";
    conn.run(add, [at.seq.to_i64(), at.mark.to_i64()]).map(|_| ())
}

/// Forgets the commits up to here.
pub(super) fn trim_own(conn: &Connection, upto: Seq) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_own WHERE seq <= ?1", [upto.to_i64()]).map(|_| ())
}

/// A point in two columns.
fn point(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Point> {
    let seq: i64 = row.get(at)?;
    let seq = Seq::from_i64(seq).ok_or(rusqlite::Error::IntegralValueOutOfRange(at, seq))?;
    Ok(Point { seq, mark: Mark::from_i64(row.get(at + 1)?) })
}
