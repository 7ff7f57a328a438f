//! Opening a hub's file: its own tables, the domain's, and the checks that it is one.

use super::tables::{Tables, join};
use super::{migrate, system};
use crate::domain::Domain;
use crate::hub::error::{HubError, OpenError};
use crate::hub::registry::TABLES;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;
use std::time::Duration;
use windrow_protocol::clock::Mark;
use windrow_protocol::model::Schema;

/// KiB that a connection which reads may keep of the file in memory. Each commit empties it.
const CACHE: i64 = 16 << 10;
/// KiB that the one which writes may keep. It finds there what it has read and written before; and a transaction that does
/// not fit has its pages written and read again.
const WRITERS_CACHE: i64 = 96 << 10;
/// Pages, of 4 KiB, that the write-ahead log gathers before they are brought into the file. Changes are spread over all of
/// it: the more come together, the fewer pages are written, and each time is two syncs.
const GATHERED: i64 = 16 << 10;
/// How long a connection waits for a lock that another program holds.
const LOCK: Duration = Duration::from_secs(10);
/// Statements of ours that each connection keeps prepared, beside those of each table.
const OWN_STATEMENTS: usize = 32;
/// Kinds of statements of a table: see [`crate::domain::HubSql`].
const TABLE_STATEMENTS: usize = 12;

/// The connection that writes, its tables made and checked.
pub(super) fn writer(
    path: &Path,
    domain: &'static Domain,
    tables: &Tables,
    mark: Mark,
) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::File { path: path.into(), source };
    let connection = open(path, &tables.schema).map_err(failed)?;
    recognise(&connection, path, domain, tables)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "cache_size", -WRITERS_CACHE).map_err(failed)?;
    connection.pragma_update(None, "wal_autocheckpoint", GATHERED).map_err(failed)?;
    let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate).map_err(failed)?;
    // Another program may have opened it meanwhile.
    let found = recognise(&transaction, path, domain, tables)?;
    make(&transaction, path, domain, tables, found, mark)?;
    transaction.commit().map_err(failed)?;
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

/// The version of a file, none of a new one. Refuses one that is something else, before anything in it is changed.
fn recognise(c: &Connection, path: &Path, domain: &Domain, tables: &Tables) -> Result<Option<u32>, OpenError> {
    let failed = |source| OpenError::File { path: path.into(), source };
    let count = |sql: &str| c.query_row(sql, [], |r| r.get::<_, i64>(0)).map_err(failed);
    if count(&others())? == 0 {
        return Ok(None);
    }
    if count("SELECT count(*) FROM sqlite_schema WHERE name = 'windrow_hub'")? == 0 {
        return Err(OpenError::Foreign { path: path.into() });
    }
    let Some((found, digest)) = system::version(c).map_err(failed)? else {
        return Err(OpenError::Foreign { path: path.into() });
    };
    if found > tables.version {
        return Err(OpenError::Newer { path: path.into(), domain: domain.name, found, known: tables.version });
    }
    match tables.lineage.numbered(found as usize) {
        Some(version) if version.schema().digest() == digest.as_slice() => Ok(Some(found)),
        _ => Err(OpenError::OtherSchema { hub: path.display().to_string(), domain: domain.name }),
    }
}

/// Counts what stands in a file, but for a registry, which may have been made first.
fn others() -> String {
    let names = TABLES.map(|table| format!("'{table}'")).join(", ");
    format!("SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT IN ({names})")
}

/// Makes what is missing, and of a file of an earlier version one of this.
fn make(
    c: &Connection,
    path: &Path,
    domain: &'static Domain,
    tables: &Tables,
    found: Option<u32>,
    mark: Mark,
) -> Result<(), OpenError> {
    let failed = |source| OpenError::File { path: path.into(), source };
    c.execute_batch(system::SYSTEM_TABLES).map_err(failed)?;
    let behind = found.filter(|found| *found < tables.version);
    let unfit = |(version, name, source)| OpenError::Migration { path: path.into(), version, name, source };
    if let Some(from) = behind {
        migrate::run(c, from, &domain.earlier[from as usize - 1..]).map_err(unfit)?;
    }
    objects(c, domain).map_err(failed)?;
    system::found(c, tables.schema.digest(), tables.version, mark).map_err(failed)?;
    if let Some(from) = behind {
        let name = domain.earlier.last().map_or("", |last| last.migration.name);
        migrate::settle(c, tables, from, mark).map_err(|why| unfit((tables.version, name, why)))?;
        tracing::info!(from, to = tables.version, "the hub has migrated");
    }
    Ok(())
}

/// The domain's tables and indexes, where they are missing.
fn objects(c: &Connection, domain: &Domain) -> rusqlite::Result<()> {
    for object in domain.tables.iter().flat_map(|t| t.hub.objects) {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
        if c.query_row(there, [object.name], |r| r.get::<_, i64>(0))? == 0 {
            c.execute_batch(&join(object.sql))?;
        }
    }
    Ok(())
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
