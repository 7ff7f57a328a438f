//! A file of an earlier format becomes one of this format, in the transaction that opens it.
//!
//! Format 1 had the row that every captured write writes and the row of what only syncing needs in one table.

use super::error::StoreError;
use super::system;
use crate::sqlite::run_script;
use rusqlite::{Connection, params};

/// The format that [`upgrade`] reads.
pub(super) const FORMAT: i64 = 1;

/// Parts the two rows. Pages that are not applied yet are asked for anew: where the next one goes on was written down
/// otherwise.
/// Triggers of the application's that read `windrow_state` stay as they are: it is dropped and made
/// anew, because to rename it would rename it in them too.
pub(super) fn upgrade(conn: &Connection) -> Result<(), StoreError> {
    let row = "SELECT hlc, base, applying, device FROM windrow_state";
    let (hlc, base, applying, device): (i64, i64, i64, i64) =
        conn.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    run_script(conn, system::DEVICE)?;
    run_script(conn, MOVE)?;
    run_script(conn, system::STATE)?;
    run_script(conn, system::TRAFFIC)?;
    run_script(conn, system::WORKER)?;
    let state = "INSERT INTO windrow_state (one, hlc, base, applying, device, format) VALUES (1, ?1, ?2, ?3, ?4, ?5)";
    conn.execute(state, params![hlc, base, applying, device, system::FORMAT])?;
    tracing::info!(from = FORMAT, to = system::FORMAT, "the file has another format");
    Ok(())
}

const MOVE: &str =
    "INSERT INTO windrow_device (one, schema, version, model, checkpoint, mark, turn, contact, recovering,
    brake, verify, verified, differed)
  SELECT one, schema, version, model, checkpoint, mark, turn, contact, recovering, brake, verify, verified, differed
    FROM windrow_state;
DROP TABLE windrow_state;
DELETE FROM windrow_inbox;";
