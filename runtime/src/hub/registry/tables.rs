//! The registry's tables in the hub's file.

use super::{Device, Member, RegistryError};
use crate::bundle::PublicKey;
use crate::identity::{Hash, Role};
use crate::sqlite::Repeated;
use crate::types::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;
use std::time::Duration;
use windrow_protocol::clock::DeviceId;

/// Their names: a file that has only these may still become a hub's.
pub(in crate::hub) const TABLES: [&str; 4] = ["windrow_users", "windrow_tokens", "windrow_codes", "windrow_keys"];

/// - `windrow_users`: each user's name and role.
/// - `windrow_tokens`: by the SHA-256 of a token whose it is, and since when it has ended.
/// - `windrow_keys`: by the public key by which a device seals bundles, the hash of the token that it is made of.
/// - `windrow_codes`: by the SHA-256 of a code whose it is, until when it may be used, and when it was.
const SQL: &str = "
CREATE TABLE IF NOT EXISTS windrow_users (
  user INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('field', 'reviewer', 'admin'))
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_tokens (
  hash BLOB NOT NULL PRIMARY KEY,
  device INTEGER NOT NULL,
  user INTEGER NOT NULL,
  enrolled_at INTEGER NOT NULL,
  seen_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS windrow_tokens_device ON windrow_tokens (device);
CREATE TABLE IF NOT EXISTS windrow_keys (
  key BLOB NOT NULL PRIMARY KEY,
  hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS windrow_codes (
  hash BLOB NOT NULL PRIMARY KEY,
  user INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
";

/// How long a connection waits for the hub's own writes.
const LOCK: Duration = Duration::from_secs(10);

/// What is known of a token.
pub(super) struct Found {
    pub(super) member: Member,
    pub(super) seen: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
}

/// A connection that waits, and whose commits survive a power cut.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The hub itself brings its log in, when it has gathered enough.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// The connection that writes, its tables made.
pub(super) fn writer(path: &Path) -> Result<Connection, RegistryError> {
    let failed = |source| RegistryError::File { path: path.into(), source };
    let connection = connect(path).map_err(failed)?;
    let there = "SELECT count(*), ifnull(sum(name = 'windrow_hub' OR name = 'windrow_users'), 0) FROM sqlite_schema";
    let (all, ours): (i64, i64) =
        connection.query_row(there, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
    if all > 0 && ours == 0 {
        return Err(RegistryError::Foreign { path: path.into() });
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.execute_batch(SQL).map_err(failed)?;
    Ok(connection)
}

/// The number of a user, who is made where there is none, and whose role this is from now on.
pub(super) fn user(c: &Connection, name: &str, role: Role) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO windrow_users (name, role) VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET role = excluded.role RETURNING user";
    c.one(sql, [name, role.name()], |row| row.get(0))
}

pub(super) fn add_code(c: &Connection, code: Hash, user: i64, expires: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO windrow_codes (hash, user, expires_at) VALUES (?1, ?2, ?3)";
    c.run(sql, params![code.0, user, expires]).map(drop)
}

/// Uses a code up. Whose it was; none where there is no such code to be used.
pub(super) fn use_code(c: &Connection, code: Hash, now: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "UPDATE windrow_codes SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL AND expires_at > ?2
        RETURNING user";
    c.one(sql, params![code.0, now], |row| row.get(0)).optional()
}

/// Who enrolled this device with this very token and this code before, if that still holds.
pub(super) fn repeated(c: &Connection, code: Hash, device: DeviceId, token: Hash) -> rusqlite::Result<Option<Member>> {
    let sql = "SELECT count(*) FROM windrow_tokens t JOIN windrow_codes k USING (user)
        WHERE t.hash = ?1 AND t.device = ?2 AND t.ended_at IS NULL AND k.hash = ?3 AND k.used_at IS NOT NULL";
    let found: i64 = c.one(sql, params![token.0, device.to_i64(), code.0], |row| row.get(0))?;
    if found == 0 {
        return Ok(None);
    }
    Ok(member(c, token)?.map(|found| found.member))
}

pub(super) fn add_token(c: &Connection, token: Hash, device: DeviceId, user: i64, now: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO windrow_tokens (hash, device, user, enrolled_at) VALUES (?1, ?2, ?3, ?4)";
    c.run(sql, params![token.0, device.to_i64(), user, now]).map(drop)
}

/// The tokens of a device that have not ended, each with its user.
pub(super) fn live(c: &Connection, device: DeviceId) -> rusqlite::Result<Vec<(Hash, i64)>> {
    let sql = "SELECT hash, user FROM windrow_tokens WHERE device = ?1 AND ended_at IS NULL";
    all(c, sql, params![device.to_i64()], |row| Ok((Hash(row.get(0)?), row.get(1)?)))
}

/// What is live of a device; none where the hub knows no such device.
pub(super) fn of_device(c: &Connection, device: DeviceId) -> rusqlite::Result<Option<Vec<Hash>>> {
    let known = "SELECT count(*) FROM windrow_tokens WHERE device = ?1";
    let known: i64 = c.one(known, [device.to_i64()], |row| row.get(0))?;
    let live = live(c, device)?.into_iter().map(|(hash, _)| hash).collect();
    Ok(Some(live).filter(|_| known > 0))
}

/// What is live of a user: tokens and codes that are not used; none where there is no such user.
pub(super) fn of_user(c: &Connection, name: &str) -> rusqlite::Result<Option<Vec<Hash>>> {
    let known = "SELECT user FROM windrow_users WHERE name = ?1";
    let Some(user) = c.one(known, [name], |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
    let live = "SELECT hash FROM windrow_tokens WHERE user = ?1 AND ended_at IS NULL
        UNION ALL SELECT hash FROM windrow_codes WHERE user = ?1 AND used_at IS NULL";
    all(c, live, params![user], |row| Ok(Hash(row.get(0)?))).map(Some)
}

/// Ends these, as far as they are known and have not ended: a token admits nobody any more, a code is used.
pub(super) fn end(c: &Connection, hashes: &[Hash], now: i64) -> rusqlite::Result<()> {
    for hash in hashes {
        c.run("UPDATE windrow_tokens SET ended_at = ?2 WHERE hash = ?1 AND ended_at IS NULL", params![hash.0, now])?;
        c.run("UPDATE windrow_codes SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL", params![hash.0, now])?;
    }
    Ok(())
}

pub(super) fn saw(c: &Connection, token: Hash, now: i64) -> rusqlite::Result<()> {
    c.run("UPDATE windrow_tokens SET seen_at = ?2 WHERE hash = ?1", params![token.0, now]).map(drop)
}

/// From now on a bundle by this key is this token's.
pub(super) fn add_key(c: &Connection, key: PublicKey, token: Hash) -> rusqlite::Result<()> {
    c.run("INSERT OR IGNORE INTO windrow_keys (key, hash) VALUES (?1, ?2)", params![key.0, token.0]).map(drop)
}

/// The hash of the token that this key is made of, and what is known of that.
pub(super) fn of_key(c: &Connection, key: &PublicKey) -> rusqlite::Result<Option<(Hash, Found)>> {
    let sql = "SELECT hash FROM windrow_keys WHERE key = ?1";
    let Some(hash) = c.one(sql, params![key.0], |row| row.get(0).map(Hash)).optional()? else { return Ok(None) };
    Ok(member(c, hash)?.map(|found| (hash, found)))
}

/// What is told of a token: the columns of [`device`].
const TOLD: &str = "SELECT t.device, u.name, u.role, t.enrolled_at, t.seen_at, t.ended_at
    FROM windrow_tokens t JOIN windrow_users u USING (user)";

pub(super) fn member(c: &Connection, token: Hash) -> rusqlite::Result<Option<Found>> {
    let found = c.one(&format!("{TOLD} WHERE t.hash = ?1"), params![token.0], device).optional()?;
    Ok(found.map(|Device { member, seen, ended, .. }| Found { member, seen, ended }))
}

pub(super) fn devices(c: &Connection) -> rusqlite::Result<Vec<Device>> {
    all(c, &format!("{TOLD} ORDER BY u.name, t.enrolled_at DESC, t.device"), params![], device)
}

/// Who had a live token of this device at this time.
pub(super) fn users_of(c: &Connection, device: DeviceId, at: i64) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT DISTINCT u.name FROM windrow_tokens t JOIN windrow_users u USING (user)
        WHERE t.device = ?1 AND t.enrolled_at <= ?2 AND ifnull(t.ended_at > ?2, TRUE) ORDER BY u.name";
    all(c, sql, params![device.to_i64(), at], |row| row.get(0))
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let number: i64 = row.get(0)?;
    let id = DeviceId::from_i64(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number))?;
    // A word that is none can't stand there: the least role is given.
    let role = row.get::<_, String>(2)?.parse().unwrap_or(Role::Field);
    let time = |at| row.get::<_, Option<i64>>(at).map(|millis| millis.map(Timestamp::from_millis));
    Ok(Device {
        member: Member { device: id, user: row.get(1)?, role },
        enrolled: Timestamp::from_millis(row.get(3)?),
        seen: time(4)?,
        ended: time(5)?,
    })
}

fn all<T>(
    c: &Connection,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    c.prepare_cached(sql)?.query_map(params, read)?.collect()
}
