//! Files of earlier versions, opened by the program of today: what `domain!` has read of lock and migrations.

#![allow(clippy::unwrap_used, clippy::panic)]

use clinic::{CLINIC, Household, Patient};
use std::path::Path;
use windrow::store::OpenError;
use windrow::{Domain, Endpoint, Id, Server, SqliteHub, Store, StoreError, sync};

/// The programs of then: the structs of version 1, without a lock, and the same of version 2 with one.
mod then {
    use windrow::{Id, Syncable};

    #[derive(Debug, Clone, PartialEq, Syncable)]
    pub(crate) struct Household {
        pub(crate) id: Id<Household>,
        pub(crate) name: String,
        #[merge(sum)]
        pub(crate) nets: i64,
    }

    #[derive(Debug, Clone, PartialEq, Syncable)]
    pub(crate) struct Patient {
        pub(crate) id: Id<Patient>,
        #[parent(Household, on_delete = cascade)]
        pub(crate) household_id: Id<Household>,
        pub(crate) name: String,
        pub(crate) notes: Option<String>,
    }

    windrow::domain!(pub(crate) CLINIC_THEN = [Household, Patient]);
}

use then::CLINIC_THEN;

fn found(store: &Store) -> (Id<then::Household>, Id<then::Patient>) {
    let household = then::Household { id: Id::new(), name: "Kibo".into(), nets: 2 };
    let patient = then::Patient { id: Id::new(), household_id: household.id, name: "Asha".into(), notes: None };
    store.insert(&household).unwrap();
    store.insert(&patient).unwrap();
    (household.id, patient.id)
}

#[test]
fn the_domain_knows_its_versions() {
    assert_eq!((CLINIC_THEN.version(), CLINIC.version()), (1, 3));
    let names: Vec<_> = CLINIC.earlier.iter().map(|earlier| earlier.migration.name).collect();
    assert_eq!(names, ["water", "doses"]);
}

/// A tablet with a week's unsent work gets the program of two versions later.
#[test]
fn a_file_of_the_first_version_opens_with_its_work() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tablet.db");
    let (household, patient) = found(&Store::open(&path, &CLINIC_THEN).unwrap());

    let store = Store::open(&path, &CLINIC).unwrap();
    let migrated = store.migrated().unwrap();
    let backup = dir.path().join("tablet.db.v1.backup");
    assert_eq!((migrated.from, migrated.to, migrated.backup.as_ref()), (1, 3, Some(&backup)));
    assert_eq!(store.pending().unwrap(), 2);
    let household = Id::<Household>::from(household.record());
    let (kibo, asha) = (store.get(household).unwrap(), store.get(Id::<Patient>::from(patient.record())).unwrap());
    assert_eq!(kibo.unwrap().water, "unknown");
    let asha = asha.unwrap();
    assert_eq!((asha.full_name.as_str(), asha.notes.as_str()), ("Asha", ""));
    drop(store);
    assert!(Store::open(&path, &CLINIC).unwrap().migrated().is_none(), "once is enough");
    assert_eq!(Store::open(&backup, &CLINIC_THEN).unwrap().pending().unwrap(), 2, "the copy is as it was");
}

/// Somebody installs the old program over the new one.
#[test]
fn an_older_program_leaves_a_newer_file_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, hub) = (dir.path().join("tablet.db"), dir.path().join("hub.db"));
    drop(Store::open(&path, &CLINIC).unwrap());
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(&path, &CLINIC_THEN).unwrap_err();
    assert!(matches!(error, StoreError::Open(OpenError::NewerModel { found: 3, known: 1, .. })), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(std::fs::read(&path).unwrap(), before);

    open_hub(&hub, &CLINIC).unwrap();
    let error = open_hub(&hub, &CLINIC_THEN).unwrap_err();
    assert!(error.contains("is of version 3 of CLINIC_THEN, and this program knows versions up to 1"), "{error}");
}

fn open_hub(path: &Path, domain: &'static Domain) -> Result<(), String> {
    use windrow::hub::OpenHub;
    SqliteHub::open(path).unwrap().open_for(domain).map(drop).map_err(|e| e.to_string())
}

/// Two branches each made a second version; a tablet of the one gets the program of the other, which has gone on.
#[test]
fn a_file_of_another_branch_is_told_from_ours() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tablet.db");
    drop(Store::open(&path, &CLINIC_THEN).unwrap());
    let conn = windrow::rusqlite::Connection::open(&path).unwrap();
    conn.execute("UPDATE windrow_device SET version = 2", []).unwrap();
    let error = Store::open(&path, &CLINIC).unwrap_err();
    assert!(matches!(error, StoreError::Open(OpenError::OtherPast { version: 2, .. })), "{error}");
}

/// An application's view reads a column under the name that it had. The file can't migrate, says why, and is as it was;
/// once the view is gone it does.
#[test]
fn a_file_that_can_not_migrate_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tablet.db");
    found(&Store::open(&path, &CLINIC_THEN).unwrap());
    let conn = windrow::rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE windrow_new_household (a)").unwrap();
    let error = Store::open(&path, &CLINIC).unwrap_err();
    assert!(matches!(error, StoreError::Open(OpenError::Migration { version: 2, name: "water", .. })), "{error}");
    assert_eq!(Store::open(&path, &CLINIC_THEN).unwrap().pending().unwrap(), 2);
    conn.execute_batch("DROP TABLE windrow_new_household").unwrap();
    assert_eq!(Store::open(&path, &CLINIC).unwrap().pending().unwrap(), 2);
}

/// While the old program is still running, the new one opens the same file. The old one must not sync by its own places of
/// fields, nor make its own triggers again, which would refuse every write from then on.
#[test]
fn a_program_whose_file_was_migrated_under_it_stops_syncing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, hub) = (dir.path().join("tablet.db"), dir.path().join("hub.db"));
    let old = Store::open(&path, &CLINIC_THEN).unwrap();
    found(&old);
    let new = Store::open(&path, &CLINIC).unwrap();
    let late = then::Household { id: Id::new(), name: "Moshi".into(), nets: 0 };
    assert!(matches!(old.insert(&late).unwrap_err(), StoreError::Open(OpenError::NewerModel { .. })));
    assert!(matches!(old.connection().unwrap_err(), StoreError::Open(OpenError::NewerModel { .. })));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server =
            Server::new(&CLINIC).store(SqliteHub::open(&hub).unwrap()).open_to_all().bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::new(&format!("http://{}", server.local_addr())).unwrap();
        let error = sync(&old, &endpoint).await.unwrap_err();
        assert!(error.to_string().contains("is of version 3"), "{error}");
        new.insert(&Household { id: Id::new(), name: "Moshi".into(), nets: 1, water: "well".into() }).unwrap();
        sync(&new, &endpoint).await.unwrap();
        assert_eq!(new.pending().unwrap(), 0);
        server.shutdown().await;
    });
}
