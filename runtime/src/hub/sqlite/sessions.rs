//! What was prepared, and what became of it, by session id.

use super::system::seq;
use crate::hub::error::HubError;
use crate::sqlite::Repeated;
use rusqlite::{Connection, params};
use std::time::Duration;
use windrow_protocol::clock::Seq;
use windrow_protocol::fault;
use windrow_protocol::message::{Digest, SessionId};

/// What the hub knows of a session.
#[derive(Debug)]
pub(super) enum Session {
    /// Nothing, or no longer.
    Unknown,
    /// This id stands for another payload.
    Reused,
    /// Prepared, its payload kept.
    Staged(Vec<u8>),
    /// Committed, under this seq; none where it changed nothing.
    Done(Option<Seq>),
}

/// How long sessions are kept, and how much of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    /// What was prepared and never committed, or has not arrived whole, counted from its last chunk.
    pub(super) staged: Duration,
    /// What became of a commit. Covers protect against a replay even later.
    pub(super) outcomes: Duration,
    /// Bytes of all changesets that arrive in chunks, together.
    pub(super) uploads: i64,
    /// Bytes of one.
    pub(super) longest_upload: u32,
}

impl Keeping {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// Long enough for a device that is out of reach for a while.
    pub(super) const DEFAULT: Keeping = Keeping {
        staged: Self::DAY.saturating_mul(7),
        outcomes: Self::DAY.saturating_mul(30),
        uploads: 1 << 30,
        longest_upload: 32 << 20,
    };
}

/// Looks a session up, as it stands at `now`.
pub(super) fn find(
    c: &Connection,
    id: SessionId,
    digest: Digest,
    keeping: &Keeping,
    now: i64,
) -> Result<Session, HubError> {
    let sql = "SELECT digest, state = 'done', payload, seq FROM windrow_sessions
        WHERE id = ?1 AND (state = 'done' OR at > ?2)";
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params![id.0, before(now, keeping.staged)])?;
    let Some(row) = rows.next()? else { return Ok(Session::Unknown) };
    Ok(match (row.get::<_, [u8; 16]>(0)?, row.get(1)?) {
        (of, _) if fault!(ReuseUnnoticed: false, of != digest.0) => Session::Reused,
        (_, true) => Session::Done(row.get::<_, Option<i64>>(3)?.map(seq).transpose()?),
        (_, false) => Session::Staged(row.get(2)?),
    })
}

/// Keeps a payload for its COMMIT. Prepared again, it is kept longer.
pub(super) fn stage(c: &Connection, id: SessionId, digest: Digest, payload: &[u8], now: i64) -> Result<(), HubError> {
    let sql = "INSERT INTO windrow_sessions (id, digest, state, payload, at) VALUES (?1, ?2, 'staged', ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, payload = excluded.payload, at = excluded.at";
    c.run(sql, params![id.0, digest.0, payload, now])?;
    Ok(())
}

/// Records the outcome of a commit; its payload is not needed any more.
pub(super) fn finish(c: &Connection, id: SessionId, at: Option<Seq>, now: i64) -> Result<(), HubError> {
    let sql = "UPDATE windrow_sessions SET state = 'done', payload = NULL, seq = ?2, at = ?3 WHERE id = ?1";
    c.run(sql, params![id.0, at.map(Seq::to_i64), now])?;
    Ok(())
}

/// Forgets a session that was refused: the rest of it comes under another id.
pub(super) fn discard(c: &Connection, id: SessionId) -> Result<(), HubError> {
    c.run("DELETE FROM windrow_sessions WHERE id = ?1", [id.0])?;
    Ok(())
}

/// Forgets, in a small step, what has been kept for long enough.
pub(super) fn forget(c: &Connection, keeping: &Keeping, now: i64) -> Result<(), HubError> {
    let sql = "DELETE FROM windrow_sessions WHERE id IN
        (SELECT id FROM windrow_sessions WHERE state = ?1 AND at <= ?2 ORDER BY at LIMIT 100)";
    for (state, kept) in [("staged", keeping.staged), ("done", keeping.outcomes)] {
        c.run(sql, params![state, before(now, kept)])?;
    }
    Ok(())
}

pub(super) fn before(now: i64, kept: Duration) -> i64 {
    now.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
}
