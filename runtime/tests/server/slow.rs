//! Connections that keep the server waiting.

use super::with;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use windrow::server::{Limits, Running};

const HEAD: &str = "POST /v1/pull HTTP/1.1\r\nhost: h\r\ncontent-type: application/vnd.windrow\r\n";

fn quick() -> Limits {
    let ms = Duration::from_millis;
    Limits { first_byte: ms(300), head: ms(600), idle: ms(900), patience: ms(600), ..Limits::default() }
}

fn says(server: &Running, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.local_addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// What comes until the server has enough, and how long that took.
fn ends(mut stream: TcpStream) -> (String, Duration) {
    let (since, mut answer) = (Instant::now(), Vec::new());
    // A connection may also be reset.
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "it is still open");
    }
    (String::from_utf8(answer).unwrap(), since.elapsed())
}

/// A tablet that lost its network holds its connection for ever: some hundred of these, and the hub is gone for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_ends_wherever_it_comes_to_a_halt() {
    let (_dir, server) = with(quick()).await;
    for opening in [String::new(), format!("{HEAD}x-slow: "), format!("{HEAD}content-length: 100\r\n\r\nWR")] {
        let (answer, took) = ends(says(&server, &opening));
        assert_eq!(answer, "", "{opening:?}");
        assert!(took > Duration::from_millis(250) && took < Duration::from_secs(5), "{opening:?}: {took:?}");
    }
    let (answer, took) = ends(says(&server, "GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && took > Duration::from_millis(850), "{took:?}: {answer}");
    server.shutdown().await;
}

/// A head that comes byte by byte never is silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_trickles_ends_too() {
    let (_dir, server) = with(quick()).await;
    let mut stream = says(&server, HEAD);
    let since = Instant::now();
    while stream.write_all(b"x").is_ok() {
        assert!(since.elapsed() < Duration::from_secs(8), "nobody ends it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.shutdown().await;
}

/// At the bound the server hung up on whoever came next, who could not know that trying again would do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_bound_the_silent_make_room_and_others_are_asked_to_come_again() {
    let (_dir, server) = with(Limits { connections: 2, ..Limits::default() }).await;
    // They have sent so much that nobody calls them slow for ten seconds.
    let opening = format!("{HEAD}content-length: 100000\r\n\r\n{}", "x".repeat(40_960));
    let (silent, first) = (says(&server, ""), says(&server, &opening));
    // Whoever has only just come would not have to make room.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let second = says(&server, &opening);
    assert_eq!(ends(silent).0, "", "it made room");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let close = "GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let (answer, _) = ends(says(&server, close));
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 2\r\n"), "{answer}");
    drop((first, second));
    server.shutdown().await;
}

/// One device asked in a loop, and nobody else had an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_asks_too_often_is_told_when_to_come_again() {
    let (_dir, server) = with(Limits { device_a_minute: 3, ..Limits::default() }).await;
    let asks = |token: &str| {
        let head = format!("GET /healthz HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\n");
        ends(says(&server, &format!("{head}connection: close\r\n\r\n"))).0
    };
    assert!((0..3).all(|_| asks("a").starts_with("HTTP/1.1 200 ")));
    let answer = asks("a");
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("retry-after: 20\r\n"), "{answer}");
    assert!(answer.contains("x-request-id: ") && !answer.contains("Bearer"), "{answer}");
    assert!(asks("b").starts_with("HTTP/1.1 200 "));
    server.shutdown().await;
}
