//! The bundles that were exported: `windrow_bundles`.

use super::Store;
use super::error::StoreError;
use crate::bundle::{Id, Secret};
use crate::clock;
use crate::sqlite::Repeated;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::bundle::Question;
use windrow_protocol::message::{from_bytes, to_bytes};

/// How many are remembered. An answer that comes later than so many others were exported is of no use any more.
const REMEMBERED: i64 = 32;

/// What the file remembers of a bundle.
pub(crate) struct Noted {
    /// What only the hub and this file know.
    pub(crate) secret: Secret,
    /// Of what the key was made to which its answer is sealed.
    pub(crate) reply: [u8; 32],
    pub(crate) question: Question,
}

impl Store {
    /// The bundle of this id, if it is remembered.
    pub(crate) fn bundle(&self, id: Id) -> Result<Option<Noted>, StoreError> {
        self.snapshot(|conn, _| {
            let sql = "SELECT secret, reply, question FROM windrow_bundles WHERE id = ?1";
            let row =
                conn.one(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))).optional()?;
            let Some((secret, reply, question)) = row else { return Ok(None) };
            let damaged = |error| StoreError::Damaged(format!("windrow_bundles holds no question: {error}"));
            Ok(Some(Noted { secret, reply, question: from_bytes(&question).map_err(damaged)? }))
        })
    }
}

/// Remembers a bundle, in place of one of long ago.
pub(super) fn note(
    conn: &Connection,
    id: Id,
    secret: &Secret,
    reply: &[u8; 32],
    question: &Question,
) -> Result<(), StoreError> {
    let question = to_bytes(question).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let add = "INSERT INTO windrow_bundles (id, secret, reply, question, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    conn.run(add, params![id, secret, reply, question, clock::now_ms()])?;
    let forget = "DELETE FROM windrow_bundles WHERE number <= (SELECT max(number) FROM windrow_bundles) - ?1";
    Ok(conn.run(forget, [REMEMBERED]).map(drop)?)
}
