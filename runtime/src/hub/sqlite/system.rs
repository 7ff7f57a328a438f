//! The hub's own tables: where it stands, which past it shares with whom.

use crate::hub::error::HubError;
use crate::sqlite::Repeated;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::fault;
use windrow_protocol::message::Past;

/// Our own tables in a hub's file, made where they are missing. For tools that show what a file is made of.
///
/// - `windrow_hub`, one row: the schema's digest and the number of its version, the last seq, the hub's HLC, the highest stamp brought, as merged.
/// - `windrow_marks`: the mark of each seq, from 0 on.
/// - `windrow_covers`: for each origin the stamp up to which the hub has its entries, and the device that brought them.
/// - `windrow_devices`: for each device its highest stamp, as merged, and when it last committed.
/// - `windrow_sessions`: what was prepared, by session id; once committed its seq instead (NULL: it changed nothing).
/// - `windrow_uploads`, `windrow_upload_parts`: what has arrived of long changesets, until they are prepared.
/// - `windrow_history`: every change that came, with what became of it.
/// - `windrow_conflicts`: the open conflicts.
///
/// Times are milliseconds since 1970, UTC.
pub const SYSTEM_TABLES: &str = "
CREATE TABLE IF NOT EXISTS windrow_hub (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  schema BLOB NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hlc INTEGER NOT NULL,
  highest INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_marks (seq INTEGER NOT NULL PRIMARY KEY, mark INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS windrow_covers (
  origin INTEGER NOT NULL PRIMARY KEY,
  upto INTEGER NOT NULL,
  device INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_devices (
  device INTEGER NOT NULL PRIMARY KEY,
  highest INTEGER NOT NULL,
  committed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_sessions (
  id BLOB NOT NULL PRIMARY KEY,
  digest BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('staged', 'done')),
  payload BLOB,
  seq INTEGER,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS windrow_sessions_at ON windrow_sessions (state, at);
CREATE TABLE IF NOT EXISTS windrow_uploads (
  id BLOB NOT NULL PRIMARY KEY,
  device INTEGER NOT NULL,
  digest BLOB NOT NULL,
  total INTEGER NOT NULL,
  received INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_upload_parts (
  id BLOB NOT NULL,
  offset INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (id, offset)
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_history (
  number INTEGER NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  tbl TEXT NOT NULL,
  record BLOB NOT NULL,
  device INTEGER NOT NULL,
  hlc INTEGER NOT NULL,
  author INTEGER NOT NULL,
  detail TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS windrow_history_record ON windrow_history (record);
CREATE TABLE IF NOT EXISTS windrow_conflicts (
  position INTEGER NOT NULL,
  record BLOB NOT NULL,
  number INTEGER NOT NULL,
  tbl TEXT NOT NULL,
  seq INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (position, record, number)
) STRICT, WITHOUT ROWID;
";

/// Makes the one row of a new hub, and the mark of seq 0.
pub(super) fn found(c: &Connection, schema: [u8; 8], version: u32, mark: Mark) -> rusqlite::Result<()> {
    let found =
        "INSERT OR IGNORE INTO windrow_hub (one, schema, version, seq, hlc, highest) VALUES (1, ?1, ?2, 0, 0, 0)";
    c.execute(found, params![schema, version])?;
    c.execute("INSERT OR IGNORE INTO windrow_marks (seq, mark) VALUES (0, ?1)", [mark.to_i64()])?;
    Ok(())
}

/// The version of the domain that the file has, and its schema's digest; none in a new file.
pub(super) fn version(c: &Connection) -> rusqlite::Result<Option<(u32, Vec<u8>)>> {
    c.query_row("SELECT version, schema FROM windrow_hub", [], |r| Ok((r.get(0)?, r.get(1)?))).optional()
}

/// The file has migrated to this version.
pub(super) fn set_version(c: &Connection, schema: [u8; 8], version: u32) -> rusqlite::Result<()> {
    c.execute("UPDATE windrow_hub SET schema = ?1, version = ?2", params![schema, version]).map(drop)
}

/// Where the hub stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The last commit.
    pub(super) head: Point,
    /// The hub's own clock.
    pub(super) hlc: Hlc,
    /// The highest stamp that any session brought, as merged.
    pub(super) highest: Hlc,
}

/// Where the hub stands, a hub of this version.
///
/// # Errors
/// A file that another program has migrated since it was opened: this one would read it by the wrong places.
pub(super) fn standing(c: &Connection, version: u32) -> Result<Standing, HubError> {
    let sql =
        "SELECT h.seq, m.mark, h.hlc, h.highest, h.version FROM windrow_hub h JOIN windrow_marks m ON m.seq = h.seq";
    let read = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?));
    let (at, mark, hlc, highest, found): (_, _, _, _, u32) = c.one(sql, [], read)?;
    if found != version {
        return Err(HubError::Outdated { found, known: version });
    }
    let head = Point { seq: seq(at)?, mark: Mark::from_i64(mark) };
    Ok(Standing { head, hlc: stamp(hlc)?, highest: stamp(highest)? })
}

/// Moves the hub on: to this commit, if it changed anything, and these clocks.
pub(super) fn advance(c: &Connection, at: Option<Point>, hlc: Hlc, highest: Hlc) -> Result<(), HubError> {
    if let Some(Point { seq, mark }) = at {
        let sql = "INSERT INTO windrow_marks (seq, mark) VALUES (?1, ?2)";
        c.run(sql, [seq.to_i64(), mark.to_i64()])?;
        c.run("UPDATE windrow_hub SET seq = ?1", [seq.to_i64()])?;
    }
    let sql = "UPDATE windrow_hub SET hlc = max(hlc, ?1), highest = max(highest, ?2)";
    c.run(sql, [hlc.to_i64(), highest.to_i64()])?;
    Ok(())
}

/// The mark of a seq; none where there is no such commit.
pub(super) fn mark(c: &Connection, seq: Seq) -> Result<Option<Mark>, HubError> {
    let sql = "SELECT mark FROM windrow_marks WHERE seq = ?1";
    let found: Option<i64> = c.one(sql, [seq.to_i64()], |r| r.get(0)).optional()?;
    Ok(found.map(Mark::from_i64))
}

/// What the hub has of the past that a device speaks of.
pub(super) fn past(
    c: &Connection,
    points: impl Iterator<Item = Point>,
    origins: impl Iterator<Item = Origin>,
) -> Result<Past, HubError> {
    let mut past = Past::default();
    for point in points {
        if mark(c, point.seq)? == Some(point.mark) {
            past.given.insert(point);
        }
    }
    for origin in origins {
        past.covers.insert(origin, cover(c, origin)?);
    }
    Ok(past)
}

fn cover(c: &Connection, origin: Origin) -> Result<Hlc, HubError> {
    let sql = "SELECT upto FROM windrow_covers WHERE origin = ?1";
    let found: Option<i64> = c.one(sql, [origin.to_i64()], |r| r.get(0)).optional()?;
    found.map_or(Ok(Hlc::ZERO), stamp)
}

/// Sets the covers to where these spans end.
pub(super) fn save_covers(c: &Connection, spans: &[Span], device: DeviceId) -> Result<(), HubError> {
    let sql = "INSERT INTO windrow_covers (origin, upto, device) VALUES (?1, ?2, ?3)
        ON CONFLICT (origin) DO UPDATE SET upto = excluded.upto, device = excluded.device";
    for span in fault!(CoverForgotten: &[][..], spans) {
        c.run(sql, [span.origin.to_i64(), span.upto.to_i64(), device.to_i64()])?;
    }
    Ok(())
}

/// Notes that a device has committed.
pub(super) fn save_device(c: &Connection, device: DeviceId, highest: Hlc, now: i64) -> Result<(), HubError> {
    let sql = "INSERT INTO windrow_devices (device, highest, committed_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (device) DO UPDATE SET highest = max(highest, excluded.highest), committed_at = excluded.committed_at";
    c.run(sql, params![device.to_i64(), highest.to_i64(), now])?;
    Ok(())
}

pub(super) fn seq(stored: i64) -> Result<Seq, HubError> {
    Seq::from_i64(stored).ok_or_else(|| HubError::Damaged("a negative seq".into()))
}

pub(super) fn stamp(stored: i64) -> Result<Hlc, HubError> {
    Hlc::from_i64(stored).ok_or_else(|| HubError::Damaged("a negative stamp".into()))
}
