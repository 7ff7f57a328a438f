//! The worker over real sockets and files: it syncs on start, after writes of any program, when the hub comes back; it
//! survives lost answers and says what it does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use windrow::hub::SqliteHub;
use windrow::server::Running;
use windrow::sync::{Activity, Budget, Failure, FailureKind, Link, Notes, Options, Reason, SyncState, Transport};
use windrow::{Endpoint, Id, Server, Store, SyncWorker, Syncable, Timestamp};
use windrow_protocol::message::Answer;
use windrow_protocol::session::{Finish, Request};

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
    #[merge(sum)]
    cattle: i64,
}

windrow::domain!(FARMS = [Farm]);

struct Place {
    dir: TempDir,
    addr: SocketAddr,
}

impl Place {
    async fn new() -> Place {
        // Ask for a free port and give it back: the hub is to come and go at one address.
        let addr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        Place { dir: TempDir::new().unwrap(), addr }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn hub(&self) -> Running {
        let hub = SqliteHub::open(self.path("hub.db")).unwrap();
        Server::new(&FARMS).store(hub).open_to_all().bind(self.addr).await.unwrap()
    }

    fn store(&self, name: &str) -> Store {
        Store::open(self.path(name), &FARMS).unwrap()
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::new(&format!("http://{}", self.addr)).unwrap()
    }
}

/// Everything within a fraction of a second.
fn eager() -> Options {
    let ms = Duration::from_millis;
    Options {
        interval: ms(60_000),
        debounce: ms(20),
        watch: ms(20),
        probe: ms(50),
        first_wait: ms(60_000),
        longest_wait: ms(60_000),
        ..Options::default()
    }
}

async fn until(worker: &SyncWorker, what: &str, done: impl Fn(&SyncState) -> bool) -> SyncState {
    let mut state = worker.state();
    let reached = tokio::time::timeout(Duration::from_secs(60), state.wait_for(|s| done(s))).await;
    let reached = reached.map(|r| r.unwrap().clone());
    reached.unwrap_or_else(|_| panic!("never {what}; last: {:?}", worker.state().borrow().clone()))
}

fn in_sync(state: &SyncState) -> bool {
    state.activity == Activity::Idle && state.pending == 0 && state.last_contact.is_some()
}

fn farms(path: &Path) -> i64 {
    let conn = windrow::rusqlite::Connection::open(path).unwrap();
    conn.query_row("SELECT count(*) FROM farm", [], |row| row.get(0)).unwrap()
}

/// Polls a fact that has no channel.
async fn eventually(what: &str, fact: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if fact() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never {what}");
}

fn farm(name: &str) -> Farm {
    Farm { id: Id::new(), name: name.into(), cattle: 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_syncs_on_start_and_after_writes_of_any_program() {
    let place = Place::new().await;
    let (_hub, store) = (place.hub().await, place.store("a.db"));
    store.insert(&farm("before the start")).unwrap();
    let worker = SyncWorker::start_with(&store, place.endpoint(), eager());
    until(&worker, "in sync", in_sync).await;
    assert_eq!(farms(&place.path("hub.db")), 1);

    store.insert(&farm("typed")).unwrap();
    eventually("at the hub: a typed write", || farms(&place.path("hub.db")) == 2).await;

    let other = windrow::rusqlite::Connection::open(place.path("a.db")).unwrap();
    let sql = "INSERT INTO farm (id, name, cattle) VALUES (randomblob(16), 'by another program', 3)";
    other.execute(sql, []).unwrap();
    eventually("at the hub: another program's write", || farms(&place.path("hub.db")) == 3).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_while_the_hub_is_away_and_recovers_by_itself() {
    let place = Place::new().await;
    let store = place.store("a.db");
    store.insert(&farm("written in the field")).unwrap();
    let worker = SyncWorker::start_with(&store, place.endpoint(), eager());
    let waiting = |s: &SyncState| matches!(s.activity, Activity::Waiting { .. });
    let state = until(&worker, "waiting", waiting).await;
    assert_eq!(state.pending, 1);
    let Activity::Waiting { error, failures } = state.activity else { panic!("{:?}", state.activity) };
    assert!(error.contains("no answer from http://127.0.0.1"), "{error}");
    assert_eq!(failures, 1);

    // The next try is a minute away: only the probe can bring it about now.
    let hub = place.hub().await;
    until(&worker, "in sync", in_sync).await;
    assert_eq!(farms(&place.path("hub.db")), 1);
    hub.shutdown().await;
    worker.stop().await;
}

/// Loses the answer to each of a session's requests once, after the hub has acted on it.
struct Lossy {
    endpoint: Endpoint,
    sent: AtomicU32,
}

#[async_trait::async_trait]
impl Transport for Lossy {
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
        let answer = self.endpoint.send(request, notes).await?;
        if self.sent.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Err(Failure::new(FailureKind::Broken, "the answer is lost"));
        }
        Ok(answer)
    }

    async fn probe(&self, _: &Notes) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_neither_lose_nor_double() {
    let place = Place::new().await;
    let (_hub, store) = (place.hub().await, place.store("a.db"));
    let mut kibo = farm("Kibo");
    kibo.cattle = 5;
    store.insert(&kibo).unwrap();
    let lossy = Lossy { endpoint: place.endpoint(), sent: AtomicU32::new(0) };
    let mut sessions = 0;
    while windrow::sync(&store, &lossy).await.is_err() {
        sessions += 1;
        assert!(sessions < 10, "no progress");
    }
    assert!(sessions >= 2, "an answer to PREPARE and one to COMMIT were lost");

    let other = place.store("b.db");
    assert_eq!(windrow::sync(&other, &place.endpoint()).await.unwrap(), Finish::InSync);
    assert_eq!(*other.get::<Farm>(kibo.id).unwrap().unwrap(), kibo);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_no_hub_blocks_and_says_so() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let place = Place::new().await;
    let listener = TcpListener::bind(place.addr).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nnope!").await;
        }
    });
    let store = place.store("a.db");
    let worker = SyncWorker::start_with(&store, place.endpoint(), eager());
    let state = until(&worker, "blocked", |s| matches!(s.activity, Activity::Blocked { .. })).await;
    let Activity::Blocked { error } = state.activity else { panic!("{:?}", state.activity) };
    assert!(error.contains("is the address right?"), "{error}");
}

/// A hub whose clock is behind by so many milliseconds; or a device whose clock is ahead.
struct Behind(Endpoint, i64);

#[async_trait::async_trait]
impl Transport for Behind {
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
        let answer = self.0.send(request, notes).await;
        notes.hub_clock(Timestamp::from_millis(Timestamp::now().millis() - self.1));
        answer
    }

    async fn probe(&self, notes: &Notes) -> bool {
        self.0.probe(notes).await
    }
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A tablet's battery was empty for a week, its clock said 2019 from then on, and all that was written on it lost to what was there.
/// Nobody was told.
#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    const WRONG: i64 = -7 * 365 * 86_400_000;
    let place = Place::new().await;
    let (_hub, store, log) = (place.hub().await, place.store("a.db"), Log::default());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _logs = tracing::subscriber::set_default(subscriber);
    let noted = || {
        let conn = windrow::rusqlite::Connection::open(place.path("a.db")).unwrap();
        conn.query_row("SELECT clock FROM windrow_worker", [], |row| row.get::<_, Option<i64>>(0)).unwrap()
    };
    for (wrong, warns) in [(0, false), (240_000, false), (WRONG, true)] {
        let worker = SyncWorker::start_with(&store, Behind(place.endpoint(), wrong), eager());
        let state = until(&worker, "in sync", in_sync).await;
        let clock = state.clock.unwrap();
        let off = clock.ahead - wrong;
        // The machine may do other things between the two looks at its clock.
        assert!(off.unsigned_abs() <= 100 + clock.within.as_millis() as u64, "{off} of {wrong}: {clock:?}");
        assert_eq!(clock.is_grave(), warns);
        worker.sync_now();
        until(&worker, "syncing", |s| s.activity != Activity::Idle).await;
        until(&worker, "in sync", in_sync).await;
        let last = worker.state();
        worker.stop().await;
        assert_eq!(noted(), last.borrow().clock.map(|clock| clock.ahead));
        let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(told.matches("clock is wrong").count(), usize::from(warns), "once, and not every time: {told}");
    }
}

/// The hub says what its clock shows to whoever brings something: there a wrong clock does harm. To hear that there is nothing
/// new stays as cheap as it was. On a quick machine the exchange took less than a millisecond, and the two clocks, which show
/// whole ones, differed by more than they were said to.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_tells_its_clock() {
    let place = Place::new().await;
    let (_hub, store) = (place.hub().await, place.store("a.db"));
    store.insert(&farm("with a stamp")).unwrap();
    let worker = SyncWorker::start_with(&store, place.endpoint(), eager());
    let clock = until(&worker, "in sync", in_sync).await.clock.unwrap();
    let within = clock.within.as_millis() as u64;
    assert!(clock.ahead.unsigned_abs() <= within && within < 30_000, "one machine has one clock: {clock:?}");
    worker.stop().await;
}

/// Answers every request so.
struct Answers(Failure);

#[async_trait::async_trait]
impl Transport for Answers {
    async fn send(&self, _: &Request, _: &Notes) -> Result<Answer, Failure> {
        Err(self.0.clone())
    }

    async fn probe(&self, _: &Notes) -> bool {
        true
    }
}

/// A proxy asked for a patience beyond the range of the clock, and adding it ended the worker without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_patience_beyond_all_clocks_does_not_end_it() {
    let place = Place::new().await;
    let store = place.store("a.db");
    let busy = Failure { retry_after: Some(Duration::MAX), ..Failure::new(FailureKind::Busy, "come back never") };
    let worker = SyncWorker::start_with(&store, Answers(busy), eager());
    for failures in 1..=2 {
        let waits = |s: &SyncState| matches!(s.activity, Activity::Waiting { failures: n, .. } if n == failures);
        let state = until(&worker, "waiting", waits).await;
        let (next, _) = state.next.unwrap();
        assert!(next.millis() < windrow::Timestamp::now().millis() + 2 * 86_400_000, "{next:?}");
        worker.sync_now();
    }
    worker.stop().await;
}

/// "Never by itself", says an application with the longest times there are.
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_times_mean_never() {
    let place = Place::new().await;
    let (_hub, store) = (place.hub().await, place.store("a.db"));
    let never = Options { interval: Duration::MAX, debounce: Duration::MAX, ..eager() };
    let worker = SyncWorker::start_with(&store, place.endpoint(), never);
    until(&worker, "in sync", in_sync).await;
    store.insert(&farm("not yet")).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(farms(&place.path("hub.db")), 0);
    worker.sync_now();
    until(&worker, "in sync again", |s| in_sync(s) && farms(&place.path("hub.db")) == 1).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_it_waits_for_one() {
    let place = Place::new().await;
    let (_hub, store) = (place.hub().await, place.store("a.db"));
    let (feed, connectivity) = tokio::sync::watch::channel(Link::Down);
    store.insert(&farm("in a valley")).unwrap();
    let options = Options { connectivity: Arc::new(connectivity), ..eager() };
    let worker = SyncWorker::start_with(&store, place.endpoint(), options);
    let state = until(&worker, "offline", |s| s.activity == Activity::Offline && s.pending == 1).await;
    // Its id and stamp, its name, a number.
    assert_eq!((state.pending_records, state.pending_bytes), (1, 16 + 8 + 11 + 8));
    eventually("offline for other programs", || activity(&place.path("a.db")) == "offline").await;
    feed.send_replace(Link::Unmetered);
    until(&worker, "in sync", in_sync).await;
    eventually("idle for other programs", || activity(&place.path("a.db")) == "idle").await;

    feed.send_replace(Link::Down);
    until(&worker, "offline again", |s| s.activity == Activity::Offline).await;
    store.insert(&farm("in another valley")).unwrap();
    worker.sync_now();
    until(&worker, "asked for all the same", |s| in_sync(s) || farms(&place.path("hub.db")) == 2).await;
    worker.stop().await;
    assert_eq!(activity(&place.path("a.db")), "stopped");
}

/// What the worker does, as another program sees it.
fn activity(path: &Path) -> String {
    let conn = windrow::rusqlite::Connection::open(path).unwrap();
    conn.query_row("SELECT activity FROM windrow_worker", [], |row| row.get(0)).unwrap_or_default()
}

/// A changeset that was too long for a day's budget went whole all the same, and paid for it was by the farmer.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_kept_and_what_is_left_goes_over_another_link() {
    const BUDGET: u64 = 12 << 10;
    let place = Place::new().await;
    let (_hub, store) = (place.hub().await, place.store("a.db"));
    let (feed, connectivity) = tokio::sync::watch::channel(Link::Metered);
    // 32 bytes of chance in each, which nothing compresses.
    let backlog = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
        INSERT INTO farm (id, name, cattle) SELECT randomblob(16), hex(randomblob(16)), 1 FROM n";
    store.connection().unwrap().execute(backlog, []).unwrap();
    let budget = Budget::default().on_metered(BUDGET);
    let options = Options { connectivity: Arc::new(connectivity), budget, ..eager() };
    let worker = SyncWorker::start_with(&store, place.endpoint(), options);
    let state = until(&worker, "saving", |s| s.activity == Activity::Saving).await;
    assert!(state.next.is_some_and(|(_, why)| why == Reason::Day), "{state:?}");
    let at_hub = 1_000 - state.pending;
    assert!(at_hub > 0 && state.pending > 0, "what the budget had room for is there: {state:?}");
    let spent = |link: &str| {
        let traffic = store.traffic("").unwrap();
        traffic.iter().filter(|t| t.link == link).map(|t| t.sent + t.received).sum::<u64>()
    };
    let metered = spent("metered");
    assert!(metered <= BUDGET && metered > BUDGET / 2, "{metered}");
    worker.sync_now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        (spent("metered"), farms(&place.path("hub.db"))),
        (metered, at_hub as i64),
        "asking does not pay for it"
    );

    let arrived = "SELECT coalesce(sum(received), 0) FROM windrow_uploads";
    let hub = windrow::rusqlite::Connection::open(place.path("hub.db")).unwrap();
    let arrived = hub.query_row(arrived, [], |row| row.get::<_, u32>(0)).unwrap();

    feed.send_replace(Link::Unmetered);
    until(&worker, "in sync", in_sync).await;
    assert_eq!((spent("metered"), farms(&place.path("hub.db"))), (metered, 1_000));
    let of_farms = |t: &&windrow::store::Traffic| t.table.as_deref() == Some("farm");
    let sent: u64 = store.traffic("").unwrap().iter().filter(of_farms).map(|t| t.sent).sum();
    assert!(sent > 15_000, "{sent} of {}", spent("unmetered"));
    // What it hears is another matter: its own new records, whole.
    let unmetered = |t: &&windrow::store::Traffic| t.link == "unmetered";
    let again: u64 = store.traffic("").unwrap().iter().filter(unmetered).map(|t| t.sent).sum();
    let left = sent * (1_000 - at_hub) / 1_000 - u64::from(arrived);
    assert!(again < left + 3_000, "what had arrived was sent again: {again} where {left} were left");
    worker.stop().await;
}
