//! Files of an earlier format, and programs that meet one of a later format.

use super::*;
use crate::inspect::{InspectError, inspect};
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

/// Closes a device and makes its file what a program of format 1 left.
fn of_format_1(device: Device) -> (TempDir, PathBuf) {
    let conn = device.store.connection().unwrap();
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
    (device.dir, device.store.path().to_owned())
}

/// A team updated the application on tablets that had been in the field for weeks. What they had written, a changeset under
/// way and half an answer stood in files of format 1, and none of it may be lost or sent twice.
#[test]
fn a_file_of_format_1_becomes_one_of_this_format() {
    let device = Device::new();
    let farm = device.farm("Kibo", 3);
    device.sync(5, vec![]);
    device.plot(farm);
    device.store.verify().unwrap();
    device.store.connection().unwrap().execute_batch(SHOUT).unwrap();
    let (status, log) = (device.store.status().unwrap(), device.store.changelog().unwrap());
    let (dir, path) = of_format_1(device);

    let device = Device { store: Store::open(path, &SURVEY).unwrap(), dir };
    assert_eq!(device.store.warnings(), []);
    let found = device.store.status().unwrap();
    assert_eq!(crate::store::Status { bytes: status.bytes, ..found }, status);
    assert_eq!(device.store.changelog().unwrap(), log);
    assert_eq!(device.scalar::<i64>("SELECT verify FROM windrow_device"), 1);
    device.plot(farm);
    let operations: Vec<_> = device.store.changelog().unwrap().into_iter().map(|e| e.operation).collect();
    assert_eq!(operations, ["insert", "insert", "insert", "update"], "the application's trigger is at work as before");
    device.sync(6, vec![]);
    assert_eq!(device.reopened().store.warnings(), []);
}

/// Support was sent such a file, and the command read it with what this format has: "no such table: windrow_device".
#[test]
fn a_file_of_format_1_is_inspected_once_its_program_has_opened_it() {
    let device = Device::new();
    let (_dir, path) = of_format_1(device);
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
    conn.execute_batch("UPDATE windrow_state SET format = 3; CREATE TABLE windrow_later (n)").unwrap();
    let newer = |error: StoreError| matches!(error, StoreError::Open(OpenError::Newer { found: 3, known: 2, .. }));
    let farm = Farm { id: Id::new(), name: "Kibo".into(), phone: None, cattle: 0 };
    assert!(newer(device.store.insert(&farm).unwrap_err()));
    assert!(newer(device.store.session().load(false, false).unwrap_err()));
}
