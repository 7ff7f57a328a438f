//! A real link that drops: a TCP proxy that delays, throttles, cuts and corrupts, between the worker and a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use windrow::hub::SqliteHub;
use windrow::sync::{Activity, Options};
use windrow::{Endpoint, Id, Server, Store, SyncWorker, Syncable};

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Reading {
    id: Id<Reading>,
    value: String,
    #[merge(sum)]
    count: i64,
}

windrow::domain!(READINGS = [Reading]);

/// What a proxy did.
#[derive(Debug, Default)]
struct Done {
    carried: AtomicU64,
    cut: AtomicU64,
    corrupted: AtomicU64,
}

/// Passes connections on to the hub, each for so many bytes, in pieces with a pause behind each; of some a byte is flipped.
async fn proxy(hub: SocketAddr, done: Arc<Done>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0u64.. {
            let (near, _) = listener.accept().await.unwrap();
            let done = done.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let Ok(far) = TcpStream::connect(hub).await else { return };
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                // From 2 to 9 KB a connection: less than the backlog, more than a question.
                let lasts = 2_000 + number * 2_711 % 7_000;
                let (flip_up, flip_down) = match number % 5 {
                    1 => (Some(lasts / 2), None),
                    3 => (None, Some(150)),
                    _ => (None, None),
                };
                tokio::select! {
                    () = pass(from_near, to_far, lasts, flip_up, &done) => {}
                    () = pass(from_far, to_near, lasts, flip_down, &done) => {}
                }
            });
        }
    });
    addr
}

/// Passes bytes on one way until so many have gone.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    lasts: u64,
    flip: Option<u64>,
    done: &Done,
) {
    let (mut carried, mut piece) = (0, [0; 512]);
    loop {
        let Ok(read @ 1..) = from.read(&mut piece).await else { return };
        let fits = (read as u64).min(lasts - carried) as usize;
        if let Some(at) = flip.filter(|at| (carried..carried + fits as u64).contains(at)) {
            piece[(at - carried) as usize] ^= 0x10;
            done.corrupted.fetch_add(1, Ordering::Relaxed);
        }
        if to.write_all(&piece[..fits]).await.is_err() {
            return;
        }
        carried += fits as u64;
        done.carried.fetch_add(fits as u64, Ordering::Relaxed);
        if carried == lasts {
            done.cut.fetch_add(1, Ordering::Relaxed);
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn eager() -> Options {
    let ms = Duration::from_millis;
    Options { interval: ms(100), first_wait: ms(5), longest_wait: ms(50), probe: ms(20), ..Options::default() }
}

async fn synced(store: &Store, via: SocketAddr) {
    let worker = SyncWorker::start_with(store, Endpoint::new(&format!("http://{via}")).unwrap(), eager());
    let mut state = worker.state();
    let done = state.wait_for(|s| s.activity == Activity::Idle && s.pending == 0 && s.last_contact.is_some());
    let waited = tokio::time::timeout(Duration::from_secs(120), done).await.map(|state| state.is_ok());
    assert_eq!(waited, Ok(true), "{:?}", worker.state().borrow().clone());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_gets_through_unharmed() {
    let dir = tempfile::tempdir().unwrap();
    let hub = SqliteHub::open(dir.path().join("hub.db")).unwrap();
    let server = Server::new(&READINGS).store(hub).open_to_all().bind("127.0.0.1:0").await.unwrap();
    let open = |name: &str| Store::open(dir.path().join(name), &READINGS).unwrap();
    let (field, other) = (open("field.db"), open("other.db"));
    // 50 bytes of chance in each, which nothing compresses: some 25 KB.
    let backlog = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500)
        INSERT INTO reading (id, value, count) SELECT randomblob(16), hex(randomblob(34)), n FROM n";
    field.connection().unwrap().execute(backlog, []).unwrap();

    let done = Arc::new(Done::default());
    let via = proxy(server.local_addr(), done.clone()).await;
    synced(&field, via).await;
    synced(&other, via).await;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert!(count(&done.cut) > 6 && count(&done.corrupted) > 1, "{done:?}");
    assert!(count(&done.carried) < 300_000, "{done:?}");

    let all = |store: &Store| store.query::<Reading>("ORDER BY id", []).unwrap();
    let (sent, told) = (all(&field), all(&other));
    assert_eq!(told.len(), 500);
    assert!(sent.iter().zip(&told).all(|(sent, told)| **sent == **told), "what was damaged on the way was believed");
    server.shutdown().await;
}
