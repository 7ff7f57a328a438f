//! After a commit: the log is acknowledged, the commit is this file's own.

use super::{outbox, pages};
use crate::store::error::StoreError;
use crate::store::{origins, recovery, state};
use rusqlite::Connection;
use windrow_protocol::clock::Point;
use windrow_protocol::fault;

/// Notes that the hub has committed the changeset under way, at this point of its history.
pub(super) fn acknowledge(conn: &Connection, at: Option<Point>) -> Result<(), StoreError> {
    for (origin, upto) in outbox::spans(conn)? {
        origins::acknowledge(conn, origin, upto)?;
    }
    if let Some(at) = fault!(OwnForgotten: None, at) {
        state::add_own(conn, at)?;
    }
    recovery::committed(conn)?;
    outbox::clear(conn)?;
    // Pages received before a commit of one's own are void.
    pages::clear(conn)?;
    Ok(())
}
