//! The changeset under way.

use crate::sqlite::Repeated;
use crate::store::error::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::clock::{Hlc, Origin, Span};
use windrow_protocol::fault;
use windrow_protocol::message::SessionId;
use windrow_protocol::session::Outbox;

/// The changeset under way, if one is.
pub(super) fn read(conn: &Connection) -> Result<Option<Outbox>, StoreError> {
    let mut query = conn.prepare_cached("SELECT session, payload, prepared FROM windrow_outbox")?;
    let row = query.query_row([], |row| {
        Ok(Outbox { session: SessionId(row.get(0)?), payload: row.get(1)?, prepared: row.get(2)? })
    });
    Ok(row.optional()?)
}

/// Stores a changeset and the spans that it speaks for.
pub(super) fn write(conn: &Connection, session: SessionId, payload: &[u8], spans: &[Span]) -> rusqlite::Result<()> {
    let add = "INSERT INTO windrow_outbox (one, session, payload, prepared) VALUES (1, ?1, ?2, 0)";
    conn.run(add, params![session.0, payload])?;
    let mut add = conn.prepare_cached("INSERT INTO windrow_outbox_spans (origin, upto) VALUES (?1, ?2)")?;
    spans.iter().try_for_each(|s| add.execute([s.origin.to_i64(), s.upto.to_i64()]).map(|_| ()))
}

/// The stamps up to which it speaks, by origin.
pub(super) fn spans(conn: &Connection) -> Result<Vec<(Origin, Hlc)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT origin, upto FROM windrow_outbox_spans")?;
    let rows = query.query_map([], |row| Ok((Origin::from_i64(row.get(0)?), Hlc::from_i64(row.get(1)?))))?;
    let known = |(origin, upto): (Origin, Option<Hlc>)| Some((origin, upto?));
    let spans: Option<Vec<_>> = rows.map(|r| r.map(known)).collect::<rusqlite::Result<_>>()?;
    spans.ok_or_else(|| StoreError::Damaged("windrow_outbox_spans holds a negative stamp".into()))
}

/// The hub has it.
pub(super) fn mark_prepared(conn: &Connection) -> Result<(), StoreError> {
    fault!(AcknowledgedBeforeCommit: for (origin, upto) in spans(conn)? {
        crate::store::origins::acknowledge(conn, origin, upto)?;
    });
    conn.run("UPDATE windrow_outbox SET prepared = 1", [])?;
    Ok(())
}

/// Forgets it, unless the hub has it and may have committed it.
pub(super) fn clear_unprepared(conn: &Connection) -> Result<(), StoreError> {
    match read(conn)? {
        Some(outbox) if !outbox.prepared => Ok(clear(conn)?),
        _ => Ok(()),
    }
}

/// Forgets it.
pub(super) fn clear(conn: &Connection) -> rusqlite::Result<()> {
    conn.run("DELETE FROM windrow_outbox", [])?;
    conn.run("DELETE FROM windrow_outbox_spans", []).map(drop)
}
