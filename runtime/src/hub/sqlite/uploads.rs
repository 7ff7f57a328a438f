//! UPLOAD: a long changeset arrives in chunks, each kept where it belongs, until PREPARE can judge it.

use super::sessions::{self, Keeping, Session};
use super::shared::Shared;
use crate::hub::error::HubError;
use crate::sqlite::Repeated;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::chunk::{Chunk, Parcel};
use windrow_protocol::fault;
use windrow_protocol::message::{Answer, Digest, Prepare, Problem, ProblemKind, SessionId};

/// Changesets that one device may have on the way at once. It needs one; an older one is of a file that was put back.
const MOST_OF_ONE: i64 = 2;

/// What has come of an upload so far.
#[derive(Debug)]
pub(super) enum Kept {
    /// Nothing more to do.
    Answered(Answer),
    /// All of it is here, and to be judged.
    Whole(Prepare),
}

/// Keeps what a chunk brings, in the writer's transaction. Bytes that are here already are not written again; those that
/// would leave a gap are not kept.
pub(super) fn keep(shared: &Shared, c: &Connection, chunk: &Chunk) -> Result<Kept, HubError> {
    let (parcel, now) = (&chunk.parcel, shared.now());
    match sessions::find(c, parcel.session, parcel.digest, &shared.keeping, now)? {
        Session::Done(_) | Session::Staged(_) => return Ok(Kept::Answered(Answer::Prepared)),
        Session::Reused => return Ok(Kept::Answered(Answer::Reused)),
        Session::Unknown => {}
    }
    forget_old(c, &shared.keeping, now)?;
    let has = match find(c, parcel, sessions::before(now, shared.keeping.staged))? {
        Found::Other => return Ok(Kept::Answered(Answer::Reused)),
        Found::Has(has) => has,
        Found::Nothing if chunk.bytes.is_empty() => return Ok(Kept::Answered(Answer::Received(0))),
        Found::Nothing => begin(shared, c, parcel, now)?,
    };
    let has = append(c, chunk, has, now)?;
    if has < parcel.total {
        return Ok(Kept::Answered(Answer::Received(has)));
    }
    let payload = payload(c, parcel)?;
    if Digest::of(&payload) != parcel.digest {
        forget(c, parcel.session)?;
        return Ok(Kept::Answered(Answer::Received(0)));
    }
    Ok(Kept::Whole(Prepare { session: parcel.session, payload }))
}

/// What is here of an upload.
enum Found {
    Nothing,
    /// Of another payload, under the same id.
    Other,
    /// Its bytes up to here.
    Has(u32),
}

/// What of it came later than `since`.
fn find(c: &Connection, parcel: &Parcel, since: i64) -> Result<Found, HubError> {
    let sql = "SELECT device = ?2 AND digest = ?3 AND total = ?4, received, at FROM windrow_uploads WHERE id = ?1";
    let of = params![parcel.session.0, parcel.device.to_i64(), parcel.digest.0, parcel.total];
    let found = c.one(sql, of, |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, i64>(2)?))).optional()?;
    Ok(match found {
        None => Found::Nothing,
        Some((_, _, at)) if at <= since => {
            forget(c, parcel.session)?;
            Found::Nothing
        }
        Some((true, has, _)) => Found::Has(has),
        Some((false, ..)) => Found::Other,
    })
}

/// Begins an upload, if there is room for it.
fn begin(shared: &Shared, c: &Connection, parcel: &Parcel, now: i64) -> Result<u32, HubError> {
    let most = shared.keeping.longest_upload;
    if parcel.total > most || parcel.total == 0 {
        let detail = format!("A changeset of {} bytes; the hub takes up to {most} at once.", parcel.total);
        return Err(Problem::new(ProblemKind::TooLarge, detail).into());
    }
    let older = "SELECT id FROM windrow_uploads WHERE device = ?1 ORDER BY at DESC, id LIMIT -1 OFFSET ?2";
    for id in ids(c, older, params![parcel.device.to_i64(), MOST_OF_ONE - 1])? {
        forget(c, id)?;
    }
    let promised: i64 = c.one("SELECT coalesce(sum(total), 0) FROM windrow_uploads", [], |r| r.get(0))?;
    if promised.saturating_add(parcel.total.into()) > shared.keeping.uploads {
        return Err(HubError::Busy);
    }
    let sql = "INSERT INTO windrow_uploads (id, device, digest, total, received, at) VALUES (?1, ?2, ?3, ?4, 0, ?5)";
    c.run(sql, params![parcel.session.0, parcel.device.to_i64(), parcel.digest.0, parcel.total, now])?;
    Ok(0)
}

/// Adds what is new of a chunk; up to where the bytes are here then.
fn append(c: &Connection, chunk: &Chunk, has: u32, now: i64) -> Result<u32, HubError> {
    let known = has.checked_sub(chunk.offset).map_or(usize::MAX, |known| known as usize);
    let room = (chunk.parcel.total - has) as usize;
    let new = chunk.bytes.get(known..).unwrap_or_default();
    let new = &new[..new.len().min(room)];
    if new.is_empty() {
        return Ok(has);
    }
    let upto = has + u32::try_from(new.len()).unwrap_or(0);
    let add = "INSERT INTO windrow_upload_parts (id, offset, bytes) VALUES (?1, ?2, ?3)";
    c.run(add, params![chunk.parcel.session.0, has, new])?;
    c.run(
        "UPDATE windrow_uploads SET received = ?2, at = ?3 WHERE id = ?1",
        params![chunk.parcel.session.0, upto, now],
    )?;
    Ok(fault!(ChunkCountedTwice: upto.saturating_add(1).min(chunk.parcel.total), upto))
}

fn payload(c: &Connection, parcel: &Parcel) -> Result<Vec<u8>, HubError> {
    let mut payload = Vec::with_capacity(parcel.total as usize);
    let mut parts = c.prepare_cached("SELECT bytes FROM windrow_upload_parts WHERE id = ?1 ORDER BY offset")?;
    let mut rows = parts.query([parcel.session.0])?;
    while let Some(row) = rows.next()? {
        payload.extend_from_slice(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
    }
    Ok(payload)
}

/// Forgets what has arrived of a session: it is prepared, or comes under another id.
pub(super) fn forget(c: &Connection, id: SessionId) -> Result<(), HubError> {
    c.run("DELETE FROM windrow_upload_parts WHERE id = ?1", [id.0])?;
    c.run("DELETE FROM windrow_uploads WHERE id = ?1", [id.0])?;
    Ok(())
}

/// Forgets, in a small step, those of which nothing has come for long.
fn forget_old(c: &Connection, keeping: &Keeping, now: i64) -> Result<(), HubError> {
    let sql = "SELECT id FROM windrow_uploads WHERE at <= ?1 ORDER BY at LIMIT 10";
    ids(c, sql, params![sessions::before(now, keeping.staged)])?.into_iter().try_for_each(|id| forget(c, id))
}

fn ids(c: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<SessionId>, HubError> {
    let mut query = c.prepare_cached(sql)?;
    let ids = query.query_map(params, |r| r.get(0).map(SessionId))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}
