//! A device's file that is encrypted: `cargo test -p windrow --features sqlcipher --test encrypted`.

#![cfg(feature = "sqlcipher")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use windrow::hub::SqliteHub;
use windrow::protocol::session::Finish;
use windrow::store::{OpenError, StoreError};
use windrow::{Endpoint, Id, Server, Store, Syncable};

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
}

windrow::domain!(FARMS = [Farm]);

const NAME: &str = "Kilimanjaro coffee";

fn key(byte: u8) -> impl Fn() -> Result<[u8; 32], std::io::Error> + Send + Sync + 'static {
    move || Ok([byte; 32])
}

fn open(path: &Path, byte: u8) -> Result<Store, StoreError> {
    Store::open_encrypted(path, &FARMS, key(byte))
}

fn holds(path: &Path, text: &str) -> bool {
    std::fs::read(path).unwrap_or_default().windows(text.len()).any(|window| window == text.as_bytes())
}

/// A tablet was stolen, and its file read with any SQLite program: farmers' names, telephone numbers.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_file_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, hub) = (folder.path().join("ada.db"), folder.path().join("hub.db"));
    let store = open(&path, 7).unwrap();
    store.insert(&Farm { id: Id::new(), name: NAME.into() }).unwrap();
    store.connection().unwrap().execute("UPDATE farm SET name = name || '!'", []).unwrap();
    let server =
        Server::new(&FARMS).store(SqliteHub::open(&hub).unwrap()).open_to_all().bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::new(&format!("http://{}", server.local_addr())).unwrap();
    assert_eq!(windrow::sync(&store, &endpoint).await.unwrap(), Finish::InSync);
    for end in ["", "-wal"] {
        let file = folder.path().join(format!("ada.db{end}"));
        assert!(!holds(&file, NAME), "{}", file.display());
    }
    drop(store);
    let first = std::fs::read(&path).unwrap();
    assert!(first.len() > 4_096 && !first.starts_with(b"SQLite format 3"), "the header of a plain file");
    assert!(!holds(&path, NAME) && !holds(&path, "windrow_state"));

    let store = open(&path, 7).unwrap();
    assert_eq!(store.query::<Farm>("", []).unwrap()[0].name, format!("{NAME}!"));
    // The hub's is plain, for reports.
    assert!(std::fs::read(&hub).unwrap().starts_with(b"SQLite format 3"));
}

/// Somebody mistyped the key, and the file was made anew in its place.
#[test]
fn a_wrong_key_changes_nothing_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ada.db");
    drop(open(&path, 7).unwrap());
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(open(&path, 8), Err(StoreError::Open(OpenError::Locked(_)))));
    assert!(matches!(Store::open(&path, &FARMS), Err(StoreError::Open(OpenError::NotADatabase(_)))));
    let none = Store::open_encrypted(&path, &FARMS, || Err::<[u8; 32], _>("the key store is closed"));
    assert!(none.unwrap_err().to_string().contains("the key store is closed"));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // And a plain file is not taken for an encrypted one.
    let plain = folder.path().join("plain.db");
    drop(Store::open(&plain, &FARMS).unwrap());
    assert!(matches!(open(&plain, 7), Err(StoreError::Open(OpenError::Locked(_)))));
}
