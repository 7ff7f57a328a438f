//! Files of an earlier format, and programs that meet one of a later format.

use super::*;
use crate::inspect::{InspectError, inspect};
use rusqlite::Connection;
use std::path::PathBuf;

/// `windrow_state` as format 1 had it.
const STATE: &str = "CREATE TABLE windrow_state (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  format INTEGER NOT NULL,
  device INTEGER NOT NULL,
  hlc INTEGER NOT NULL,
  checkpoint INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  base INTEGER NOT NULL,
  applying INTEGER NOT NULL,
  schema BLOB NOT NULL,
  version INTEGER NOT NULL,
  model BLOB NOT NULL,
  turn INTEGER NOT NULL,
  contact INTEGER,
  recovering INTEGER NOT NULL DEFAULT 0,
  brake INTEGER NOT NULL DEFAULT 0,
  verify INTEGER NOT NULL DEFAULT 0,
  verified INTEGER,
  differed INTEGER
) STRICT";

/// Writes to a synced table, as the page about the databases allows.
const SHOUT: &str = "CREATE TRIGGER shout AFTER INSERT ON plot BEGIN
    UPDATE plot SET variety = upper(variety) WHERE id = NEW.id AND (SELECT applying FROM windrow_state) = 0;
END";

/// A file that a program of format 2 left, as `.dump` writes it. It holds every operation and two origins, a clock that was ahead, a
/// changeset under way and a conflict that is answered.
const FORMAT_2: &str = include_str!("format2.sql");

/// `SELECT stamp, hex(record), "table", operation, fields, base FROM windrow_changelog`, as that program said.
const CHANGELOG: &str = include_str!("format2.changelog.txt");

fn of_format_2() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("farm.db");
    Connection::open(&path).unwrap().execute_batch(FORMAT_2).unwrap();
    (dir, path)
}

/// The same as a program of format 1 would have left it.
fn of_format_1() -> (TempDir, PathBuf) {
    let (dir, path) = of_format_2();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE kept AS SELECT * FROM windrow_state, windrow_device").unwrap();
    conn.execute_batch(
        "DROP TABLE windrow_state; DROP TABLE windrow_device; DROP TABLE windrow_traffic; DROP TABLE windrow_worker",
    )
    .unwrap();
    conn.execute_batch(STATE).unwrap();
    conn.execute_batch(
        "INSERT INTO windrow_state SELECT 1, 1, device, hlc, checkpoint, mark, base, applying, x'00', version, model, turn,
           contact, recovering, brake, verify, verified, differed FROM kept;
         DROP TABLE kept",
    )
    .unwrap();
    (dir, path)
}

/// All that the changelog says of who wrote what when, as [`CHANGELOG`] does.
fn changelog(device: &Device) -> String {
    let line =
        "SELECT concat_ws('|', stamp, hex(record), \"table\", operation, fields, base) AS line FROM windrow_changelog";
    device.scalar(&format!("SELECT group_concat(line, char(10)) || char(10) FROM ({line})"))
}

/// A team updated the application on tablets that had been in the field for weeks. What they had written, a changeset under
/// way and half an answer stood in files of an earlier format, and none of it may be lost or sent twice.
#[test]
fn a_file_of_an_earlier_format_becomes_one_of_this_format() {
    for ((dir, path), format) in [(of_format_1(), 1), (of_format_2(), 2)] {
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(SHOUT).unwrap();
        raw.execute("UPDATE windrow_outbox SET prepared = 1", []).unwrap();
        let outbox = "SELECT hex(payload) FROM windrow_outbox";
        let before: String = raw.query_row(outbox, [], |row| row.get(0)).unwrap();
        drop(raw);
        let device = Device { store: Store::open(path, &SURVEY).unwrap(), dir };
        assert_eq!(device.store.warnings(), [], "format {format}");
        assert_eq!(changelog(&device), CHANGELOG, "format {format}");
        assert_eq!(device.scalar::<i64>("SELECT count(DISTINCT origin) FROM windrow_changelog"), 2);
        let status = device.store.status().unwrap();
        assert_eq!((status.pending_records, status.pending_entries, status.pending_bytes), (7, 14, 515));
        assert_eq!((status.conflicts, status.checkpoint), (0, Point { mark: Mark(1005), ..point(5) }));
        assert_eq!(status.clock, Hlc::from_bits(58_842_473_236_037_633).unwrap(), "the last stamp");
        assert_eq!(device.scalar::<String>(outbox), before, "what was under way is repeated byte for byte");
        let farm = device.store.query::<Farm>("", []).unwrap()[0].id;
        device.plot(farm);
        let written = device.store.changelog().unwrap();
        let operations: Vec<_> = written[16..].iter().map(|e| e.operation.as_str()).collect();
        assert_eq!(operations, ["insert", "update"], "the application's trigger is at work as before");
        assert!(written[16].stamp > status.clock && written[16].origin != written[15].origin);
        device.sync(6, vec![]);
        assert_eq!(device.store.pending().unwrap(), 4, "the changeset spoke for what the first origin wrote");
        device.sync(7, vec![]);
        assert_eq!(device.store.pending().unwrap(), 0);
        assert_eq!(device.reopened().store.warnings(), []);
    }
}

/// Support was sent such a file, and the command read it with what this format has: "no such table: windrow_device".
#[test]
fn a_file_of_format_1_is_inspected_once_its_program_has_opened_it() {
    let (_dir, path) = of_format_1();
    let error = inspect(&path).unwrap_err();
    assert!(matches!(error, InspectError::Earlier { found: 1, .. }), "{error}");
    assert!(error.to_string().contains("open it with the program that it belongs to"), "{error}");
    drop(Store::open(&path, &SURVEY).unwrap());
    inspect(&path).unwrap();
}

/// A newer program gave the file another format while this one had it open. This one went on, and read what was no longer
/// there: the worker told an SQL error at every session.
#[test]
fn a_program_whose_file_gets_another_format_meanwhile_says_so() {
    let device = Device::new();
    let conn = device.store.connection().unwrap();
    conn.execute_batch("UPDATE windrow_state SET format = 4; CREATE TABLE windrow_later (n)").unwrap();
    let newer = |error: StoreError| matches!(error, StoreError::Open(OpenError::Newer { found: 4, known: 3, .. }));
    let farm = Farm { id: Id::new(), name: "Kibo".into(), phone: None, cattle: 0 };
    assert!(newer(device.store.insert(&farm).unwrap_err()));
    assert!(newer(device.store.session().load(false, false).unwrap_err()));
}
