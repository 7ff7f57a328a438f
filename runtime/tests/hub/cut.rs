//! Chunks whose bodies are cut off on the way, by the link or by the server.

use crate::device::{Device, Sent};
use crate::domain::SURVEY;
use crate::sqlite::SqliteBench;
use crate::{Bench, uploads};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use windrow::Server;
use windrow::server::{Limits, Running};
use windrow_protocol::message::Answer;

/// A device with one long changeset, and its hub.
struct Case {
    _bench: SqliteBench,
    server: Running,
    device: Device,
    sent: Sent,
    body: Vec<u8>,
}

impl Case {
    async fn new(limits: Limits) -> Case {
        let bench = SqliteBench::new();
        let server = Server::new(&SURVEY).store(bench.open(100)).open_to_all().limits(limits);
        let mut device = Device::new(1);
        let sent = uploads::long(&mut device);
        let body = uploads::chunk(&device, &sent, 0, sent.payload.len()).to_bytes().unwrap();
        Case { _bench: bench, server: server.bind("127.0.0.1:0").await.unwrap(), device, sent, body }
    }

    /// The beginning of the one chunk that the changeset is.
    fn sends(&self, bytes: usize) -> TcpStream {
        let mut stream = TcpStream::connect(self.server.local_addr()).unwrap();
        let head = "POST /v1/upload HTTP/1.1\r\nhost: h\r\ncontent-type: application/vnd.windrow\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n", self.body.len()).unwrap();
        stream.write_all(&self.body[..bytes]).unwrap();
        stream
    }

    async fn has(&self) -> u32 {
        let ask = uploads::chunk(&self.device, &self.sent, 0, 0);
        let Answer::Received(lacks) = self.server.store().upload(ask).await.unwrap() else {
            panic!("all of it is here")
        };
        lacks[0].from
    }

    /// The hub has all whole blocks of what was sent, and no more than that.
    async fn keeps(&self, sent: usize) {
        let blocks = (sent.saturating_sub(60) / 516 * 512) as u32;
        for _ in 0..200 {
            if self.has().await >= blocks {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let has = self.has().await;
        assert!(has >= blocks && (has as usize) < self.sent.payload.len(), "{has} of {sent}");
    }
}

/// On a link of 8 kbit/s a chunk takes longer than the link lasts, again and again: what had arrived was thrown away with
/// the rest of its body, and the device sent the same kilobytes for ever.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_chunk_whose_body_is_cut_the_beginning_is_kept() {
    let case = Case::new(Limits::default()).await;
    for arrives in [60, case.body.len() / 2, case.body.len() - 1] {
        case.sends(arrives).shutdown(Shutdown::Both).unwrap();
        case.keeps(arrives).await;
    }
}

/// A link that falls silent is cut off by the server, after half a minute. With the connection went what had come over it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_chunk_that_the_server_cuts_off_the_beginning_is_kept() {
    let limits = Limits { patience: Duration::from_millis(300), pace: 1 << 20, ..Limits::default() };
    let case = Case::new(limits).await;
    let half = case.body.len() / 2;
    let silent = case.sends(half);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(case.has().await, 0, "it may come yet");
    case.keeps(half).await;
    drop(silent);
}
