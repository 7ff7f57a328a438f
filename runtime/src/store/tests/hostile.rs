//! Files that somebody else has had in hands: whatever stands in them is read or is an error.

use super::*;
use rusqlite::Connection;
use std::path::Path;

/// A file with work that waits, a changeset under way, half an answer.
fn busy() -> Device {
    let device = Device::new();
    let farm = device.farm("Kibo", 3);
    device.sync(5, vec![]);
    device.plot(farm);
    device.store.session().load(false, false).unwrap();
    let half = Page { next: Some(reached()), ..last(6, vec![]) };
    device.store.session().keep(&device.page(&half)).unwrap();
    device.edit(farm, |f| f.cattle += 1);
    device
}

fn reached() -> Reached {
    Reached { seq: point(6).seq, table: 1, id: windrow_protocol::id::RecordId([7; 16]) }
}

/// Asks everything of a file that may hold anything; an error is as good an answer as any.
fn use_it(path: &Path) {
    let Ok(store) = Store::open(path, &SURVEY) else { return };
    drop((store.status(), store.pending(), store.pending_marker(), store.changelog()));
    drop((store.refused(), store.conflicts(), store.query::<Farm>("", [])));
    drop(store.insert(&Worker { id: Id::new(), badge: "7".into() }));
    let session = store.session();
    drop(session.load(false, false));
    drop(session.mark_prepared());
    drop(session.discard());
    drop(session.load(true, false));
    drop(session.apply());
    drop(store.prune(crate::Timestamp::now(), std::time::Duration::ZERO));
}

/// The bytes of a device's file, closed.
fn bytes_of(device: Device) -> (TempDir, std::path::PathBuf, Vec<u8>) {
    let Device { dir, store } = device;
    let path = store.path().to_owned();
    drop(store);
    let bytes = std::fs::read(&path).unwrap();
    assert!(!path.with_extension("db-wal").exists(), "all of it is in the file");
    (dir, path, bytes)
}

/// Somebody set the count of a file's steps to the greatest number there is. The next session's first step added one: a
/// panic in the worker of a debug build, again at each start.
#[test]
fn a_count_of_steps_at_its_end_begins_anew() {
    let device = Device::new();
    device.farm("Kibo", 3);
    device.store.connection().unwrap().execute("UPDATE windrow_device SET turn = ?1", [i64::MAX]).unwrap();
    let session = device.store.session();
    session.load(false, false).unwrap();
    session.mark_prepared().unwrap();
    session.discard().unwrap();
    assert_eq!(device.scalar::<i64>("SELECT turn FROM windrow_device"), i64::MIN + 2);
}

/// The same, and then a program with another schema opened the file.
#[test]
fn a_count_of_steps_at_its_end_lets_a_new_program_in() {
    let device = busy();
    let conn = device.store.connection().unwrap();
    conn.execute("UPDATE windrow_device SET turn = ?1, schema = x'00'", [i64::MAX]).unwrap();
    drop(conn);
    drop(device.reopened().store.session().load(false, false).unwrap());
}

#[test]
fn a_file_that_was_cut_is_an_error_or_a_file() {
    let (_dir, path, bytes) = bytes_of(busy());
    for len in (0..bytes.len()).step_by(1024).flat_map(|len| [len, len + 100]) {
        std::fs::write(&path, &bytes[..len.min(bytes.len())]).unwrap();
        use_it(&path);
        drop((
            std::fs::remove_file(path.with_extension("db-wal")),
            std::fs::remove_file(path.with_extension("db-shm")),
        ));
    }
}

#[test]
fn a_file_with_a_wrong_bit_is_an_error_or_a_file() {
    let (_dir, path, bytes) = bytes_of(busy());
    for bit in (0..bytes.len() * 8).step_by(8 * 1021 + 3) {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        use_it(&path);
        drop((
            std::fs::remove_file(path.with_extension("db-wal")),
            std::fs::remove_file(path.with_extension("db-shm")),
        ));
    }
}

fn texts(conn: &Connection, sql: &str) -> Vec<(String, String)> {
    let mut query = conn.prepare(sql).unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Says what tables are, behind SQLite's back.
fn declare(conn: &Connection, tables: &[(String, String)]) {
    conn.execute_batch("PRAGMA writable_schema = 1").unwrap();
    for (name, sql) in tables {
        conn.execute("UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1", [name, sql]).unwrap();
    }
    conn.execute_batch("PRAGMA writable_schema = RESET").unwrap();
}

/// Every column of every table of ours holds a value that the table says it can't.
#[test]
fn columns_of_ours_may_hold_anything() {
    let (_dir, path, bytes) = bytes_of(busy());
    let conn = Connection::open(&path).unwrap();
    let strict = texts(&conn, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'");
    let loose: Vec<_> =
        strict.iter().map(|(n, sql)| (n.clone(), sql.replace("STRICT, ", "").replace(" STRICT", ""))).collect();
    let columns = "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_info(s.name) c
        WHERE s.type = 'table' AND s.name GLOB 'windrow_*'";
    let columns = texts(&conn, columns);
    drop(conn);
    assert!(columns.len() > 50);
    // Each another; the fuzz target `device` tries them all.
    let values = ["-1", "x'ff'", "NULL", "9223372036854775807", "1e300", "'x'"];
    for ((table, column), value) in columns.into_iter().zip(values.into_iter().cycle()) {
        std::fs::write(&path, &bytes).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA ignore_check_constraints = 1; PRAGMA synchronous = 0").unwrap();
        declare(&conn, &loose);
        drop(conn.execute(&format!("UPDATE OR REPLACE \"{table}\" SET \"{column}\" = {value}"), []));
        declare(&conn, &strict);
        drop(conn);
        use_it(&path);
    }
}

#[test]
fn views_and_triggers_in_the_place_of_ours_are_errors_or_are_mended() {
    let (_dir, path, bytes) = bytes_of(busy());
    for sql in [
        "DROP TABLE windrow_state; CREATE VIEW windrow_state AS SELECT 1 AS one, 1 AS format",
        "DROP TABLE windrow_device; CREATE VIEW windrow_device AS SELECT 1 AS version, x'' AS model",
        "DROP TABLE windrow_inbox; CREATE VIEW windrow_inbox AS SELECT 1 AS page, 2 AS body, 3 AS next",
        "DROP TABLE farm; CREATE VIEW farm AS SELECT x'00' AS id",
        "DROP TABLE windrow_log; CREATE TABLE windrow_log (number, op)",
        "UPDATE windrow_log SET number = -number, at = -at",
        "UPDATE windrow_log SET at = 9223372036854775807",
        "UPDATE windrow_log SET \"table\" = 'nobody'",
        "UPDATE windrow_log SET operation = 9, mask0 = -1",
        "DELETE FROM windrow_log",
        "DELETE FROM windrow_clock",
        "UPDATE windrow_clock SET number = -number, clock = -clock",
        "INSERT OR REPLACE INTO windrow_clock VALUES (9223372036854775807, 1, 9223372036854775807)",
        "DROP VIEW windrow_changelog; CREATE TABLE windrow_changelog (n)",
        "CREATE TRIGGER mine AFTER UPDATE ON windrow_state BEGIN DELETE FROM windrow_outbox; END",
        "CREATE TRIGGER mine BEFORE UPDATE ON windrow_state BEGIN SELECT RAISE(ABORT, 'no'); END",
        "INSERT INTO windrow_inbox SELECT 9223372036854775807, body, next FROM windrow_inbox",
        "UPDATE windrow_inbox SET body = zeroblob(50000000)",
        "UPDATE windrow_outbox SET payload = zeroblob(50000000), session = x'00'",
        "DELETE FROM windrow_state",
        "DELETE FROM windrow_device",
        "UPDATE windrow_state SET format = 1",
        "UPDATE windrow_state SET format = 0",
        "DELETE FROM windrow_origins",
    ] {
        std::fs::write(&path, &bytes).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        use_it(&path);
    }
}
