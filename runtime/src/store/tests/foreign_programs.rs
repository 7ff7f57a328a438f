//! Other programs write to the file with plain SQL: Python, and the `sqlite3` shell where it is installed.

use super::*;
use std::process::{Command, Stdio};
use windrow_protocol::change::{End, What};

const FARM: [u8; 16] = [0x11; 16];
const PLOT: [u8; 16] = [0x12; 16];
const WORKER: [u8; 16] = [0x13; 16];
const VISIT: [u8; 16] = [0x14; 16];

/// Runs a program if it is installed; its standard output.
fn run(mut command: Command) -> Option<String> {
    let output = match command.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Runs SQL by each program that is installed, on a file of its own.
fn by_each(foreign_keys: bool, sql: &str, check: impl Fn(&Device)) {
    let pragma = format!("PRAGMA foreign_keys = {}", if foreign_keys { "ON" } else { "OFF" });
    let script = "import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute(sys.argv[2])
conn.executescript('BEGIN;' + sys.argv[3] + ';COMMIT')
conn.close()";
    for program in ["python3", "sqlite3"] {
        let device = prepared();
        let path = device.store.path().to_owned();
        let mut command = Command::new(program);
        match program {
            "python3" => command.args(["-c", script]).arg(&path).args([&pragma, sql]),
            _ => command.arg("-bail").arg(&path).arg(format!("{pragma};BEGIN;{sql};COMMIT;")),
        };
        if run(command).is_some() {
            check(&device);
        }
    }
}

/// A farm with a plot, a worker and a visit, all known to the hub.
fn prepared() -> Device {
    let device = Device::new();
    let farm = Farm { id: Id::from_bytes(FARM), name: "Kibo".into(), phone: None, cattle: 10 };
    device.store.insert(&farm).unwrap();
    device
        .store
        .insert(&Plot { id: Id::from_bytes(PLOT), farm_id: farm.id, variety: "x".into(), best_yield: None })
        .unwrap();
    device.store.insert(&Worker { id: Id::from_bytes(WORKER), badge: "7".into() }).unwrap();
    let worker_id = Some(Id::from_bytes(WORKER));
    device
        .store
        .insert(&Visit { id: Id::from_bytes(VISIT), plot_id: Id::from_bytes(PLOT), worker_id, notes: String::new() })
        .unwrap();
    assert_eq!(device.sync(1, vec![]), Applied::Applied);
    device
}

#[test]
fn their_writes_are_pending_like_any_other() {
    let sql = "UPDATE farm SET cattle = cattle + 5, name = 'Mara';
        INSERT INTO farm VALUES (x'22222222222222222222222222222222', 'Meru', '1', 3)
            ON CONFLICT (id) DO UPDATE SET cattle = 0;
        INSERT OR REPLACE INTO worker VALUES (x'13131313131313131313131313131313', '8')";
    for foreign_keys in [true, false] {
        by_each(foreign_keys, sql, |device| {
            let changeset = device.changeset().unwrap();
            let kibo = changeset.changes.iter().find(|c| c.table == 0 && c.id.0 == FARM).unwrap();
            let writes: Vec<_> = kibo.writes.iter().map(|w| (w.field, w.what.clone())).collect();
            assert_eq!(writes, [(0, What::Set(text("Mara"))), (2, What::Add(5))]);
            let meru = changeset.changes.iter().find(|c| c.id.0 == [0x22; 16]).unwrap();
            assert!(meru.born && meru.writes.len() == 3);
            let worker = changeset.changes.iter().find(|c| c.table == 2).unwrap();
            assert_eq!((worker.born, worker.writes[0].what.clone()), (false, What::Set(text("8"))));
        });
    }
}

#[test]
fn a_cascade_is_told_from_a_delete_and_stale_from_a_write() {
    by_each(true, "DELETE FROM visit; DELETE FROM worker; DELETE FROM farm", |device| {
        let ends: Vec<_> = device.changeset().unwrap().changes.iter().map(|c| (c.table, c.end)).collect();
        assert_eq!(ends, [(0, End::Delete), (1, End::Cascade), (2, End::Delete), (3, End::Delete)]);
    });
    by_each(true, "DELETE FROM worker", |device| {
        let changeset = device.changeset().unwrap();
        let visit = changeset.changes.iter().find(|c| c.table == 3).unwrap();
        assert_eq!((&visit.stale, visit.writes.len(), visit.end), (&vec![1], 0, End::Alive));
    });
}

#[test]
fn a_parent_deleted_with_foreign_keys_off_is_sent_and_the_answer_mends_the_rest() {
    by_each(false, "DELETE FROM farm", |device| {
        let changeset = device.changeset().unwrap();
        assert_eq!(changeset.changes.iter().map(|c| (c.table, c.end)).collect::<Vec<_>>(), [(0, End::Delete)]);
        let (plot, visit): (Id<Plot>, Id<Visit>) = (Id::from_bytes(PLOT), Id::from_bytes(VISIT));
        assert!(device.get(plot).is_some(), "it dangles for now");
        assert_eq!(device.sync(2, vec![gone(visit), gone(plot), gone(Id::<Farm>::from_bytes(FARM))]), Applied::Applied);
        assert_eq!((device.get(plot), device.get(visit)), (None, None));
    });
    by_each(false, "DELETE FROM farm", |device| {
        let farm = Farm { id: Id::from_bytes(FARM), name: "Kibo".into(), phone: None, cattle: 10 };
        assert_eq!(device.sync(2, vec![whole(&farm)]), Applied::Applied);
        assert_eq!(device.get(farm.id), Some(farm));
    });
}

#[test]
fn the_file_opens_after_them_without_a_complaint() {
    by_each(false, "COMMIT; VACUUM; PRAGMA optimize; BEGIN", |device| {
        let path = device.store.path().to_owned();
        let again = Store::open(path, &SURVEY).unwrap();
        assert_eq!(again.warnings(), []);
    });
}

#[test]
fn what_a_type_cannot_hold_is_refused_on_the_spot() {
    let device = prepared();
    let path = device.store.path().to_owned();
    for sql in [
        "UPDATE farm SET cattle = 'many'",
        "UPDATE farm SET id = zeroblob(16)",
        "INSERT INTO worker VALUES (x'00', 'z')",
    ] {
        let mut command = Command::new("python3");
        let script = "import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])
except sqlite3.IntegrityError as error:
    print('refused', error)";
        command.args(["-c", script]).arg(&path).arg(sql);
        if let Some(said) = run(command) {
            assert!(said.starts_with("refused"), "{sql}: {said}");
        }
    }
    assert_eq!(device.store.pending().unwrap(), 0);
}

#[test]
fn text_that_is_none_is_named_with_its_record_and_field() {
    by_each(true, "UPDATE farm SET name = CAST(x'ff' AS TEXT)", |device| {
        let error = device.store.session().load(true, false).unwrap_err().to_string();
        let farm = Id::<Farm>::from_bytes(FARM).to_string();
        assert!(error.contains(&farm) && error.contains("name is text but not UTF-8"), "{error}");
        device.store.connection().unwrap().execute("UPDATE farm SET name = 'well'", []).unwrap();
        let changeset = device.changeset().unwrap();
        assert_eq!(changeset.changes[0].writes[0].what, What::Set(text("well")));
    });
}
