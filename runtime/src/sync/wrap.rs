//! What bodies are wrapped in on their way, in bytes: heads of HTTP/1.1, records and handshakes of TLS.
//!
//! Heads and certificates are counted as they are. Of the rest of TLS nobody tells, so that these bytes are bounds that were
//! measured: see `runtime/tests/cost.rs`.

use super::tls::Handshakes;
use super::transport::Notes;
use reqwest::header::HeaderMap;
use reqwest::{Request, Response};

/// Bytes that TLS adds to a record: of version 1.2, which takes more than 1.3.
const RECORD: u64 = 29;
/// Of what is sent or received at once TLS makes a record for so many bytes, or fewer and longer ones.
const PIECE: u64 = 4 << 10;
/// Bytes of a handshake in which the hub shows its certificates: to the hub, and from it beside these.
const FULL: (u64, u64) = (400, 900);
/// Bytes of one that resumes a session.
const RESUMED: (u64, u64) = (700, 500);

/// What exchanges with a hub are wrapped in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrapping {
    pub(super) tls: bool,
}

impl Wrapping {
    /// A request of so many bytes has gone, after these handshakes.
    pub(super) fn note(self, bytes: u64, made: Handshakes, notes: &Notes) {
        let resumed = made.begun.saturating_sub(made.full);
        notes.sent(self.around(bytes) + made.full * FULL.0 + resumed * RESUMED.0);
        notes.received(made.certificates + made.full * FULL.1 + resumed * RESUMED.1);
    }

    /// So many bytes, with the records around them.
    pub(super) fn around(self, bytes: u64) -> u64 {
        if self.tls { bytes + RECORD * bytes.div_ceil(PIECE) } else { bytes }
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
