//! Who waits for whom.

use super::{FARMS, farm, synced, with};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use windrow::Store;
use windrow::server::Limits;
use windrow_protocol::clock::{DeviceId, Point};
use windrow_protocol::message::Pull;

/// So many that a whole session fits in the time that they take, on a machine that does something else beside.
const PULLS: usize = 400;

/// A question for everything.
fn pull(schema: [u8; 8]) -> Pull {
    Pull {
        schema,
        device: DeviceId::LAST,
        checkpoint: Point::START,
        own: Vec::new(),
        covers: Vec::new(),
        refetch: Vec::new(),
        cursor: None,
        whole_ids: false,
        whole: Vec::new(),
        verify: false,
        page: u8::MAX,
    }
}

/// A district got new tablets, all of which asked for everything at once; for a quarter of a minute nobody else could send what he
/// had written, for his changeset waited behind them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changeset_does_not_wait_for_those_who_ask_for_everything() {
    let (dir, server) = with(Limits::default()).await;
    let device = |name: &str| Store::open(dir.path().join(name), &FARMS).unwrap();
    let (first, second) = (device("first.db"), device("second.db"));
    for _ in 0..600 {
        first.insert(&farm(1)).unwrap();
    }
    synced(&first, &server).await;
    second.insert(&farm(1)).unwrap();
    let (told, mut asking) = (Arc::new(AtomicUsize::new(0)), Vec::new());
    for _ in 0..PULLS {
        let (store, told) = (server.store().clone(), told.clone());
        asking.push(tokio::spawn(async move {
            store.pull(pull(store.schema().digest())).await.unwrap();
            told.fetch_add(1, Ordering::SeqCst);
        }));
    }
    while told.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    server.store().head().await.unwrap();
    synced(&second, &server).await;
    let before = told.load(Ordering::SeqCst);
    for asks in asking {
        asks.await.unwrap();
    }
    assert!(before < PULLS, "it came last of all");
    server.shutdown().await;
}
