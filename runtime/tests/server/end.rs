//! A server that stops.

use super::{Farm, cattle, farm, serve, synced};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use windrow::server::Limits;
use windrow::{Endpoint, Id, Store, sync};

/// Adds one head of cattle after the other, and counts those that the hub took.
async fn breeds(store: Store, id: Id<Farm>, endpoint: Endpoint, taken: Arc<AtomicI64>) {
    loop {
        let mut farm = store.get::<Farm>(id).unwrap().unwrap();
        farm.cattle += 1;
        store.update(&mut farm).unwrap();
        if sync(&store, &endpoint).await.is_err() {
            return;
        }
        taken.fetch_add(1, Ordering::SeqCst);
    }
}

/// A server that is updated at noon cut off commits: devices that were told that theirs is done, and a log of 64 MiB beside
/// the file that whoever copied it forgot.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_are_finished_and_the_log_is_brought_in() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("hub.db");
    let server = serve(&file, Limits::default()).await;
    let url = format!("http://{}", server.local_addr());
    let (taken, mut devices) = (Arc::new(AtomicI64::new(0)), Vec::new());
    for n in 0..4 {
        let store = Store::open(dir.path().join(format!("{n}.db")), &super::FARMS).unwrap();
        let own = farm(0);
        store.insert(&own).unwrap();
        synced(&store, &server).await;
        devices.push(tokio::spawn(breeds(store, own.id, Endpoint::new(&url).unwrap(), taken.clone())));
    }
    while taken.load(Ordering::SeqCst) < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.shutdown().await;
    assert!(!dir.path().join("hub.db-wal").exists(), "all of it is in one file");
    for device in devices {
        device.await.unwrap();
    }
    let server = serve(&file, Limits::default()).await;
    let late = Store::open(dir.path().join("late.db"), &super::FARMS).unwrap();
    synced(&late, &server).await;
    // Each device's last one may be committed without that it has heard of it.
    let (at_hub, taken) = (cattle(&late), taken.load(Ordering::SeqCst));
    assert!((taken..=taken + 4).contains(&at_hub), "{taken} were answered, {at_hub} are there");
    server.shutdown().await;
}
