//! The hub behind HTTP: the same cases over a socket, and what only the server does.

use crate::TestClock;
use crate::device::{Device, Sent, id};
use crate::domain::{FARM, PHONE, SURVEY};
use crate::sqlite::SqliteBench;
use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use windrow::Server;
use windrow::hub::{Conflicts, Decision, Happened, HubError, HubStore, Measures};
use windrow::server::{Running, ServeError};
use windrow_protocol::change::Key;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock::Point;
use windrow_protocol::message::{Answer, Commit, Prepare, Problem, Pull, from_bytes, to_bytes};
use windrow_protocol::model::Schema;
use windrow_protocol::value::Value;

const MEDIA_TYPE: &str = "application/vnd.windrow";

/// Hubs behind a server each.
pub(crate) struct HttpBench(SqliteBench);

impl HttpBench {
    pub(crate) fn new() -> HttpBench {
        HttpBench(SqliteBench::new())
    }
}

impl crate::Bench for HttpBench {
    fn clock(&self) -> &TestClock {
        self.0.clock()
    }

    fn open(&self, page_records: usize) -> Arc<dyn HubStore> {
        let hub = crate::Bench::open(&self.0, page_records);
        let bound = Server::new(&SURVEY).store(hub).open_to_all().bind("127.0.0.1:0");
        let server = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(bound)).unwrap();
        Arc::new(Remote { client: client(), server })
    }
}

/// A hub that devices reach over HTTP alone.
struct Remote {
    client: reqwest::Client,
    server: Running,
}

fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

impl Remote {
    async fn post(&self, verb: &str, message: &impl Serialize) -> Result<Answer, HubError> {
        self.send(verb, to_bytes(message).unwrap()).await
    }

    async fn send(&self, verb: &str, body: Vec<u8>) -> Result<Answer, HubError> {
        let url = format!("http://{}/v1/{verb}", self.server.local_addr());
        let request = self.client.post(url).header(CONTENT_TYPE, MEDIA_TYPE).body(body);
        let response = request.send().await.unwrap();
        let (status, media) = (response.status().as_u16(), response.headers()[CONTENT_TYPE].clone());
        let body = response.bytes().await.unwrap();
        if status == 200 {
            assert_eq!(media, MEDIA_TYPE);
            return Ok(from_bytes(&body).unwrap());
        }
        assert_eq!(media, "application/problem+json");
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.status, status);
        Err(problem.into())
    }
}

#[async_trait]
impl HubStore for Remote {
    fn schema(&self) -> &Schema {
        self.server.store().schema()
    }

    async fn prepare(&self, request: Prepare) -> Result<Answer, HubError> {
        self.post("prepare", &request).await
    }

    async fn upload(&self, chunk: Chunk) -> Result<Answer, HubError> {
        self.send("upload", chunk.to_bytes().unwrap()).await
    }

    async fn commit(&self, request: Commit) -> Result<Answer, HubError> {
        self.post("commit", &request).await
    }

    async fn pull(&self, request: Pull) -> Result<Answer, HubError> {
        self.post("pull", &request).await
    }

    async fn head(&self) -> Result<Point, HubError> {
        self.server.store().head().await
    }

    async fn measures(&self) -> Result<Measures, HubError> {
        self.server.store().measures().await
    }

    async fn conflicts(&self, after: Option<Key>, limit: usize) -> Result<Conflicts, HubError> {
        self.server.store().conflicts(after, limit).await
    }

    async fn resolve(&self, decision: Decision) -> Result<Point, HubError> {
        self.server.store().resolve(decision).await
    }

    async fn history(&self, record: Key, limit: usize) -> Result<Vec<Happened>, HubError> {
        self.server.store().history(record, limit).await
    }
}

async fn serve() -> (SqliteBench, Running) {
    let bench = SqliteBench::new();
    let hub = crate::Bench::open(&bench, 100);
    let server = Server::new(&SURVEY).store(hub).open_to_all().max_body(4_096).bind("127.0.0.1:0").await.unwrap();
    (bench, server)
}

/// Passes bytes on to a server, and counts them.
fn counting(server: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let (listener, count) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicUsize::new(0)));
    let (addr, counted) = (listener.local_addr().unwrap(), count.clone());
    std::thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(server).unwrap();
        let back = (far.try_clone().unwrap(), near.try_clone().unwrap(), counted.clone());
        std::thread::spawn(move || pass(back.0, back.1, &back.2));
        pass(near, far, &counted);
    });
    (addr, count)
}

fn pass(mut from: TcpStream, mut to: TcpStream, count: &AtomicUsize) {
    let mut bytes = [0; 4_096];
    while let Ok(n @ 1..) = from.read(&mut bytes) {
        count.fetch_add(n, Ordering::SeqCst);
        to.write_all(&bytes[..n]).unwrap();
    }
    drop(to.shutdown(Shutdown::Write));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_new_costs_less_than_300_bytes() {
    let (_bench, server) = serve().await;
    let mut a = Device::new(u64::MAX >> 1);
    let farm = a.farm(1, "Kongo");
    a.sync(&**server.store(), vec![farm]).await;
    let (addr, count) = counting(server.local_addr());
    let request = client().post(format!("http://{addr}/v1/pull")).header(CONTENT_TYPE, MEDIA_TYPE);
    // Right after a commit: its origin is not vouched for by a mark yet, so it is named.
    let response = request.body(to_bytes(&a.pull()).unwrap()).send().await.unwrap();
    let answer: Answer = from_bytes(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(a.read(&crate::device::news(answer)).told, []);
    let bytes = count.load(Ordering::SeqCst);
    println!("nothing new: {bytes} bytes in all");
    assert!(bytes < 300, "{bytes} bytes");
}

#[tokio::test]
async fn what_the_server_does_not_take_is_a_problem_document() {
    let (_bench, server) = serve().await;
    let (client, at) = (client(), |path: &str| format!("http://{}{path}", server.local_addr()));
    let post = |path: &str| client.post(at(path)).header(CONTENT_TYPE, MEDIA_TYPE);
    let long = post("/v1/prepare").body(vec![0; 5_000]);
    let cases = [
        (client.get(at("/")), 404, "not-found"),
        (client.get(at("/v1/pull")), 404, "not-found"),
        (post("/v1/push"), 404, "not-found"),
        (post("/v1/pull/1"), 404, "not-found"),
        (post("/v1/pull").body("WR"), 400, "malformed"),
        (post("/v1/pull").body("WR\u{3}"), 400, "damaged"),
        (post("/v1/pull").body("WR\u{7}"), 409, "unknown-version"),
        (client.post(at("/v1/pull")).body("WR"), 400, "malformed"),
        (client.post(at("/v1/resolve")).body("{}"), 400, "malformed"),
        (client.post(at("/v1/resolve")).header(CONTENT_TYPE, "application/json").body("{"), 400, "malformed"),
        (client.get(at("/v1/history")), 400, "malformed"),
        (client.get(at("/v1/history?table=farm&id=1")), 400, "malformed"),
        (client.get(at("/v1/history?table=barn&id=01890a5d-ac96-774b-bcce-b302099a8057")), 400, "malformed"),
        (client.get(at("/v1/conflicts?after=farm")), 400, "malformed"),
        (long, 413, "too-large"),
    ];
    for (n, (request, status, kind)) in cases.into_iter().enumerate() {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "case {n}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json", "case {n}");
        let problem: Json = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!((&problem["type"], &problem["status"]), (&json!(kind), &json!(status)), "case {n}");
        assert!(problem["detail"].is_string() && problem["title"].is_string() && problem["retry"].is_string());
    }
    let health = client.get(at("/healthz")).send().await.unwrap();
    assert_eq!(health.text().await.unwrap(), r#"{"seq":0,"status":"ok"}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_must_say_how_long_it_is() {
    let (_bench, server) = serve().await;
    let mut stream = TcpStream::connect(server.local_addr()).unwrap();
    let head = "POST /v1/pull HTTP/1.1\r\nhost: h\r\ncontent-type: application/vnd.windrow\r\nconnection: close\r\n";
    write!(stream, "{head}transfer-encoding: chunked\r\n\r\n2\r\nWR\r\n0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("how long"), "{answer}");
}

/// A store that is always busy.
struct Busy(Schema);

#[async_trait]
impl HubStore for Busy {
    fn schema(&self) -> &Schema {
        &self.0
    }

    async fn prepare(&self, _: Prepare) -> Result<Answer, HubError> {
        Err(HubError::Busy)
    }

    async fn upload(&self, _: Chunk) -> Result<Answer, HubError> {
        Err(HubError::Busy)
    }

    async fn commit(&self, _: Commit) -> Result<Answer, HubError> {
        Err(HubError::Damaged("secret".into()))
    }

    async fn pull(&self, _: Pull) -> Result<Answer, HubError> {
        Err(HubError::Stopped)
    }

    async fn head(&self) -> Result<Point, HubError> {
        Err(HubError::Busy)
    }

    async fn measures(&self) -> Result<Measures, HubError> {
        Err(HubError::Busy)
    }

    async fn conflicts(&self, _: Option<Key>, _: usize) -> Result<Conflicts, HubError> {
        Err(HubError::Busy)
    }

    async fn resolve(&self, _: Decision) -> Result<Point, HubError> {
        Err(HubError::Busy)
    }

    async fn history(&self, _: Key, _: usize) -> Result<Vec<Happened>, HubError> {
        Err(HubError::Busy)
    }
}

#[tokio::test]
async fn a_busy_hub_asks_for_patience_and_a_broken_one_tells_no_secrets() {
    let mut a = Device::new(1);
    let store: Arc<dyn HubStore> = Arc::new(Busy(a.schema.clone()));
    let server = Server::new(&SURVEY).store(store).open_to_all().bind("127.0.0.1:0").await.unwrap();
    let (client, sent): (_, Sent) = (client(), a.send(vec![]));
    let post = async |verb: &str, body| {
        let url = format!("http://{}/v1/{verb}", server.local_addr());
        client.post(url).header(CONTENT_TYPE, MEDIA_TYPE).body(body).send().await.unwrap()
    };
    for busy in
        [post("prepare", to_bytes(&sent.prepare()).unwrap()).await, post("pull", to_bytes(&a.pull()).unwrap()).await]
    {
        assert_eq!((busy.status().as_u16(), &busy.headers()[RETRY_AFTER]), (503, &"2".parse().unwrap()));
    }
    let broken = post("commit", to_bytes(&sent.commit(&a)).unwrap()).await;
    assert_eq!(broken.status().as_u16(), 500);
    assert!(!broken.text().await.unwrap().contains("secret"));
}

#[tokio::test]
async fn people_see_conflicts_decide_them_and_read_history() {
    let (_bench, server) = serve().await;
    let (hub, client) = (server.store(), client());
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    a.sync(&**hub, vec![farm]).await;
    b.fetch(&**hub).await;
    for (device, number) in [(&mut a, "1"), (&mut b, "2")] {
        let edit = device.set((FARM, id(1)), PHONE, Value::Text(number.into()));
        device.sync(&**hub, vec![edit]).await;
    }
    let at = |path: &str| format!("http://{}{path}", server.local_addr());
    let json = async |request: reqwest::RequestBuilder| -> Json {
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[CONTENT_TYPE]),
            (200, &"application/json".parse().unwrap())
        );
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    };
    let open = json(client.get(at("/v1/conflicts"))).await;
    let conflict = &open["conflicts"][0];
    let candidate = |device: u64, phone: &str| json!({ "values": { "phone": phone }, "device": format!("{device:016x}"), "at": "2026-09-21T14:13:20Z" });
    assert_eq!(
        *conflict,
        json!({
            "table": "farm", "id": id(1).to_string(), "about": "fields", "fields": ["phone"], "seq": 3,
            "candidates": [candidate(2, "2"), candidate(1, "1")], "other": null,
        })
    );
    let decision = json!({
        "table": "farm", "id": id(1).to_string(), "about": "fields", "seq": conflict["seq"], "values": { "phone": "3" },
    });
    let resolve = client.post(at("/v1/resolve")).header(CONTENT_TYPE, "application/json");
    assert_eq!(json(resolve.body(decision.to_string())).await, json!({ "seq": 4 }));
    assert_eq!(json(client.get(at("/v1/conflicts"))).await, json!({ "conflicts": [], "next": null }));
    let history = json(client.get(at(&format!("/v1/history?table=farm&id={}", id(1))))).await;
    let last = &history["history"][3];
    assert_eq!(
        (&last["device"], &last["detail"]["resolves"]),
        (&json!("0000000000000000"), &json!([{ "phone": "3" }]))
    );
}

#[tokio::test]
async fn other_machines_are_kept_out_unless_they_are_let_in() {
    let bench = SqliteBench::new();
    let hub = crate::Bench::open(&bench, 100);
    for remote in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let refused =
            Server::new(&SURVEY).store(hub.clone()).open_to_all().bind(remote).await.err().expect("not let in");
        assert!(matches!(refused, ServeError::Remote { .. }), "{remote}");
        assert!(refused.to_string().contains("open to all"), "{refused}");
    }
    let server = Server::new(&SURVEY).store(hub).open_to_all().allow_remote().bind("0.0.0.0:0").await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn a_server_that_stops_answers_first_and_frees_its_address() {
    let (_bench, server) = serve().await;
    let (addr, a) = (server.local_addr(), Device::new(1));
    let request = client().post(format!("http://{addr}/v1/pull")).header(CONTENT_TYPE, MEDIA_TYPE);
    assert!(request.body(to_bytes(&a.pull()).unwrap()).send().await.unwrap().status().is_success());
    server.shutdown().await;
    drop(TcpListener::bind(addr).expect("the address is free"));
    assert!(client().get(format!("http://{addr}/healthz")).send().await.is_err());
}
