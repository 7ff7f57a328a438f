//! Opening a hub's file: its own tables, the domain's, and the checks that it is one.

use super::system;
use super::tables::join;
use crate::domain::Domain;
use crate::hub::error::{HubError, OpenError};
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;
use std::time::Duration;
use windrow_protocol::clock::Mark;
use windrow_protocol::model::Schema;

/// KiB that each connection may keep of the file in memory.
const CACHE: i64 = 16 << 10;
/// How long a connection waits for a lock that another program holds.
const LOCK: Duration = Duration::from_secs(10);
/// Statements of ours that each connection keeps prepared, beside those of each table.
const OWN_STATEMENTS: usize = 32;
/// Kinds of statements of a table: see [`crate::domain::HubSql`].
const TABLE_STATEMENTS: usize = 12;

/// The connection that writes, its tables made and checked.
pub(super) fn writer(path: &Path, domain: &Domain, schema: &Schema, mark: Mark) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::File { path: path.into(), source };
    let connection = open(path, schema).map_err(failed)?;
    recognise(&connection, path, domain, schema)?;
    make(&connection, domain, schema, mark).map_err(failed)?;
    settle(&connection).map_err(failed)?;
    Ok(connection)
}

/// A program that died before it synced a commit has left it in the kernel's memory, from where it would be answered, and
/// lost in a power cut. A checkpoint syncs it.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, schema: &Schema) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::File { path: path.into(), source };
    let connection = open(path, schema).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

/// An answered commit must survive a power cut, so `synchronous` is FULL. Foreign keys are off: their actions are the
/// merge's, which has followed them already.
fn open(path: &Path, schema: &Schema) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    crate::sqlite::keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(OWN_STATEMENTS + TABLE_STATEMENTS * schema.tables().len());
    Ok(connection)
}

/// Refuses a file that is something else, before anything in it is changed.
fn recognise(connection: &Connection, path: &Path, domain: &Domain, schema: &Schema) -> Result<(), OpenError> {
    let failed = |source| OpenError::File { path: path.into(), source };
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(failed)?;
    if objects == 0 {
        return Ok(());
    }
    let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'windrow_hub'";
    if connection.query_row(known, [], |r| r.get::<_, i64>(0)).map_err(failed)? == 0 {
        return Err(OpenError::Foreign { path: path.into() });
    }
    let digest = "SELECT schema FROM windrow_hub";
    match connection.query_row(digest, [], |r| r.get::<_, Vec<u8>>(0)).optional().map_err(failed)? {
        Some(digest) if digest == schema.digest() => Ok(()),
        _ => Err(OpenError::OtherSchema { hub: path.display().to_string(), domain: domain.name }),
    }
}

/// Makes what is missing, in one transaction.
fn make(connection: &Connection, domain: &Domain, schema: &Schema, mark: Mark) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(system::SYSTEM_TABLES)?;
    for object in domain.tables.iter().flat_map(|t| t.hub.objects) {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
        if transaction.query_row(there, [object.name], |r| r.get::<_, i64>(0))? == 0 {
            transaction.execute_batch(&join(object.sql))?;
        }
    }
    system::found(&transaction, schema.digest(), mark)?;
    transaction.commit()
}

/// Fresh random bits for a commit's mark.
///
/// # Errors
/// An operating system that has none.
pub(super) fn draw() -> Result<Mark, HubError> {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).map_err(|e| HubError::Storage(std::sync::Arc::new(e)))?;
    Ok(Mark(u64::from_le_bytes(bits)))
}
