use super::*;
use rusqlite::Connection;
use std::process::Command;

/// Writes to the very record that set it off, as the page about the databases allows.
const SHOUT: &str = "CREATE TRIGGER shout AFTER INSERT ON farm BEGIN
    UPDATE farm SET name = upper(name) WHERE id = NEW.id AND (SELECT applying FROM windrow_state) = 0;
END";
const WRITE: &str = "INSERT INTO farm VALUES (randomblob(16), 'kibo', NULL, 0)";

/// What was logged, and what the changeset says of the name.
fn told(device: &Device) -> (Vec<String>, Value) {
    let operations = device.store.changelog().unwrap().into_iter().map(|e| e.operation).collect();
    let changeset = device.changeset().unwrap();
    let name = changeset.changes[0].writes.iter().find(|w| w.field == 0).unwrap().what.clone();
    let windrow_protocol::change::What::Set(name) = name else { panic!("{name:?}") };
    (operations, name)
}

fn expected() -> (Vec<String>, Value) {
    (vec!["insert".to_owned(), "update".to_owned()], Value::Text("KIBO".into()))
}

/// An application made its search trigger at its first start, after it had opened the store, and went on. SQLite fires the
/// newest trigger first: what `shout` wrote was logged before the insert that had set it off. Here the farm was `KIBO`; the
/// log ended with `kibo`, and so did every other device.
#[test]
fn a_trigger_made_while_the_store_is_open_is_logged_after_what_set_it_off() {
    let device = Device::new();
    device.store.connection().unwrap().execute_batch(SHOUT).unwrap();
    device.farm("kibo", 0);
    assert_eq!(told(&device), expected());
}

/// The same within one transaction of the application's: the trigger stands from the next one on.
#[test]
fn a_trigger_made_in_a_transaction_is_outranked_by_the_next() {
    let device = Device::new();
    let make = |tx: &Tx<'_>| Ok::<_, StoreError>(tx.connection().execute_batch(SHOUT)?);
    device.store.transaction(make).unwrap();
    device.farm("kibo", 0);
    assert_eq!(told(&device), expected());
}

/// A transaction that failed took back what it had renewed, and the next one believed that it was done.
#[test]
fn a_transaction_that_fails_renews_nothing() {
    let device = Device::new();
    device.store.connection().unwrap().execute_batch(SHOUT).unwrap();
    let fail = |_: &Tx<'_>| Err::<(), StoreError>(WriteError::Nested.into());
    assert!(device.store.transaction(fail).is_err());
    device.farm("kibo", 0);
    assert_eq!(told(&device), expected());
}

/// The trigger was made by the shell, and the next write was made by a connection that the application had asked for.
#[test]
fn a_connection_that_is_handed_out_finds_windrows_triggers_newest() {
    let device = Device::new();
    let shell = Command::new("sqlite3").arg("-batch").arg(device.store.path()).arg(SHOUT).status();
    if shell.is_err() {
        Connection::open(device.store.path()).unwrap().execute_batch(SHOUT).unwrap();
    }
    device.store.connection().unwrap().execute(WRITE, []).unwrap();
    assert_eq!(told(&device), expected());
}

/// Two other programs, one that makes the trigger and one that writes, and a worker that syncs now and then.
#[test]
fn a_session_renews_for_programs_that_use_no_store() {
    let device = Device::new();
    let other = || Connection::open(device.store.path()).unwrap();
    other().execute_batch(SHOUT).unwrap();
    assert!(device.changeset().is_none());
    other().execute(WRITE, []).unwrap();
    assert_eq!(told(&device), expected());
}

/// Two stores of one file, in two programs, must not renew for each other without end.
#[test]
fn what_is_newest_is_left_alone() {
    let device = Device::new();
    let other = Store::open(device.store.path(), &SURVEY).unwrap();
    device.store.connection().unwrap().execute_batch(SHOUT).unwrap();
    device.farm("kibo", 0);
    let version = || device.scalar::<i64>("PRAGMA schema_version");
    let before = version();
    for name in ["mara", "pori"] {
        other.insert(&Farm { id: Id::new(), name: name.into(), phone: None, cattle: 0 }).unwrap();
        device.farm(name, 0);
    }
    assert_eq!(version(), before);
}

/// Somebody had dropped a trigger of Windrow's too: renewing dropped it once more, and failed.
#[test]
fn renewing_creates_what_is_missing() {
    let device = Device::new();
    let drop = format!("{SHOUT}; DROP TRIGGER windrow_farm_insert");
    device.store.connection().unwrap().execute_batch(&drop).unwrap();
    device.farm("kibo", 0);
    assert_eq!(told(&device), expected());
}

/// A plot's trigger said `RAISE(FAIL, ...)` in the middle of a farm's delete: SQLite kept what was done, the farm was gone, and
/// the log did not say so. Now that statement alone is taken back, and the transaction goes on.
#[test]
fn a_delete_that_fails_half_way_is_taken_back_and_the_transaction_goes_on() {
    let device = Device::new();
    let (kept, other) = (device.farm("Kibo", 0), device.farm("Mara", 0));
    let plot = device.plot(kept);
    let fail = "CREATE TRIGGER kept AFTER DELETE ON plot BEGIN SELECT RAISE(FAIL, 'kept'); END";
    device.store.connection().unwrap().execute_batch(fail).unwrap();
    let done = device.store.transaction(|tx| {
        tx.connection().execute("UPDATE farm SET cattle = 3", [])?;
        let error = tx.delete(kept).unwrap_err();
        assert!(matches!(error, StoreError::Write(WriteError::Rule { rule: Rule::Reference, .. })), "{error}");
        assert!(tx.delete(other)?);
        Ok::<_, StoreError>(())
    });
    done.unwrap();
    assert!(device.get(plot).is_some() && device.get(other).is_none());
    assert_eq!(device.get(kept).unwrap().cattle, 3);
    let operations: Vec<_> = device.store.changelog().unwrap().into_iter().map(|e| e.operation).collect();
    assert_eq!(operations, ["insert", "insert", "insert", "update", "update", "delete"]);
}

/// Who is leaving is known for the time of one statement; what a REPLACE leaves behind is forgotten.
#[test]
fn who_was_leaving_is_forgotten() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    device.plot(id);
    let leaving = "SELECT count(*) FROM windrow_leaving_farm";
    device.store.connection().unwrap().execute("REPLACE INTO farm SELECT * FROM farm", []).unwrap();
    assert_eq!(device.scalar::<i64>(leaving), 1);
    let device = device.reopened();
    assert_eq!(device.scalar::<i64>(leaving), 0);
    assert!(device.store.delete(id).is_ok());
    assert_eq!(device.scalar::<i64>(leaving), 0);
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM sqlite_schema WHERE name GLOB 'windrow_leaving_*'"), 2);
}

/// An application kept an index for searching by a trigger, and made it long after it had begun to sync. What others did from
/// then on was not found by it, because nothing but Windrow's triggers had been there when the first answer was applied.
#[test]
fn a_trigger_of_the_applications_hears_of_answers_from_when_it_is_made() {
    let device = Device::new();
    let kibo = || whole(&Farm { id: Id::new(), name: "Kibo".into(), phone: None, cattle: 1 });
    let found = || device.scalar::<i64>("SELECT count(*) FROM search");
    let run = |sql: &str| device.store.connection().unwrap().execute_batch(sql).unwrap();
    run("CREATE TABLE search (name TEXT)");
    device.sync(2, vec![kibo()]);
    assert_eq!(found(), 0);
    run("CREATE TRIGGER indexed AFTER INSERT ON farm BEGIN INSERT INTO search VALUES (NEW.name); END");
    device.sync(3, vec![kibo()]);
    assert_eq!(found(), 1);
    run("DROP TRIGGER indexed");
    device.sync(4, vec![kibo()]);
    assert_eq!(found(), 1);
    assert!(device.store.changelog().unwrap().is_empty(), "nobody wrote here");
}

/// An import wrote an UPSERT, which leaves a row behind that says that its farm is about to go, and the hub said later that it is
/// gone. No trigger heard of that, the row stayed, and what a program without foreign keys deleted below that farm was told as
/// taken along by it: an edit elsewhere could not save it.
#[test]
fn a_record_that_the_hub_removed_takes_nothing_along_later() {
    let device = Device::new();
    let farm = device.farm("Kibo", 1);
    let conn = device.store.connection().unwrap();
    let upsert = "INSERT INTO farm SELECT * FROM farm WHERE true ON CONFLICT (id) DO UPDATE SET cattle = 2";
    conn.execute(upsert, []).unwrap();
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM windrow_leaving_farm"), 1);
    device.sync(2, vec![]);
    device.sync(3, vec![gone(farm)]);
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.execute("INSERT INTO plot VALUES (randomblob(16), ?1, '', NULL)", [farm.as_bytes()]).unwrap();
    conn.execute("DELETE FROM plot", []).unwrap();
    let operations: Vec<_> = device.store.changelog().unwrap().into_iter().map(|e| e.operation).collect();
    assert_eq!(operations, ["insert", "update", "insert", "delete"]);
}
