//! HTTP as broken or hostile programs speak it, to the hub and to the device: bodies that lie, never end, or are packed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use tempfile::TempDir;
use windrow::hub::SqliteHub;
use windrow::server::Running;
use windrow::sync::{Failure, FailureKind, Notes, Transport};
use windrow::{Endpoint, Id, Server, Syncable};
use windrow_protocol::clock::{DeviceId, Point};
use windrow_protocol::message::{Answer, Pull, to_bytes};
use windrow_protocol::session::Request;

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
}

windrow::domain!(FARMS = [Farm]);

async fn serve() -> (TempDir, Running) {
    let dir = TempDir::new().unwrap();
    let hub = SqliteHub::open(dir.path().join("hub.db")).unwrap();
    let server = Server::new(&FARMS).store(hub).open_to_all().max_body(1 << 20).bind("127.0.0.1:0").await.unwrap();
    (dir, server)
}

fn pull(schema: [u8; 8]) -> Pull {
    Pull {
        schema,
        device: DeviceId::from_bits(1).unwrap(),
        checkpoint: Point::START,
        own: vec![],
        covers: vec![],
        refetch: vec![],
        cursor: None,
        whole_ids: false,
        whole: vec![],
        verify: false,
        page: u8::MAX,
    }
}

/// Says this to a server; what it answers, as far as it does within some seconds. `close`: says no more, so that a server may
/// give up an answer that is under way.
fn say(to: SocketAddr, head: &str, body: &[u8], close: bool) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let head = format!("POST {head}\r\nhost: h\r\n\r\n");
    // A server that has said no reads no further.
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
    if close {
        drop(stream.shutdown(std::net::Shutdown::Write));
    }
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

const OURS: &str = "content-type: application/vnd.windrow";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_answers_bodies_that_lie_and_then_everybody_else() {
    let (_dir, server) = serve().await;
    let (to, good) = (server.local_addr(), to_bytes(&pull(server.store().schema().digest())).unwrap());
    let long = |verb: &str, length: u64| {
        format!("/v1/{verb} HTTP/1.1\r\n{OURS}\r\nconnection: close\r\ncontent-length: {length}")
    };
    let cases: [(String, Vec<u8>, bool, &str); 8] = [
        // Longer than the hub takes, by its own words: not one byte of it is waited for.
        (long("pull", 1 << 60), vec![], false, "HTTP/1.1 413 "),
        (long("prepare", (1 << 20) + 1), vec![], false, "HTTP/1.1 413 "),
        // Shorter than it said, then gone: nobody is left to be answered.
        (long("pull", 100_000), good.clone(), true, ""),
        // Longer than it said: the rest is another request, and none.
        (long("pull", 3), good.clone(), false, "HTTP/1.1 400 "),
        // No length, two lengths, a length that is none.
        (
            format!("/v1/pull HTTP/1.1\r\n{OURS}\r\ntransfer-encoding: chunked\r\nconnection: close"),
            b"0\r\n\r\n".to_vec(),
            false,
            "HTTP/1.1 400 ",
        ),
        (format!("{}\r\ncontent-length: 7", long("pull", 3)), good.clone(), false, "HTTP/1.1 400 "),
        (long("pull", 3).replace(": 3", ": -3"), good.clone(), false, "HTTP/1.1 400 "),
        // Packed: what arrives is read as it is.
        (
            format!("{}\r\ncontent-encoding: gzip", long("pull", 30)),
            [&[0x1f, 0x8b, 8][..], &[0; 27]].concat(),
            false,
            "HTTP/1.1 400 ",
        ),
    ];
    for (n, (head, body, close, expected)) in cases.into_iter().enumerate() {
        let answer = say(to, &head, &body, close);
        assert!(answer.starts_with(expected), "case {n}: {answer}");
    }
    let nested = format!("{{\"table\":\"farm\",\"values\":{{\"name\":{}", "[".repeat(1 << 20));
    let json = format!(
        "/v1/resolve HTTP/1.1\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}",
        nested.len()
    );
    assert!(say(to, &json, nested.as_bytes(), false).starts_with("HTTP/1.1 400 "));
    let answer = Endpoint::new(&format!("http://{to}"))
        .unwrap()
        .send(&Request::Pull(pull(server.store().schema().digest())), &Notes::default())
        .await;
    assert!(matches!(answer, Ok(Answer::News(_))), "{answer:?}");
}

/// A program that answers one request with these bytes, then with these again and again for as long as it is heard.
fn answers(first: Vec<u8>, again: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        drop(stream.read(&mut request));
        let mut heard = stream.write_all(&first).is_ok();
        while heard && !again.is_empty() {
            heard = stream.write_all(&again).is_ok();
        }
    });
    addr
}

async fn asked(first: &str, again: Vec<u8>) -> Failure {
    let addr = answers(first.as_bytes().to_vec(), again);
    let pull = pull([0; 8]);
    Endpoint::new(&format!("http://{addr}")).unwrap().send(&Request::Pull(pull), &Notes::default()).await.unwrap_err()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.windrow\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_hears_no_answer_that_never_ends_or_lies() {
    let endless = [&b"100000\r\n"[..], &vec![b'x'; 1 << 20], b"\r\n"].concat();
    let failure = asked(&format!("{OK}transfer-encoding: chunked\r\n\r\n"), endless).await;
    assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
    let failure = asked(&format!("{OK}content-length: 99999999999\r\n\r\n"), vec![b'x'; 1 << 20]).await;
    assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
    let failure = asked(&format!("{OK}content-length: 1000\r\n\r\nWR\u{1}"), vec![]).await;
    assert_eq!(failure.kind, FailureKind::Broken, "{failure}");
    let failure = asked(&format!("{OK}content-length: 3\r\ncontent-encoding: gzip\r\n\r\nabc"), vec![]).await;
    assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
    let failure = asked("SSH-2.0-OpenSSH_9\r\n", vec![]).await;
    assert_eq!(failure.kind, FailureKind::Broken, "{failure}");
}

/// A hub answered 500 with a problem document of sixty megabytes. The device kept its sentence as the state of its worker,
/// and wrote it into its log at every try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_problem_is_not_longer_than_a_sentence() {
    let detail = "x".repeat(10 << 20);
    let document =
        format!("{{\"type\":\"internal\",\"title\":\"t\",\"status\":500,\"detail\":\"{detail}\",\"retry\":\"later\"}}");
    let head = format!(
        "HTTP/1.1 500 Oh\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\r\n",
        document.len()
    );
    let failure = asked(&(head + &document), vec![]).await;
    assert!(failure.detail.len() < 1_000, "{} bytes", failure.detail.len());
    assert_eq!(failure.kind, FailureKind::Busy, "{failure:.200}");
    let endless = "HTTP/1.1 400 No\r\nretry-after: 18446744073709551615\r\ntransfer-encoding: chunked\r\n\r\n";
    let failure = asked(endless, [&b"10000\r\n"[..], &vec![b'{'; 1 << 16], b"\r\n"].concat()).await;
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::Nonsense, Some(Duration::from_secs(u64::MAX))));
}
