//! What a day costs on a link that is paid for by the byte: all that passes between the real device and the real server, TLS
//! included, counted between them by a proxy that knows nothing of either.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use windrow::hub::{CODE_LASTS, Registry, SqliteHub};
use windrow::identity::Role;
use windrow::server::{Running, Tls};
use windrow::sync::{Budget, Options};
use windrow::{Endpoint, Id, Server, Store, Syncable};
use windrow_protocol::session::Finish;

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Reading {
    id: Id<Reading>,
    value: String,
}

windrow::domain!(READINGS = [Reading]);

/// What an idle day may cost.
const DAY: u64 = 5_000;

/// Where the folder is that this test makes for itself, when it runs itself again.
const FOLDER: &str = "WINDROW_TEST_COST";

/// A chain as public authorities give them: of a server's key and an intermediate's, some 1,050 and 1,350 bytes long. Who is
/// trusted stands in `root.pem`.
fn certify(dir: &Path) {
    // What theirs say beside names and keys: policies, addresses, logs.
    let padded = |names: &[&str], bytes: usize| {
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        // 1.3.6.1.4.1.99999.1: nobody's.
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![7; bytes]));
        params
    };
    let authority = |bytes| {
        let mut params = padded(&[], bytes);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let keys: Vec<KeyPair> = (0..3).map(|_| KeyPair::generate().unwrap()).collect();
    let (root, middle, leaf) = (authority(1), authority(1_000), padded(&["localhost"], 650));
    let root_pem = root.self_signed(&keys[0]).unwrap();
    let by_root = Issuer::new(root, &keys[0]);
    let middle_pem = middle.signed_by(&keys[1], &by_root).unwrap();
    let by_middle = Issuer::new(middle, &keys[1]);
    let leaf_pem = leaf.signed_by(&keys[2], &by_middle).unwrap();
    let long = leaf_pem.der().len() + middle_pem.der().len();
    assert!((2_350..2_600).contains(&long), "{long} is no usual chain");
    std::fs::write(dir.join("root.pem"), root_pem.pem()).unwrap();
    std::fs::write(dir.join("hub.pem"), leaf_pem.pem() + &middle_pem.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), keys[2].serialize_pem()).unwrap();
}

/// Counts what passes, and hangs up on everybody when it is told to.
#[derive(Debug, Default)]
struct Counter {
    bytes: AtomicU64,
    hang_up: Notify,
}

impl Counter {
    fn take(&self) -> u64 {
        self.bytes.swap(0, Ordering::SeqCst)
    }
}

async fn proxy(hub: SocketAddr, counter: Arc<Counter>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let counter = counter.clone();
            tokio::spawn(async move {
                let far = TcpStream::connect(hub).await.unwrap();
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                tokio::select! {
                    () = async { tokio::join!(pass(from_near, to_far, &counter), pass(from_far, to_near, &counter)); } => {}
                    () = counter.hang_up.notified() => {}
                }
            });
        }
    });
    port
}

async fn pass(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, counter: &Counter) {
    let mut piece = [0; 4_096];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        counter.bytes.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&piece[..read]).await.is_err() {
            break;
        }
    }
    drop(to.shutdown().await);
}

/// A device that has enrolled, its hub, and what passes between them.
struct Place {
    store: Store,
    url: String,
    counter: Arc<Counter>,
    _hub: Running,
}

impl Place {
    async fn new(dir: &Path) -> Place {
        let file = dir.join("hub.db");
        let registry = Registry::open(&file).unwrap();
        let code = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap().to_string();
        let tls = Tls::open(dir.join("hub.pem"), dir.join("key.pem")).unwrap();
        let server = Server::new(&READINGS).store(SqliteHub::open(&file).unwrap()).registry(registry).tls(tls);
        let hub = server.bind("127.0.0.1:0").await.unwrap();
        let counter = Arc::new(Counter::default());
        let url = format!("https://localhost:{}", proxy(hub.local_addr(), counter.clone()).await);
        let store = Store::open(dir.join("field.db"), &READINGS).unwrap();
        windrow::enrol(&store, &url, &code).await.unwrap();
        Place { store, url, counter, _hub: hub }
    }

    /// A program that has just started, which knows no session of TLS.
    fn starts(&self) -> Endpoint {
        self.counter.take();
        Endpoint::for_device(&self.url, &self.store).unwrap()
    }

    /// A session. The bytes that passed, and those that were counted for it.
    async fn contact(&self, hub: &Endpoint) -> (u64, u64) {
        let before = self.counted();
        assert_eq!(windrow::sync(&self.store, hub).await.unwrap(), Finish::InSync);
        // The last ticket may still be on its way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        (self.counter.take(), self.counted() - before)
    }

    /// Hours pass, and nobody keeps a connection for so long.
    async fn hours(&self) {
        self.counter.hang_up.notify_waiters();
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.counter.take();
    }

    fn counted(&self) -> u64 {
        self.store.traffic("").unwrap().iter().map(|t| t.sent + t.received).sum()
    }
}

/// A village pays a SIM card by the kilobyte, and nobody had ever measured what a day without work costs: twice what was
/// promised, for each contact brought the certificates again. And a budget that counts less than what passes is none.
#[test]
fn an_idle_day_on_a_metered_link_costs_less_than_5_kb() {
    if let Some(dir) = std::env::var_os(FOLDER) {
        return tokio::runtime::Runtime::new().unwrap().block_on(measure(Path::new(&dir)));
    }
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path());
    // Whom a system trusts is said before the program starts.
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "an_idle_day_on_a_metered_link_costs_less_than_5_kb", "--nocapture"]);
    again.env("SSL_CERT_FILE", dir.path().join("root.pem")).env_remove("SSL_CERT_DIR").env(FOLDER, dir.path());
    assert!(again.status().unwrap().success());
}

async fn measure(dir: &Path) {
    let place = Place::new(dir).await;
    place.store.insert(&Reading { id: Id::new(), value: "3.5".into() }).unwrap();
    let hub = place.starts();
    for _ in 0..2 {
        place.contact(&hub).await;
    }
    let hub = place.starts();
    let (full, counted_full) = place.contact(&hub).await;
    let (open, counted_open) = place.contact(&hub).await;
    place.hours().await;
    let (resumed, counted_resumed) = place.contact(&hub).await;
    println!(
        "nothing new over TLS, bytes in all: {full} with a full handshake, {resumed} with a resumed one, {open} with none"
    );
    println!("counted: {counted_full}, {counted_resumed}, {counted_open}");
    for (passed, counted) in [(full, counted_full), (open, counted_open), (resumed, counted_resumed)] {
        assert!(passed <= counted && counted <= passed + 600, "{passed} passed, {counted} were counted");
    }

    let contacts = 86_400 / Options::default().metered_interval.as_secs();
    let mut day = 0;
    for _ in 0..contacts {
        place.hours().await;
        let (passed, _) = place.contact(&hub).await;
        day += passed;
    }
    let buys = DAY / resumed;
    println!("{contacts} contacts: {day} bytes; {DAY} bytes buy {buys} contacts");
    assert!(day < DAY, "{day} bytes for {contacts} contacts");
    // The day on which the program starts has one full handshake.
    assert!(full + (contacts - 1) * resumed < DAY + 2_000, "{full}, {resumed}");
    // And a budget of as much lets all of these contacts through, as it counts them.
    assert!(Budget::per_day(DAY).exchange(windrow::sync::Link::Metered, counted_resumed * (contacts - 1)).is_some());

    work(&place, &hub).await;
}

/// Work costs what it costs, and all of it is counted: long bodies, up and down, in many records of TLS.
async fn work(place: &Place, hub: &Endpoint) {
    let some = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
        INSERT INTO reading (id, value) SELECT randomblob(16), hex(randomblob(20)) FROM n";
    place.store.connection().unwrap().execute(some, []).unwrap();
    place.counter.take();
    let (passed, counted) = place.contact(hub).await;
    println!("3,000 new records: {passed} bytes passed, {counted} were counted");
    assert!(passed <= counted && counted < passed + passed / 20, "{passed} passed, {counted} were counted");
}
