//! Copies of a hub's file, and what a restored one does.

use super::{FARMS, Farm, cattle, farm, serve, synced};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use windrow::hub::{BackupError, backup};
use windrow::server::{Limits, Running};
use windrow::{Endpoint, Store, sync};

/// Writes and syncs until it is told to stop.
async fn works(store: Store, url: String, done: Arc<AtomicBool>) {
    let endpoint = Endpoint::new(&url).unwrap();
    while !done.load(Ordering::SeqCst) {
        store.insert(&farm(1)).unwrap();
        sync(&store, &endpoint).await.unwrap();
    }
}

fn device(dir: &Path, n: usize) -> Store {
    Store::open(dir.join(format!("{n}.db")), &FARMS).unwrap()
}

async fn all_synced(stores: &[Store], server: &Running) {
    // Twice: what one brings in the first round the others hear in the second.
    for store in stores.iter().chain(stores) {
        synced(store, server).await;
    }
}

/// A backup of a running hub, put back after its disk died: devices had seen more, and some of what they had sent was gone.
/// What they still know comes back, and nothing counts twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hub_is_restored_from_a_copy_made_under_load() {
    let dir = TempDir::new().unwrap();
    let (file, copy) = (dir.path().join("hub.db"), dir.path().join("copy.db"));
    let server = serve(&file, Limits::default()).await;
    let url = format!("http://{}", server.local_addr());
    let stores: Vec<Store> = (0..3).map(|n| device(dir.path(), n)).collect();
    let done = Arc::new(AtomicBool::new(false));
    let work = |store: &Store| tokio::spawn(works(store.clone(), url.clone(), done.clone()));
    let working: Vec<_> = stores.iter().map(work).collect();
    while server.store().head().await.unwrap().seq.bits() < 20 {
        tokio::task::yield_now().await;
    }
    let (from, to) = (file.clone(), copy.clone());
    let made = tokio::task::spawn_blocking(move || backup(&from, &to)).await.unwrap().unwrap();
    while server.store().head().await.unwrap().seq.bits() < made.seq.bits() + 20 {
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::SeqCst);
    for device in working {
        device.await.unwrap();
    }
    all_synced(&stores, &server).await;
    let expected: i64 = cattle(&stores[0]);
    server.shutdown().await;
    assert!(made.seq.bits() >= 20 && made.bytes > 0, "{made:?}");

    std::fs::copy(&copy, &file).unwrap();
    let server = serve(&file, Limits::default()).await;
    let restored = server.store().head().await.unwrap().seq;
    assert_eq!(restored, made.seq, "the copy ends where it said");
    all_synced(&stores, &server).await;
    let late = device(dir.path(), 9);
    synced(&late, &server).await;
    for store in stores.iter().chain([&late]) {
        assert_eq!(cattle(store), expected);
        assert_eq!(store.count::<Farm>("", []).unwrap() as i64, expected);
    }
    server.shutdown().await;
}

/// Whoever names yesterday's copy again would lose it, if today's failed half way.
#[tokio::test]
async fn a_copy_takes_no_name_that_is_there_and_leaves_nothing_where_it_fails() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("hub.db");
    serve(&file, Limits::default()).await.shutdown().await;
    std::fs::write(dir.path().join("yesterday.db"), "kept").unwrap();
    let there = backup(&file, &dir.path().join("yesterday.db"));
    assert!(matches!(there, Err(BackupError::There(_))), "{there:?}");
    assert_eq!(std::fs::read_to_string(dir.path().join("yesterday.db")).unwrap(), "kept");
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "no database").unwrap();
    let foreign = backup(&text, &dir.path().join("copy.db"));
    assert!(matches!(foreign, Err(BackupError::Source { .. })), "{foreign:?}");
    let nowhere = backup(&file, &dir.path().join("none").join("copy.db"));
    assert!(matches!(nowhere, Err(BackupError::Copy { .. })), "{nowhere:?}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
}
