//! Pages received and not yet applied, and how to ask for more.

use crate::sqlite::Repeated;
use crate::store::error::{AnswerError, StoreError};
use crate::store::plan::Plan;
use crate::store::values::{id_of, id_value};
use crate::store::{origins, recovery, state, verify};
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::change::Key;
use windrow_protocol::codec::{self, Encoded, Limits};
use windrow_protocol::fault;
use windrow_protocol::message::{Pull, from_bytes, to_bytes};
use windrow_protocol::session::Inbox;
use windrow_protocol::told::Page;

/// Where the page after this one goes on; none after the last.
pub(super) fn next(page: &Encoded<Page>) -> Result<Option<Vec<u8>>, StoreError> {
    let next = fault!(PageDropped: None, page.unresolved().cursor());
    Ok(next.map(|cursor| to_bytes(&cursor)).transpose().map_err(AnswerError::Kept)?)
}

/// Keeps a page after the others; what the inbox is then, and how to ask on.
pub(super) fn keep(
    conn: &Connection,
    plan: &Plan,
    body: &[u8],
    next: Option<&[u8]>,
) -> Result<(Inbox, Pull), StoreError> {
    conn.run("INSERT INTO windrow_inbox (body, next) VALUES (?1, ?2)", params![body, next])?;
    state::note_contact(conn)?;
    Ok((inbox(conn)?, pull(conn, plan)?))
}

/// A page whose ids may still be shortened.
pub(super) fn decode(plan: &Plan, body: &[u8]) -> Result<Encoded<Page>, StoreError> {
    Ok(codec::decode_page(&plan.schema, body, &Limits::default()).map_err(AnswerError::Decode)?)
}

/// What was received.
pub(super) fn inbox(conn: &Connection) -> Result<Inbox, StoreError> {
    let mut query = conn.prepare_cached("SELECT next FROM windrow_inbox ORDER BY page DESC LIMIT 1")?;
    match query.query_row([], |row| row.get::<_, Option<Vec<u8>>>(0)).optional()? {
        None => Ok(Inbox::Empty),
        Some(None) => Ok(Inbox::Complete),
        Some(Some(next)) => Ok(Inbox::Partial(from_bytes(&next).map_err(AnswerError::Kept)?)),
    }
}

/// The numbers of the pages, in order of arrival.
pub(super) fn numbers(conn: &Connection) -> rusqlite::Result<Vec<i64>> {
    conn.prepare_cached("SELECT page FROM windrow_inbox ORDER BY page")?.query_map([], |row| row.get(0))?.collect()
}

/// A page as it was received.
pub(super) fn body(conn: &Connection, number: i64) -> rusqlite::Result<Vec<u8>> {
    conn.one("SELECT body FROM windrow_inbox WHERE page = ?1", [number], |row| row.get(0))
}

/// Forgets all pages.
pub(super) fn clear(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_inbox", []).map(|_| ())
}

/// How this file asks for news.
pub(super) fn pull(conn: &Connection, plan: &Plan) -> Result<Pull, StoreError> {
    let state = state::read(conn)?;
    let unsure = origins::stretches(conn)?.into_iter().filter(|s| s.unsure);
    Ok(Pull {
        schema: plan.schema.digest(),
        device: state.device,
        checkpoint: state.checkpoint,
        own: state::own(conn)?,
        covers: unsure.map(|s| (s.origin, s.hub_has)).collect(),
        refetch: refetch(conn, plan)?,
        cursor: None,
        whole_ids: false,
        whole: recovery::whole(conn, plan, state.recovering)?,
        verify: verify::is_asked(conn)?,
        page: u8::MAX,
    })
}

/// The records that are wanted whole.
fn refetch(conn: &Connection, plan: &Plan) -> Result<Vec<Key>, StoreError> {
    let mut query = conn.prepare_cached("SELECT \"table\", record FROM windrow_refetch")?;
    let (mut rows, mut keys) = (query.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        // A table that left the domain since has nobody who would want its records.
        if let Some(table) = plan.schema.find(&row.get::<_, String>(0)?) {
            keys.push((table, id_of(row, 1)?));
        }
    }
    keys.sort_unstable();
    Ok(keys)
}

/// Wants a record whole.
pub(super) fn want(conn: &Connection, plan: &Plan, key: Key) -> rusqlite::Result<()> {
    let mut add = conn.prepare_cached("INSERT OR IGNORE INTO windrow_refetch (\"table\", record) VALUES (?1, ?2)")?;
    add.execute(params![plan.name(key), crate::sqlite::Bound(&id_value(key.1))]).map(|_| ())
}

/// All that was wanted has come.
pub(super) fn got(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_refetch", []).map(|_| ())
}
