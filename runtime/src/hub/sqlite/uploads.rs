//! UPLOAD: a long changeset arrives in chunks, each kept where it belongs, until PREPARE can judge it.

use super::sessions::{self, Keeping, Session};
use super::shared::Shared;
use crate::hub::error::HubError;
use crate::sqlite::Repeated;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::chunk::{Chunk, Gap, MOST_GAPS, Parcel};
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

/// Keeps what a chunk brings, in the writer's transaction. Bytes that are here already are not written again.
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
        Found::Nothing if chunk.bytes.is_empty() => return Ok(lacks(vec![Gap::whole(parcel.total)])),
        Found::Nothing => begin(shared, c, parcel, now)?,
    };
    let gaps = add(c, chunk, has, now)?;
    if !gaps.is_empty() {
        return Ok(lacks(gaps));
    }
    let payload = payload(c, parcel)?;
    if Digest::of(&payload) != parcel.digest {
        forget(c, parcel.session)?;
        return Ok(lacks(vec![Gap::whole(parcel.total)]));
    }
    Ok(Kept::Whole(Prepare { session: parcel.session, payload }))
}

fn lacks(gaps: Vec<Gap>) -> Kept {
    Kept::Answered(Answer::Received(gaps))
}

/// What is here of an upload.
enum Found {
    Nothing,
    /// Of another payload, under the same id.
    Other,
    /// Its bytes up to here, and maybe others behind a gap.
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

/// Adds what is new of a chunk to an upload of which all is here up to `has`; what is lacking then.
fn add(c: &Connection, chunk: &Chunk, has: u32, now: i64) -> Result<Vec<Gap>, HubError> {
    let (parcel, offset) = (&chunk.parcel, chunk.offset);
    let end = offset.saturating_add(u32::try_from(chunk.bytes.len()).unwrap_or(u32::MAX)).min(parcel.total);
    let mut new = gap(c, parcel, offset.max(has))?;
    let brings = new.from < end;
    while new.from < end {
        let bytes = &chunk.bytes[(new.from - offset) as usize..(new.to.min(end) - offset) as usize];
        let part = params![parcel.session.0, new.from, bytes];
        c.run("INSERT INTO windrow_upload_parts (id, offset, bytes) VALUES (?1, ?2, ?3)", part)?;
        new = gap(c, parcel, new.to)?;
    }
    let (mut gaps, mut at) = (Vec::new(), has);
    while gaps.len() < MOST_GAPS && at < parcel.total {
        let gap = gap(c, parcel, at)?;
        at = gap.to;
        gaps.extend(Some(gap).filter(|gap| gap.from < gap.to));
    }
    if brings {
        let more = fault!(ChunkCountedTwice: 1, 0);
        gaps.iter_mut().take(1).for_each(|first| first.from += more);
        let received = gaps.first().map_or(parcel.total, |first| first.from);
        let sql = "UPDATE windrow_uploads SET received = ?2, at = ?3 WHERE id = ?1";
        c.run(sql, params![parcel.session.0, received, now])?;
    }
    Ok(gaps)
}

/// The first bytes from this one on that are not here; none, at the end, where all those are here.
fn gap(c: &Connection, parcel: &Parcel, mut from: u32) -> Result<Gap, HubError> {
    let parts = "SELECT offset + length(bytes) FROM windrow_upload_parts WHERE id = ?1 AND offset <= ?2
                 ORDER BY offset DESC LIMIT 1";
    while let Some(end) = c.one(parts, params![parcel.session.0, from], |r| r.get(0)).optional()?
        && end > from
    {
        from = end;
    }
    let behind = "SELECT offset FROM windrow_upload_parts WHERE id = ?1 AND offset > ?2 ORDER BY offset LIMIT 1";
    let next = c.one(behind, params![parcel.session.0, from], |r| r.get(0)).optional()?;
    Ok(Gap { from, to: next.unwrap_or(parcel.total) })
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
