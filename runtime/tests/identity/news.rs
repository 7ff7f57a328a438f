//! News: what others write comes at once, and a connection for it harms nobody.

use crate::team::{Farm, Team, farm, serve, token};
use std::sync::Arc;
use std::time::{Duration, Instant};
use windrow::hub::Whom;
use windrow::identity::Role;
use windrow::server::Limits;
use windrow::sync::{Link, Options, Reason, SyncState};
use windrow::{Store, SyncWorker};

const SECOND: Duration = Duration::from_secs(1);
/// What should come in a second or two, on a machine where others work too.
const SOON: Duration = Duration::from_secs(30);

/// One that comes by itself once in a day.
fn rare() -> Options {
    let (day, debounce) = (86_400 * SECOND, Duration::from_millis(20));
    let (first_wait, longest_wait) = (Duration::from_millis(50), Duration::from_millis(200));
    Options {
        interval: day,
        metered_interval: day,
        debounce,
        watch: debounce,
        first_wait,
        longest_wait,
        ..Options::default()
    }
}

async fn until(worker: &SyncWorker, what: &str, done: impl Fn(&SyncState) -> bool) {
    let mut state = worker.state();
    let reached = tokio::time::timeout(SOON, state.wait_for(|s| done(s))).await.map(|state| state.is_ok());
    assert_eq!(reached, Ok(true), "never {what}; last: {:?}", worker.state().borrow().clone());
}

async fn arrives(store: &Store, name: &str) {
    let since = Instant::now();
    while store.query::<Farm>("WHERE name = ?1", [name]).unwrap().is_empty() {
        assert!(since.elapsed() < SOON, "{name} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A connection on which a device listens, by hand.
async fn listens(team: &Team, store: &Store) -> reqwest::Response {
    let client = reqwest::Client::builder().read_timeout(SOON).build().unwrap();
    client.get(format!("{}/v1/news", team.url())).bearer_auth(token(store)).send().await.unwrap()
}

/// What comes next on it; nothing once it has ended.
async fn next(listens: &mut reqwest::Response) -> Option<String> {
    let piece = listens.chunk().await.ok().flatten();
    piece.map(|piece| String::from_utf8(piece.to_vec()).unwrap())
}

/// Two stood before the same shelf and counted it twice: each tablet asked every five minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_writes_the_other_has_within_seconds() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let worker = |store: &Store| SyncWorker::start_with(store, team.endpoint(store), rare());
    let (of_ada, of_ben) = (worker(&ada), worker(&ben));
    until(&of_ada, "listening", |s| s.news).await;
    until(&of_ben, "listening", |s| s.news).await;
    ada.insert(&farm("Kibo")).unwrap();
    arrives(&ben, "Kibo").await;
    ben.insert(&farm("Mawenzi")).unwrap();
    arrives(&ada, "Mawenzi").await;

    // What a device has itself committed is no news to it, and it does not ask.
    until(&of_ben, "idle", |s| s.next.is_some_and(|(_, why)| why == Reason::Interval)).await;
    let spent = |store: &Store| store.traffic("").unwrap().iter().map(|t| t.sent + t.received).sum::<u64>();
    let before = spent(&ben);
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(spent(&ben), before);

    of_ben.stop().await;
    assert!(spent(&ben) >= before, "what was held is counted when it ends");
    of_ada.stop().await;
}

/// The hub was updated at noon. It waited for those who listened, who never have enough, and nobody listened to the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_stops_waits_for_no_listener_and_one_that_returns_is_heard_again() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let worker = SyncWorker::start_with(&ben, team.endpoint(&ben), rare());
    until(&worker, "listening", |s| s.news).await;
    let (at, since) = (team.hub.local_addr(), Instant::now());
    let Team { folder, hub } = team;
    hub.shutdown().await;
    assert!(since.elapsed() < 5 * SECOND, "{:?}", since.elapsed());
    until(&worker, "alone", |s| !s.news).await;

    let team = Team { hub: serve(&folder.path().join("hub.db"), Limits::default(), at).await, folder };
    until(&worker, "listening again", |s| s.news).await;
    ada.insert(&farm("Kibo")).unwrap();
    team.sync(&ada).await.unwrap();
    arrives(&ben, "Kibo").await;
    worker.stop().await;
}

/// A stolen tablet that had its connection open went on hearing how busy the team was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_device_hears_nothing_more() {
    let team = Team::with(Limits { news_alive: SECOND / 5, ..Limits::default() }).await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let mut listening = listens(&team, &ben).await;
    assert_eq!(listening.headers()["content-type"], "text/event-stream");
    assert_eq!(next(&mut listening).await.as_deref(), Some("data:0\n\n"));
    assert_eq!(next(&mut listening).await.as_deref(), Some(":\n\n"), "it lives");
    ada.insert(&farm("Kibo")).unwrap();
    team.sync(&ada).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("data:1\n\n") {
        heard += &next(&mut listening).await.unwrap();
    }

    team.registry().revoke(&Whom::Device(ben.device_id())).unwrap();
    ada.insert(&farm("Mawenzi")).unwrap();
    team.sync(&ada).await.unwrap();
    let since = Instant::now();
    while let Some(heard) = next(&mut listening).await {
        assert_eq!(heard, ":\n\n", "said just before");
    }
    assert!(since.elapsed() < 5 * SECOND, "{:?}", since.elapsed());
    assert_eq!(listens(&team, &ben).await.status(), 401);
}

/// Connections for news are held for days: at their bound nobody could sync any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_listen_leave_room_for_those_who_sync() {
    // A quarter of all.
    let team = Team::with(Limits { connections: 8, ..Limits::default() }).await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let cleo = team.device("Cleo", Role::Field).await;
    let (mut of_ada, mut of_ben) = (listens(&team, &ada).await, listens(&team, &ben).await);
    for listening in [&mut of_ada, &mut of_ben] {
        assert_eq!(next(listening).await.as_deref(), Some("data:0\n\n"));
    }
    let refused = listens(&team, &cleo).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"300".parse().unwrap()));
    cleo.insert(&farm("Kibo")).unwrap();
    let worker = SyncWorker::start_with(&cleo, team.endpoint(&cleo), rare());
    until(&worker, "in sync without news", |s| s.last_contact.is_some() && s.pending == 0 && !s.news).await;
    assert_eq!(team.farms(), 1);
    worker.stop().await;

    // A tablet that lost its network takes its own place again, which nobody has seen break.
    let mut again = listens(&team, &ada).await;
    assert_eq!(next(&mut again).await.as_deref(), Some("data:1\n\n"));
    while next(&mut of_ada).await.is_some() {}
    drop((again, of_ben));
    let since = Instant::now();
    while listens(&team, &cleo).await.status() != 200 {
        assert!(since.elapsed() < SOON, "places are not given back");
        tokio::time::sleep(SECOND / 10).await;
    }
}

/// A SIM card for a month was used up within a day, by a connection over which nothing came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_metered_link_and_where_it_is_not_wanted_nobody_listens() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let (feed, connectivity) = tokio::sync::watch::channel(Link::Metered);
    let metered = Options { connectivity: Arc::new(connectivity), ..rare() };
    let of_ada = SyncWorker::start_with(&ada, team.endpoint(&ada), metered);
    let of_ben = SyncWorker::start_with(&ben, team.endpoint(&ben), Options { news: false, ..rare() });
    for worker in [&of_ada, &of_ben] {
        until(worker, "in sync", |s| s.last_contact.is_some()).await;
    }
    tokio::time::sleep(SECOND).await;
    assert!(!of_ada.state().borrow().news && !of_ben.state().borrow().news);
    feed.send_replace(Link::Unmetered);
    until(&of_ada, "listening", |s| s.news).await;
    feed.send_replace(Link::Metered);
    until(&of_ada, "quiet again", |s| !s.news).await;
    let counted = ada.traffic("").unwrap().iter().filter(|t| t.link == "unmetered").map(|t| t.received).sum::<u64>();
    assert!(counted > 100, "{counted}");
    of_ada.stop().await;
    of_ben.stop().await;
}
