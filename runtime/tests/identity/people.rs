//! Enrolling, revoking, roles, and phones that people share.

use crate::team::{FARMS, Farm, Team, farm, first_requests, token};
use serde_json::{Value as Json, json};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use windrow::hub::{CODE_LASTS, Registry, SqliteHub, Whom};
use windrow::identity::Role;
use windrow::server::ServeError;
use windrow::sync::{
    Activity, Credentials, Failure, FailureKind, Notes, Options, SyncError, SyncState, TokenFile, Transport,
    switch_user, users,
};
use windrow::{Endpoint, Server, Store, SyncWorker};
use windrow_protocol::message::{Answer, Commit, Prepare, Pull};
use windrow_protocol::session::{Finish, Request};

fn failed(result: Result<Finish, SyncError>) -> FailureKind {
    match result {
        Err(SyncError::Transport(failure)) => failure.kind,
        other => panic!("{other:?}"),
    }
}

fn in_sync(state: &SyncState) -> bool {
    state.activity == Activity::Idle && state.pending == 0 && state.last_contact.is_some()
}

async fn until(worker: &SyncWorker, what: &str, done: impl Fn(&SyncState) -> bool) -> SyncState {
    let mut state = worker.state();
    let reached = tokio::time::timeout(Duration::from_secs(60), state.wait_for(|s| done(s))).await;
    let reached = reached.map(|r| r.unwrap().clone());
    reached.unwrap_or_else(|_| panic!("never {what}; last: {:?}", worker.state().borrow().clone()))
}

/// A tablet was lost, revoked, found again: what had been written on it must reach the hub once it has enrolled anew, and
/// nothing before.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_says_so_keeps_its_work_and_goes_on_once_it_has_enrolled_again() {
    let team = Team::new().await;
    let store = team.store("ada.db");
    store.insert(&farm("before it has enrolled")).unwrap();
    assert_eq!(failed(team.sync(&store).await), FailureKind::Unauthorised);
    team.enrols(&store, "Ada", Role::Field).await;
    let eager = Options { debounce: Duration::from_millis(20), watch: Duration::from_millis(20), ..Options::default() };
    let worker = SyncWorker::start_with(&store, team.endpoint(&store), eager);
    until(&worker, "in sync", in_sync).await;

    team.registry().revoke(&Whom::Device(store.device_id())).unwrap();
    store.insert(&farm("written since")).unwrap();
    let state = until(&worker, "blocked", |s| matches!(s.activity, Activity::Blocked { .. })).await;
    assert_eq!((state.failure, state.pending), (Some(FailureKind::Revoked), 1));
    let Activity::Blocked { error } = state.activity else { panic!() };
    assert!(error.contains("can enrol again"), "{error}");
    assert_eq!(team.farms(), 1);

    team.enrols(&store, "Ada", Role::Field).await;
    worker.sync_now();
    let state = until(&worker, "in sync", in_sync).await;
    assert_eq!((team.farms(), state.failure), (2, None));
    worker.stop().await;
}

/// Loses the answer to the first enrolment.
struct Deaf(TokenFile, Mutex<bool>);

impl Credentials for Deaf {
    fn read(&self) -> std::io::Result<Option<String>> {
        self.0.read()
    }

    fn write(&self, secret: &str) -> std::io::Result<()> {
        let enrolled = secret.contains("active");
        if enrolled && !std::mem::replace(&mut *self.1.lock().unwrap(), true) {
            return Err(std::io::Error::other("the program is killed before it has heard"));
        }
        self.0.write(secret)
    }
}

/// The answer to the enrolment was lost, the code was used up, and who could give another one was far away.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_costs_no_code() {
    let team = Team::new().await;
    let (store, code) = (team.store("ada.db"), team.code("Ada", Role::Field));
    let deaf = Deaf(TokenFile::beside(&store), Mutex::new(false));
    let endpoint = Endpoint::new(&team.url()).unwrap().credentials(deaf);
    assert!(endpoint.enrol(store.device_id(), &code).await.is_err());
    assert_eq!(endpoint.enrol(store.device_id(), &code).await.unwrap().user, "Ada");
    assert_eq!(team.sync(&store).await.unwrap(), Finish::InSync);
    // And it is still good for one device only.
    let second = windrow::enrol(&team.store("eve.db"), &team.url(), &code.to_string()).await.unwrap_err();
    assert_eq!(second.kind, FailureKind::Unauthorised, "{second}");
}

fn rejected(answer: Result<Answer, Failure>) -> Failure {
    let failure = answer.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthorised, "{failure}");
    assert!(failure.detail.contains("another device"), "{failure}");
    failure
}

/// Ben's program said Ada's device id, and wrote, read and committed in her name.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_for_another_device() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    ada.insert(&farm("Kibo")).unwrap();
    let (prepare, commit) = first_requests(&ada, &team.endpoint(&ada)).await;
    let as_ben = team.endpoint(&ben);
    rejected(as_ben.send(&Request::Prepare(prepare.clone()), &Notes::default()).await);
    rejected(as_ben.send(&Request::Commit(commit.clone()), &Notes::default()).await);
    rejected(as_ben.send(&Request::Pull(commit.pull.clone()), &Notes::default()).await);
    // Hers is prepared: he commits it in his own name.
    let pull = Pull { device: ben.device_id(), ..commit.pull.clone() };
    let stolen = Commit { pull, ..commit.clone() };
    rejected(as_ben.send(&Request::Commit(stolen), &Notes::default()).await);
    // Or puts something of his own under her session's id.
    ben.insert(&farm("Mawenzi")).unwrap();
    let (of_ben, _) = first_requests(&ben, &as_ben).await;
    let taken = Prepare { session: prepare.session, payload: of_ben.payload };
    assert_eq!(as_ben.send(&Request::Prepare(taken), &Notes::default()).await.unwrap(), Answer::Reused);
    assert_eq!(team.farms(), 0);
    assert_eq!(team.sync(&ada).await.unwrap(), Finish::InSync);
    assert_eq!(team.farms(), 1);
}

/// The list of conflicts, with everybody's telephone numbers, was open to every tablet; and nobody could tell who had
/// decided.
#[tokio::test(flavor = "multi_thread")]
async fn reviewers_review_and_history_says_who_decided() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let cleo = team.device("Cleo", Role::Reviewer).await;
    let kibo = farm("Kibo");
    ada.insert(&kibo).unwrap();
    for store in [&ada, &ben] {
        team.sync(store).await.unwrap();
    }
    for (store, phone) in [(&ada, "1"), (&ben, "2")] {
        let mut farm = store.get::<Farm>(kibo.id).unwrap().unwrap();
        farm.phone = Some(phone.into());
        store.update(&mut farm).unwrap();
        team.sync(store).await.unwrap();
    }
    let (status, open) = team.ask(&cleo, "/v1/conflicts", None).await;
    assert_eq!((status, open["conflicts"].as_array().unwrap().len()), (200, 1));
    let id = open["conflicts"][0]["id"].as_str().unwrap().to_owned();
    let decision = json!({ "table": "farm", "id": id, "about": "fields", "seq": open["conflicts"][0]["seq"], "values": { "phone": "3" } });
    let history = format!("/v1/history?table=farm&id={id}");
    for (path, body) in [("/v1/conflicts", None), (history.as_str(), None), ("/v1/resolve", Some(decision.clone()))] {
        let (status, problem) = team.ask(&ada, path, body).await;
        assert_eq!((status, &problem["type"]), (403, &json!("forbidden")), "{path}");
    }
    assert_eq!(team.ask(&cleo, "/v1/resolve", Some(decision)).await.0, 200);
    let (_, told) = team.ask(&cleo, &history, None).await;
    let lines = told["history"].as_array().unwrap();
    let deciders: Vec<_> = lines.iter().map(|line| &line["detail"]["by"]).collect();
    assert_eq!(deciders, [&Json::Null, &Json::Null, &Json::Null, &json!("Cleo")]);
    let senders: Vec<_> = lines.iter().map(|line| &line["users"]).collect();
    assert_eq!(senders, [&json!(["Ada"]), &json!(["Ada"]), &json!(["Ben"]), &json!([])]);
}

/// Ada and Ben share a phone. She had no network all day; he took it over at night, and her day must not be lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_changes_hands_and_nothing_unsent_is_lost() {
    let team = Team::new().await;
    let phone = team.device("Ada", Role::Field).await;
    phone.insert(&farm("hers")).unwrap();
    team.enrols(&phone, "Ben", Role::Reviewer).await;
    phone.insert(&farm("his")).unwrap();
    let file = TokenFile::beside(&phone);
    assert_eq!(users(&file).unwrap(), [("Ada".to_owned(), false), ("Ben".to_owned(), true)]);
    assert_eq!(team.ask(&phone, "/v1/conflicts", None).await.0, 200);
    let farms = phone.query::<Farm>("", []).unwrap();
    assert_eq!(team.sync(&phone).await.unwrap(), Finish::InSync);
    assert_eq!(team.farms(), 2);
    // It may have been either of them, and that is what is told.
    let history = format!("/v1/history?table=farm&id={}", farms[0].id);
    assert_eq!(team.ask(&phone, &history, None).await.1["history"][0]["users"], json!(["Ada", "Ben"]));
    switch_user(&file, "Ada").unwrap();
    assert_eq!(team.ask(&phone, "/v1/conflicts", None).await.0, 403);
    assert!(switch_user(&file, "Eve").unwrap_err().to_string().contains("enrol"));
    assert_eq!(team.sync(&phone).await.unwrap(), Finish::InSync);
}

/// A backup of the tablet's file was opened on another one, and spoke with its token; and a log that was sent for help had
/// tokens in it.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_stands_in_a_file_of_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let team = Team::new().await;
    let store = team.device("Ada", Role::Field).await;
    team.sync(&store).await.unwrap();
    let (file, secret) = (TokenFile::beside(&store), token(&store));
    assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    for entry in std::fs::read_dir(team.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let holds = std::fs::read(&path).unwrap().windows(secret.len()).any(|window| window == secret.as_bytes());
        assert_eq!(holds, path == file.path(), "{}", path.display());
    }
    assert!(!format!("{:?}", team.endpoint(&store)).contains(&secret));
    std::fs::write(file.path(), "spoilt").unwrap();
    let error = team.sync(&store).await.unwrap_err();
    assert!(error.to_string().contains("enrol again") && !error.is_retryable(), "{error}");
}

#[tokio::test]
async fn a_server_says_who_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    // The registry may be there before the hub.
    let registry = Arc::new(Registry::open(&path).unwrap());
    let server = || Server::new(&FARMS).store(SqliteHub::open(&path).unwrap());
    let unsaid = server().bind("127.0.0.1:0").await.err().unwrap();
    assert!(matches!(unsaid, ServeError::Unguarded), "{unsaid}");
    server().registry(registry.clone()).bind("0.0.0.0:0").await.unwrap().shutdown().await;
    let open = server().open_to_all().bind("127.0.0.1:0").await.unwrap();
    let store = Store::open(folder.path().join("ada.db"), &FARMS).unwrap();
    let url = format!("http://{}", open.local_addr());
    let code = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap();
    let failure = windrow::enrol(&store, &url, &code.to_string()).await.unwrap_err();
    assert!(failure.detail.contains("open to all"), "{failure}");
    let hub = Endpoint::for_device(&url, &store).unwrap();
    assert_eq!(windrow::sync(&store, &hub).await.unwrap(), Finish::InSync);
    // With a token that it does not need it is served all the same.
    open.shutdown().await;
    let guarded = server().registry(registry).bind("127.0.0.1:0").await.unwrap();
    windrow::enrol(&store, &format!("http://{}", guarded.local_addr()), &code.to_string()).await.unwrap();
    let open = server().open_to_all().bind("127.0.0.1:0").await.unwrap();
    let hub = Endpoint::for_device(&format!("http://{}", open.local_addr()), &store).unwrap();
    assert_eq!(windrow::sync(&store, &hub).await.unwrap(), Finish::InSync);
}

/// Passes bytes on to a server, one connection after the other, and counts them.
fn counting(server: std::net::SocketAddr) -> (String, Arc<AtomicUsize>) {
    use std::io::{Read, Write};
    fn pass(mut from: TcpStream, mut to: TcpStream, count: &AtomicUsize) {
        let mut bytes = [0; 4_096];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            count.fetch_add(n, Ordering::SeqCst);
            to.write_all(&bytes[..n]).unwrap();
        }
        drop(to.shutdown(std::net::Shutdown::Write));
    }
    let (listener, count) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicUsize::new(0)));
    let (url, counted) = (format!("http://{}", listener.local_addr().unwrap()), count.clone());
    std::thread::spawn(move || {
        while let Ok((near, _)) = listener.accept() {
            let far = TcpStream::connect(server).unwrap();
            let back = (far.try_clone().unwrap(), near.try_clone().unwrap(), counted.clone());
            std::thread::spawn(move || pass(back.0, back.1, &back.2));
            let counted = counted.clone();
            std::thread::spawn(move || pass(near, far, &counted));
        }
    });
    (url, count)
}

/// Tokens came, and what a device pays for "nothing new", a hundred times a day on a link by satellite, grew by a quarter.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_costs_less_than_300_bytes_with_a_token() {
    let team = Team::new().await;
    let store = team.device("Ada", Role::Field).await;
    store.insert(&farm("Kibo")).unwrap();
    team.sync(&store).await.unwrap();
    team.sync(&store).await.unwrap();
    let (url, count) = counting(team.hub.local_addr());
    let hub = Endpoint::for_device(&url, &store).unwrap();
    assert_eq!(windrow::sync(&store, &hub).await.unwrap(), Finish::InSync);
    let bytes = count.load(Ordering::SeqCst);
    println!("nothing new, with a token: {bytes} bytes in all");
    assert!(bytes < 300, "{bytes} bytes");
}
