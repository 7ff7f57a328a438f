//! Whose the log's entries are, and which of them the hub has.

use super::error::StoreError;
use super::log::{self, Place};
use super::plan::Plan;
use super::state;
use crate::sqlite::Repeated;
use rusqlite::{Connection, params};
use windrow_protocol::clock::{Hlc, Origin};
use windrow_protocol::fault;

/// The entries of one origin: a stretch of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) origin: Origin,
    /// The stamp before its first.
    pub(super) before: Hlc,
    /// The last stamp that would be its own.
    pub(super) last: Hlc,
    /// The stamp up to which the hub has its entries.
    pub(super) hub_has: Hlc,
    /// Whether no checkpoint vouches for that yet.
    pub(super) unsure: bool,
}

impl Stretch {
    /// The stamps after which, and up to which, entries are pending.
    pub(super) fn pending(&self) -> (Hlc, Hlc) {
        (self.before.max(self.hub_has), self.last)
    }

    /// The stamps after which, and up to which, the hub has the entries.
    pub(super) fn acknowledged(&self) -> (Hlc, Hlc) {
        (self.before, self.last.min(self.hub_has))
    }
}

/// All origins of the file, in order of their stamps.
pub(super) fn stretches(conn: &Connection) -> Result<Vec<Stretch>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT first, origin, hub_has, unsure FROM windrow_origins ORDER BY first DESC")?;
    let rows =
        query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?)))?;
    let (mut stretches, mut last) = (Vec::new(), i64::MAX);
    for row in rows {
        let (first, origin, hub_has, unsure) = row?;
        let (before, hub_has) = (stamp(first.saturating_sub(1))?, stamp(hub_has)?);
        stretches.push(Stretch { origin: Origin::from_i64(origin), before, last: stamp(last)?, hub_has, unsure });
        last = before.to_i64();
    }
    stretches.reverse();
    Ok(stretches)
}

fn stamp(stored: i64) -> Result<Hlc, StoreError> {
    Hlc::from_i64(stored).ok_or_else(|| StoreError::Damaged("windrow_origins holds a negative stamp".into()))
}

/// Draws the origin of whoever writes from now on. A last one without entries is forgotten.
pub(super) fn draw(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    if let Some(last) = stretches(conn)?.last()
        && last.hub_has == Hlc::ZERO
        && log::is_empty(conn, plan, last.before, last.last)?
    {
        conn.run("DELETE FROM windrow_origins WHERE first = ?1", [last.before.next().to_i64()])?;
    }
    fault!(OriginKept: if !stretches(conn)?.is_empty() { return Ok(()) });
    // From here on stamps are looked for behind what is there now.
    let last = log::last(conn)?;
    log::note(conn, last)?;
    let first = last.clock.next().to_i64();
    let add = "INSERT INTO windrow_origins (first, origin) VALUES (?1, ?2)";
    conn.run(add, params![first, state::random()? as i64])?;
    Ok(())
}

/// The author of what is folded now: the last origin.
pub(super) fn author(stretches: &[Stretch]) -> Result<Origin, StoreError> {
    let last = stretches.last().ok_or_else(|| StoreError::Damaged("windrow_origins has no row".into()))?;
    Ok(last.origin)
}

/// The hub has an origin's entries up to this stamp; no checkpoint vouches for it yet.
pub(super) fn acknowledge(conn: &Connection, origin: Origin, upto: Hlc) -> Result<(), StoreError> {
    begin_behind(conn, upto)?;
    let note = "UPDATE windrow_origins SET hub_has = max(hub_has, ?2), unsure = 1 WHERE origin = ?1";
    Ok(conn.run(note, [origin.to_i64(), upto.to_i64()]).map(drop)?)
}

/// The hub has an origin's entries up to exactly this stamp, more or fewer than was believed; no checkpoint vouches for it.
pub(super) fn take_over(conn: &Connection, origin: Origin, upto: Hlc) -> Result<(), StoreError> {
    begin_behind(conn, upto)?;
    let note = "UPDATE windrow_origins SET hub_has = ?2, unsure = 1 WHERE origin = ?1";
    Ok(conn.run(note, [origin.to_i64(), upto.to_i64()]).map(drop)?)
}

/// What is pending is looked for behind the last entry that the hub has.
fn begin_behind(conn: &Connection, upto: Hlc) -> Result<(), StoreError> {
    let has = log::find(conn, upto)?;
    Ok(log::note(conn, Place { clock: has.stamp, ..has })?)
}

/// A checkpoint of after the last acknowledgement vouches for all.
pub(super) fn vouch(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_origins SET unsure = 0 WHERE unsure <> 0", []).map(|_| ())
}

/// Forgets an origin whose entries are all gone.
pub(super) fn forget(conn: &Connection, stretch: &Stretch) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_origins WHERE first = ?1", [stretch.before.next().to_i64()]).map(|_| ())
}
