//! What bodies are wrapped in on their way, in bytes: heads of HTTP/1.1, records and handshakes of TLS.
//!
//! Heads are counted as they are. Of TLS nobody tells, so that its bytes are bounds that were measured: see
//! `runtime/tests/cost.rs`.

use super::transport::Notes;
use reqwest::header::HeaderMap;
use reqwest::{Request, Response};

/// Bytes that TLS adds to a record: of version 1.2, which takes more than 1.3.
const RECORD: u64 = 29;
/// Of what is sent or received at once TLS makes a record for so many bytes, or fewer and longer ones.
const PIECE: u64 = 4 << 10;
/// Bytes of a handshake, to the hub and from it, with a chain of two certificates; one that resumes a session takes less.
const HANDSHAKE: (u64, u64) = (1_000, 3_500);

/// What the next exchange is wrapped in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrapping {
    tls: bool,
    /// Whether a connection is open from before.
    open: bool,
}

impl Wrapping {
    pub(super) fn new(tls: bool, open: bool) -> Wrapping {
        Wrapping { tls, open }
    }

    /// A request of so many bytes has gone, over a connection that was made for it where there was none.
    pub(super) fn note(self, bytes: u64, notes: &Notes) {
        notes.sent(self.around(bytes));
        if self.tls && !self.open {
            notes.sent(HANDSHAKE.0);
            notes.received(HANDSHAKE.1);
        }
    }

    /// So many bytes, with the records around them.
    pub(super) fn around(self, bytes: u64) -> u64 {
        if self.tls { bytes + RECORD * bytes.div_ceil(PIECE).max(1) } else { bytes }
    }
}

/// A request with its head, as HTTP/1.1 writes it.
pub(super) fn request(request: &Request) -> u64 {
    let url = request.url();
    let query = url.query().map_or(0, |query| query.len() + 1);
    let line = request.method().as_str().len() + " ".len() + url.path().len() + query + " HTTP/1.1\r\n".len();
    let host = url.authority().len() + "host: \r\n".len();
    let body = request.body().and_then(|body| body.as_bytes()).map_or(0, <[u8]>::len);
    let length = if body > 0 { body.to_string().len() + "content-length: \r\n".len() } else { 0 };
    (line + host + length + "accept: */*\r\n".len()) as u64 + headers(request.headers()) + body as u64
}

/// The head of an answer, as HTTP/1.1 writes it.
pub(super) fn head(response: &Response) -> u64 {
    let reason = response.status().canonical_reason().map_or(0, str::len);
    (reason + "HTTP/1.1 200 \r\n".len()) as u64 + headers(response.headers())
}

/// The lines of headers, and the empty one behind them.
fn headers(headers: &HeaderMap) -> u64 {
    let line = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.as_str().len() + value.len() + ": \r\n".len()) as u64
    };
    headers.iter().map(line).sum::<u64>() + "\r\n".len() as u64
}
