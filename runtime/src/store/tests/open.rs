use super::*;
use crate::clock::now_ms;
use rusqlite::Connection;
use std::path::Path;

fn path(dir: &TempDir) -> std::path::PathBuf {
    dir.path().join("farm.db")
}

fn refused(path: &Path) -> OpenError {
    let before = std::fs::read(path).ok();
    let error = match Store::open(path, &SURVEY) {
        Err(StoreError::Open(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(std::fs::read(path).ok(), before, "the file was touched");
    error
}

fn raw(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_file_keeps_its_device_and_its_records() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    let number = device.store.device_id();
    assert!(number.bits() > 0);
    let device = device.reopened();
    assert_eq!(device.store.device_id(), number);
    assert_eq!(device.get(id).unwrap().cattle, 1);
    assert_eq!(device.store.warnings(), []);
    assert_eq!(device.scalar::<String>("PRAGMA journal_mode"), "wal");
    assert_ne!(Device::new().store.device_id(), number);
}

/// A note.
#[derive(Debug, Clone, PartialEq, Syncable)]
struct Note {
    id: Id<Note>,
    text: String,
}

crate::domain! {
    /// Notes.
    NOTES = [Note]
}

/// A team called its table `note`. The trigger that keeps that table's notes is `windrow_note_note` then, and so is the
/// table of these notes: SQLite has names of their own for triggers. We looked things up by name alone, found the one for
/// the other, and the application could open its file once and never again: "is not as it was declared".
#[test]
fn a_table_may_have_any_name_that_is_not_reserved() {
    let dir = tempfile::tempdir().unwrap();
    let id = Id::new();
    Store::open(path(&dir), &NOTES).unwrap().insert(&Note { id, text: "rain".into() }).unwrap();
    let store = Store::open(path(&dir), &NOTES).unwrap();
    assert_eq!(store.warnings(), []);
    assert_eq!(store.get(id).unwrap().unwrap().text, "rain");
}

/// Leaves a file as a program leaves it that dies in the middle of a transaction.
fn abandoned(path: &Path, begun_in: &str) {
    let whole = path.with_extension("whole");
    let conn = Connection::open(&whole).unwrap();
    conn.execute_batch(begun_in).unwrap();
    // More than the cache holds: pages of the transaction are in the file already.
    conn.pragma_update(None, "cache_size", 5).unwrap();
    conn.execute_batch("BEGIN; CREATE TABLE half (x); INSERT INTO half VALUES (zeroblob(1000000))").unwrap();
    let journal = |path: &Path| path.with_file_name(format!("{}-journal", path.file_name().unwrap().to_str().unwrap()));
    std::fs::copy(&whole, path).unwrap();
    std::fs::copy(journal(&whole), journal(path)).unwrap();
}

/// A tablet's battery fell out while the application made its file for the first time. The file began with a page, and a
/// journal lay beside it. We looked at files only to read; but SQLite must take back what the journal says before
/// anybody reads. "attempt to write a readonly database", at every start from then on, until somebody deleted the file.
#[test]
fn a_file_whose_making_was_cut_off_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    abandoned(&path(&dir), "");
    let store = Store::open(path(&dir), &SURVEY).unwrap();
    let half = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'";
    assert_eq!(store.connection().unwrap().query_row(half, [], |r| r.get(0)), Ok(0));
}

#[test]
fn somebody_elses_file_that_was_cut_off_stays_somebody_elses() {
    let dir = tempfile::tempdir().unwrap();
    abandoned(&path(&dir), "CREATE TABLE other (x); INSERT INTO other VALUES ('theirs')");
    let error = Store::open(path(&dir), &SURVEY).unwrap_err();
    assert!(matches!(&error, StoreError::Open(OpenError::Foreign { table, .. }) if table == "other"), "{error}");
    let theirs = Connection::open(path(&dir)).unwrap().query_row("SELECT x FROM other", [], |r| r.get(0));
    assert_eq!(theirs, Ok("theirs".to_owned()));
}

#[test]
fn nothing_is_left_over_by_opening_again() {
    let device = Device::new();
    device.farm("Kibo", 1);
    let schema = "SELECT group_concat(name || sql, ';') FROM (SELECT * FROM sqlite_schema ORDER BY name)";
    let before: String = device.scalar(schema);
    let device = device.reopened().reopened();
    assert_eq!(device.scalar::<String>(schema), before);
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM windrow_migrations"), 1);
}

#[test]
fn an_origin_is_drawn_at_each_opening_and_one_without_entries_is_forgotten() {
    let device = Device::new();
    let origins = "SELECT count(*) FROM windrow_origins";
    assert_eq!(device.scalar::<i64>(origins), 1);
    let first: i64 = device.scalar("SELECT origin FROM windrow_origins");
    let device = device.reopened();
    assert_eq!(device.scalar::<i64>(origins), 1);
    assert_ne!(device.scalar::<i64>("SELECT origin FROM windrow_origins"), first);
    device.farm("Kibo", 1);
    let device = device.reopened();
    assert_eq!(device.scalar::<i64>(origins), 2);
    device.farm("Mara", 1);
    let log = device.store.changelog().unwrap();
    assert_ne!(log[0].origin, log[1].origin);
    // The clock moved on without an entry: the origin has none all the same.
    let device = device.reopened();
    device.store.connection().unwrap().execute("UPDATE windrow_clock SET clock = clock + 1000", []).unwrap();
    assert_eq!(device.reopened().scalar::<i64>(origins), 3);
}

#[test]
fn what_is_no_device_file_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = path(&dir);
    std::fs::write(&path, b"this is a letter, not a database, and it is long enough to be read as one").unwrap();
    assert_eq!(refused(&path), OpenError::NotADatabase(path.clone()));
    std::fs::remove_file(&path).unwrap();
    raw(&path, "CREATE TABLE notes (text)");
    assert_eq!(refused(&path), OpenError::Foreign { path: path.clone(), table: "notes".into() });
    std::fs::remove_file(&path).unwrap();
    raw(&path, "PRAGMA application_id = 77; PRAGMA user_version = 1");
    assert_eq!(refused(&path), OpenError::OtherApplication { path: path.clone(), id: 77 });
    for none in [Path::new(":memory:"), Path::new(""), dir.path()] {
        let error = Store::open(none, &SURVEY).unwrap_err();
        assert!(matches!(error, StoreError::Open(OpenError::NoFile(_))), "{error}");
    }
}

#[test]
fn a_file_of_a_newer_windrow_is_refused_and_left_alone() {
    let device = Device::new();
    device.store.connection().unwrap().execute("UPDATE windrow_state SET format = 4", []).unwrap();
    let path = device.store.path().to_owned();
    drop(device.store);
    assert_eq!(refused(&path), OpenError::Newer { path: path.clone(), found: 4, known: 3 });
}

#[test]
fn an_empty_file_and_one_that_was_never_finished_become_a_device() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(path(&dir), b"").unwrap();
    Store::open(path(&dir), &SURVEY).unwrap();
    let other = dir.path().join("other.db");
    raw(&other, "PRAGMA journal_mode = WAL");
    Store::open(&other, &SURVEY).unwrap();
}

#[test]
fn a_missing_or_changed_trigger_is_restored_and_reported() {
    let device = Device::new();
    let triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'farm' ORDER BY name";
    let sql = "SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name)";
    let (name, before) = (device.scalar::<String>(triggers), device.scalar::<String>(sql));
    device.store.connection().unwrap().execute_batch(&format!("DROP TRIGGER {name}; DROP INDEX windrow_plot_0;")).ok();
    let index: String =
        device.scalar("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'plot' AND sql IS NOT NULL");
    device.store.connection().unwrap().execute_batch(&format!("DROP INDEX \"{index}\"")).unwrap();
    let device = device.reopened();
    assert_eq!(
        device.store.warnings(),
        [Warning::Missing { kind: "index", name: index }, Warning::Missing { kind: "trigger", name: name.clone() },]
    );
    device.store.connection().unwrap().execute_batch(&format!(
        "DROP TRIGGER {name}; CREATE TRIGGER {name} AFTER INSERT ON farm BEGIN SELECT 1; END; DROP VIEW windrow_changelog;"
    )).unwrap();
    let device = device.reopened();
    assert_eq!(
        device.store.warnings(),
        [
            Warning::Missing { kind: "view", name: "windrow_changelog".into() },
            Warning::Changed { kind: "trigger", name },
        ]
    );
    assert_eq!(device.scalar::<String>(sql), before);
    assert_eq!(device.reopened().store.warnings(), []);
}

#[test]
fn a_changed_or_dropped_table_is_an_error_that_says_how_to_mend_it() {
    let device = Device::new();
    let path = device.store.path().to_owned();
    drop(device.store);
    raw(&path, "ALTER TABLE farm ADD COLUMN extra TEXT");
    let error = refused(&path);
    assert!(matches!(&error, OpenError::Altered { table, .. } if table == "farm"), "{error}");
    assert!(error.to_string().contains("extra TEXT"), "{error}");
    raw(&path, "ALTER TABLE farm DROP COLUMN extra");
    Store::open(&path, &SURVEY).unwrap();
    raw(&path, "ALTER TABLE windrow_log ADD COLUMN extra ANY");
    assert!(matches!(refused(&path), OpenError::Altered { table, .. } if table == "windrow_log"));
    raw(&path, "DROP TABLE windrow_log");
    assert_eq!(refused(&path), OpenError::Dropped { table: "windrow_log".into() });
}

/// The log's columns were looked up by SQLite's function of this name, which a table hides.
#[test]
fn a_table_may_hide_a_function_of_sqlites() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(path(&dir), &hiding::PRAGMAS).unwrap();
    Store::open(path(&dir), &hiding::PRAGMAS).unwrap();
}

mod hiding {
    use crate::{Id, Syncable};

    #[derive(Debug, Clone, PartialEq, Syncable)]
    #[syncable(table = "pragma_table_info")]
    pub(crate) struct Pragma {
        pub(crate) id: Id<Pragma>,
        pub(crate) name: String,
    }

    crate::domain!(pub(crate) PRAGMAS = [Pragma]);
}

/// The same farms, and nothing else.
mod narrower {
    use crate::store::tests::Farm;
    crate::domain!(pub(crate) FARMS = [Farm]);
}

/// Once it was a warning: the older program synced, its changeset spoke for the time in which the plot was written, and the
/// newer program counted the plot as sent. It never was.
#[test]
fn a_table_that_joined_the_domain_is_created_and_an_older_program_keeps_its_hands_off() {
    let dir = tempfile::tempdir().unwrap();
    let farm = Farm { id: Id::new(), name: "Kibo".into(), phone: None, cattle: 0 };
    Store::open(path(&dir), &narrower::FARMS).unwrap().insert(&farm).unwrap();
    let store = Store::open(path(&dir), &SURVEY).unwrap();
    assert_eq!(store.warnings(), []);
    store.insert(&Plot { id: Id::new(), farm_id: farm.id, variety: String::new(), best_yield: None }).unwrap();
    drop(store);
    let Err(StoreError::Open(error)) = Store::open(path(&dir), &narrower::FARMS) else { panic!("it was opened") };
    let sentence = error.to_string();
    assert!(sentence.contains("has the table `plot`, but the domain FARMS has no such struct"), "{sentence}");
    assert_eq!(Store::open(path(&dir), &SURVEY).unwrap().pending().unwrap(), 2, "all of it is still to be sent");
}

#[test]
fn a_trigger_of_the_applications_is_logged_after_what_set_it_off() {
    let device = Device::new();
    let shout = "CREATE TRIGGER shout AFTER INSERT ON farm BEGIN
        UPDATE farm SET name = upper(name) WHERE id = NEW.id AND (SELECT applying FROM windrow_state) = 0;
    END";
    device.store.connection().unwrap().execute_batch(shout).unwrap();
    let device = device.reopened();
    assert_eq!(device.store.warnings(), []);
    let id = device.farm("kibo", 0);
    assert_eq!(device.get(id).unwrap().name, "KIBO");
    let operations: Vec<_> = device.store.changelog().unwrap().into_iter().map(|e| e.operation).collect();
    assert_eq!(operations, ["insert", "update"]);
}

#[test]
fn a_trigger_that_writes_to_a_synced_table_without_the_guard_is_reported() {
    let device = Device::new();
    device
        .store
        .connection()
        .unwrap()
        .execute_batch(
            "CREATE TABLE search (text);
         CREATE TRIGGER indexed AFTER INSERT ON farm BEGIN INSERT INTO search VALUES (NEW.name); END;
         CREATE TRIGGER counted AFTER INSERT ON plot BEGIN UPDATE \"farm\" SET cattle = cattle + 1; END;",
        )
        .unwrap();
    let unguarded = Warning::Unguarded { trigger: "counted".into(), table: "farm".into() };
    assert_eq!(device.reopened().store.warnings(), [unguarded]);
}

#[test]
fn two_programs_may_create_a_file_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = path(&dir);
    let open = || loop {
        match Store::open(&path, &SURVEY) {
            Err(error) if error.is_retryable() => {}
            store => return store.unwrap().device_id(),
        }
    };
    let devices: Vec<_> = std::thread::scope(|s| {
        (0..4).map(|_| s.spawn(open)).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(devices.iter().all(|d| *d == devices[0]), "{devices:?}");
}

#[test]
fn the_clock_of_a_new_file_is_the_machines() {
    let device = Device::new();
    let before = now_ms();
    device.farm("Kibo", 0);
    let stamp = device.store.changelog().unwrap()[0].stamp.millis();
    assert!((before - 2..=now_ms() + 2).contains(&stamp), "{stamp}");
}

/// SQLite removes the row that is in the way without firing a trigger: the record would be gone here and nowhere else.
#[test]
fn a_unique_index_of_the_applications_is_warned_of() {
    let device = Device::new();
    let sql = "CREATE UNIQUE INDEX one_name ON farm (name); CREATE INDEX by_cattle ON farm (cattle)";
    device.store.connection().unwrap().execute_batch(sql).unwrap();
    let device = device.reopened();
    let expected = Warning::Unique { index: "one_name".into(), table: "farm".into() };
    assert_eq!(device.store.warnings(), [expected]);
    assert!(device.store.warnings()[0].to_string().contains("declare the field `#[unique]`"));
}

/// An UPSERT leaves the note that its BEFORE trigger took: a second copy of every record that was ever written so.
#[test]
fn notes_of_upserts_do_not_pile_up() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    let conn = device.store.connection().unwrap();
    let upsert = "INSERT INTO farm SELECT * FROM farm WHERE true ON CONFLICT (id) DO UPDATE SET name = 'Kibo 2'";
    conn.execute(upsert, []).unwrap();
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM windrow_note_farm"), 1);
    drop(conn);
    let device = device.reopened();
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM windrow_note_farm"), 0);
    assert_eq!(device.get(id).unwrap().name, "Kibo 2");
}

/// An application was updated while an answer was half received. Its pages named the schema of before: they could not be
/// applied, were never forgotten, and the device never synced again.
#[test]
fn pages_of_another_schema_are_forgotten_and_what_was_not_sent_is_folded_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(path(&dir), &narrower::FARMS).unwrap();
    store.insert(&Farm { id: Id::new(), name: "Kibo".into(), phone: None, cattle: 1 }).unwrap();
    let session = store.session();
    let before = session.load(true, false).unwrap().outbox.unwrap();
    session.keep(&codec::encode_page(&store.plan().schema, &last(1, vec![]), &[], Effort::Page)).unwrap();

    let store = Store::open(path(&dir), &SURVEY).unwrap();
    assert!(matches!(session.mark_prepared(), Err(StoreError::Overtaken)), "its COMMIT must not follow");
    let loaded = store.session().load(true, false).unwrap();
    assert_eq!(loaded.inbox, Inbox::Empty);
    let outbox = loaded.outbox.unwrap();
    assert!(outbox.session != before.session);
    codec::decode_changeset(&store.plan().schema, &outbox.payload, &Limits::default()).unwrap();
}

/// What the hub has may be committed already: its outcome must be asked for under the same id.
#[test]
fn what_was_prepared_is_kept_whatever_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(path(&dir), &narrower::FARMS).unwrap();
    store.insert(&Farm { id: Id::new(), name: "Kibo".into(), phone: None, cattle: 1 }).unwrap();
    let session = store.session();
    let before = session.load(true, false).unwrap().outbox.unwrap();
    session.mark_prepared().unwrap();
    drop(store);
    let after = Store::open(path(&dir), &SURVEY).unwrap().session().load(true, false).unwrap().outbox.unwrap();
    assert_eq!((after.session, after.payload), (before.session, before.payload));
}

/// A worker and a command of the same application began on a new tablet at the same moment, and one of them was told that
/// the database is locked: making a file one with a write-ahead log waits for nobody.
#[test]
fn programs_that_open_a_new_file_at_once_wait_for_each_other() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tablet.db");
        let together = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    together.wait();
                    Store::open(&path, &SURVEY).unwrap();
                });
            }
        });
    }
}
