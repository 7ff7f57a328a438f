//! Requests as bytes, however wrong they are.

use serde_json::Value as Json;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// How long it says that its body is, where that is not so.
    pub(crate) says: Option<u64>,
}

/// What came back, if anything did.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) media: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Raw {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Raw {
        self.headers.retain(|(n, _)| *n != name);
        self
    }

    /// In place of another that it had.
    pub(crate) fn bearing(self, token: &str) -> Raw {
        self.without("authorization").with("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let says = self.says.or((!self.body.is_empty()).then_some(self.body.len() as u64));
        bytes.extend(says.map_or(String::new(), |says| format!("content-length: {says}\r\n")).as_bytes());
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }

    /// Sends it on a connection of its own, and hangs up after it.
    pub(crate) fn send(&self, to: SocketAddr) -> Answer {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // A server that has said no reads no further.
        drop(stream.write_all(&self.bytes()));
        if self.says.is_some() {
            drop(stream.shutdown(Shutdown::Write));
        }
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        Answer::read(&bytes)
    }
}

impl Answer {
    fn read(bytes: &[u8]) -> Answer {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let media = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default().to_owned();
        Answer { status, media, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
    }

    /// Whether it is a problem document, and says what it is.
    pub(crate) fn is_problem(&self) -> bool {
        let Ok(document) = serde_json::from_slice::<Json>(&self.body) else { return false };
        let words = ["type", "title", "detail", "retry"].iter().all(|key| document[*key].is_string());
        let status = self.status.is_some_and(|status| status >= 400 && document["status"] == status);
        self.media == "application/problem+json" && words && status
    }
}
