//! `windrow inspect`.

use crate::model::{Crop, FIELD, Farm, Visit};
use crate::{printed, refused};
use serde_json::Value;
use std::path::Path;
use windrow::hub::{OpenHub, SqliteHub};
use windrow::rusqlite::Connection;
use windrow::{Id, Store, Timestamp};

fn json(file: &Path) -> Value {
    serde_json::from_str(&printed(Path::new("."), &["inspect", "--json", file.to_str().unwrap()])).unwrap()
}

fn farm() -> Farm {
    Farm { id: Id::new(), name: "Kibo".into(), cattle: 3, crop: Some(Crop::Rye), best: None }
}

#[test]
fn a_device_file_in_use_says_what_is_pending() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.db");
    let store = Store::open(&path, &FIELD).unwrap();
    let farm = farm();
    store.insert(&farm).unwrap();
    for _ in 0..2 {
        let at = Timestamp::now();
        let visit = Visit { id: Id::new(), farm_id: farm.id, follows: None, notes: None, at, worker: 7 };
        store.insert(&visit).unwrap();
    }
    // Somebody is in the middle of a write.
    let busy = store.connection().unwrap();
    busy.execute_batch("BEGIN IMMEDIATE; UPDATE visit SET worker = 8").unwrap();

    let says = json(&path);
    assert_eq!(says["kind"], "device");
    let pending: Vec<_> = says["pending"].as_array().unwrap().iter().map(|p| (&p["table"], &p["records"])).collect();
    assert_eq!(pending, [(&Value::from("order \"by\"; --"), &1.into()), (&"visit".into(), &2.into())]);
    assert_eq!((&says["outbox"], &says["last_contact"]), (&Value::Null, &Value::Null));
    let text = printed(dir.path(), &["inspect", "device.db"]);
    assert!(text.contains("3 writes to 3 records"), "{text}");
    busy.execute_batch("ROLLBACK").unwrap();
}

/// A supervisor copies a tablet's file for us, without what stands beside it.
#[test]
fn a_copy_that_nobody_may_write_to_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.db");
    let store = Store::open(&path, &FIELD).unwrap();
    store.insert(&farm()).unwrap();
    drop(store);
    let copy = dir.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    let before = std::fs::read(&copy).unwrap();
    assert_eq!(json(&copy)["pending"][0]["entries"], 1);
    assert_eq!(std::fs::read(&copy).unwrap(), before);
}

#[test]
fn a_hub_file_in_use_says_who_committed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.db");
    let hub = SqliteHub::open(&path).unwrap().open_for(&FIELD).unwrap();
    let says = json(&path);
    assert_eq!(
        (&says["kind"], &says["head"]["seq"], &says["devices"]),
        (&"hub".into(), &0.into(), &Value::Array(vec![]))
    );
    drop(hub);
}

#[test]
fn what_is_none_of_ours_is_an_error_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("text"), "no database, whatever its name says; long enough to be looked at as one")
        .unwrap();
    Connection::open(dir.path().join("other.db")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for (file, says) in
        [("none.db", "there is no file"), ("text", "neither a device's"), ("other.db", "neither a device's")]
    {
        let (error, status) = refused(dir.path(), &["inspect", file]);
        assert!(error.contains(says), "{file}: {error}");
        assert_eq!(status, 4);
    }
}
