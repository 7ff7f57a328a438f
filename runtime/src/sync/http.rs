//! The transport over HTTP.

use super::credentials::{self, Credentials, TokenFile};
use super::enrol::unkept;
use super::news;
use super::tls::Watch;
use super::transport::{Failure, FailureKind, Notes, Transport};
use super::wrap::{self, Wrapping};
use crate::store::Store;
use crate::types::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use windrow_protocol::clock::Seq;
use windrow_protocol::message::{self, Answer, MessageError, Problem};
use windrow_protocol::session::Request;

/// The media type of requests and answers.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.windrow";

/// The header by which an answer tells the hub's clock, in milliseconds since 1970, UTC.
pub(crate) const NOW: &str = "now";

/// That of an enrolment.
const JSON: &str = "application/json";

/// The longest answer that is read. Pages are far smaller.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// How long a connection is kept that nobody uses: for less than a server keeps it.
const KEPT: Duration = Duration::from_secs(50);

/// The longest problem document that is read: it is shown, logged and kept.
const LONGEST_PROBLEM: usize = 64 * 1024;

/// A hub's address.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = windrow::Endpoint::new("http://127.0.0.1:8080")?;
/// assert_eq!(endpoint.url(), "http://127.0.0.1:8080/");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Endpoint {
    base: Url,
    /// The same without a name and a password: for messages.
    shown: Url,
    client: Client,
    /// Sees the handshakes of its connections.
    watch: Arc<Watch>,
    /// Where the token is that each request carries.
    pub(super) credentials: Option<Arc<dyn Credentials>>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Endpoint").field(&self.url()).finish()
    }
}

impl Endpoint {
    /// The hub at this URL, `http://` or `https://`. A name and a password in it (`https://name:password@hub.example.org`)
    /// are given to whatever asks for them on the way, a reverse proxy say, and stand in no message.
    ///
    /// # Errors
    /// Text that is no such URL.
    pub fn new(url: &str) -> Result<Endpoint, Failure> {
        let wrong = |why: &str| {
            let detail = format!("{url:?} is no address of a hub ({why}); write it like http://127.0.0.1:8080");
            Failure::new(FailureKind::Rejected, detail)
        };
        let mut base = Url::parse(url).map_err(|e| wrong(&e.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(wrong("it is not http or https"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let (watch, tls) = Watch::new().map_err(|e| wrong(&format!("no connection can be made safe: {e}")))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .pool_idle_timeout(KEPT)
            .build()
            .map_err(|e| wrong(&e.to_string()))?;
        let shown = anonymous(&base).ok_or_else(|| wrong("it has no host"))?;
        Ok(Endpoint { base, shown, client, watch, credentials: None })
    }

    /// The address, without a name and a password.
    pub fn url(&self) -> &str {
        self.shown.as_str()
    }

    /// The hub at this URL, for a device that [has enrolled](super::enrol) or will: its token is in the file beside the
    /// store's.
    ///
    /// # Errors
    /// As [`Endpoint::new`].
    pub fn for_device(url: &str, store: &Store) -> Result<Endpoint, Failure> {
        Ok(Endpoint::new(url)?.credentials(TokenFile::beside(store)))
    }

    /// Shows a hub the token that is kept here: it is read anew for each request. A request carries one secret, so that a
    /// name and a password in the address are not given any more once there is a token.
    pub fn credentials(mut self, credentials: impl Credentials) -> Endpoint {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// A request, and whether it carries a token.
    pub(super) async fn request(&self, method: Method, path: &str) -> Result<(RequestBuilder, bool), Failure> {
        let token = match &self.credentials {
            Some(credentials) => credentials::token(credentials).await.map_err(|e| unkept(&e))?,
            None => None,
        };
        Ok(match token {
            Some(token) => (self.client.request(method, at(&self.shown, path)?).bearer_auth(token.reveal()), true),
            None => (self.client.request(method, at(&self.base, path)?), false),
        })
    }

    /// Asks in JSON.
    pub(super) async fn ask<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|e| Failure::new(FailureKind::Nonsense, e.to_string()))?;
        let (request, _) = self.request(Method::POST, path).await?;
        let request = request.header(CONTENT_TYPE, JSON);
        let answer = self.answer(request, body, LONGEST_PROBLEM, &Notes::default()).await?;
        serde_json::from_slice(&answer).map_err(|e| self.nonsense(&e))
    }

    /// Brings a bundle to the hub, for whichever device it is, and what the hub answers: that is for the device. Whoever has a
    /// link can do it, without a token.
    ///
    /// # Errors
    /// A hub that can't be reached; [`FailureKind::Rejected`] and its like where the hub does not take the bundle, and says why.
    pub async fn carry(&self, bundle: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let request = self.client.post(at(&self.base, "v1/bundle")?).header(CONTENT_TYPE, MEDIA_TYPE);
        self.answer(request, bundle, LONGEST_ANSWER, &Notes::default()).await
    }

    async fn answer(
        &self,
        request: RequestBuilder,
        body: Vec<u8>,
        longest: usize,
        notes: &Notes,
    ) -> Result<Vec<u8>, Failure> {
        let (response, wrapping) = self.begin(request, body, notes).await?;
        if let Some(clock) = hub_clock(&response) {
            notes.hub_clock(clock);
        }
        read(response, longest, (wrapping, notes)).await
    }

    /// Sends a request; the head of an answer that is one.
    pub(super) async fn begin(
        &self,
        request: RequestBuilder,
        body: Vec<u8>,
        notes: &Notes,
    ) -> Result<(Response, Wrapping), Failure> {
        let request = request.body(body).build().map_err(|e| Failure::new(FailureKind::Rejected, e.to_string()))?;
        let (wrapping, length) = (Wrapping { tls: self.base.scheme() == "https" }, wrap::request(&request));
        let sent = self.client.execute(request).await;
        // Where there was nobody to hear it, it has not gone.
        let unheard = sent.as_ref().is_err_and(reqwest::Error::is_connect);
        wrapping.note(if unheard { 0 } else { length }, self.watch.take(), notes);
        let response = sent.map_err(|e| self.unsent(&e))?;
        notes.received(wrapping.around(wrap::head(&response)));
        if response.status() != StatusCode::OK {
            return Err(self.problem(response, (wrapping, notes)).await);
        }
        Ok((response, wrapping))
    }

    fn nonsense(&self, error: &impl std::fmt::Display) -> Failure {
        Failure::new(FailureKind::Nonsense, format!("{}: {error}", self.shown))
    }

    async fn post(&self, path: &str, body: Result<Vec<u8>, MessageError>, notes: &Notes) -> Result<Answer, Failure> {
        let body = body.map_err(|e| Failure::new(FailureKind::Nonsense, e.to_string()))?;
        let request = match self.request(Method::POST, path).await? {
            // A hub wants the type or a token, and every byte counts.
            (request, true) => request,
            (request, false) => request.header(CONTENT_TYPE, MEDIA_TYPE),
        };
        let answer = self.answer(request, body, LONGEST_ANSWER, notes).await?;
        message::from_bytes(&answer).map_err(|error| match error {
            // What was damaged on the way comes whole another time.
            MessageError::Corrupt => Failure::new(FailureKind::Broken, format!("{}: {error}", self.shown)),
            error => self.nonsense(&error),
        })
    }

    fn unsent(&self, error: &reqwest::Error) -> Failure {
        let kind = if error.is_connect() { FailureKind::Unreachable } else { FailureKind::Broken };
        let cause = std::iter::successors(std::error::Error::source(error), |e| e.source()).last();
        let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
        Failure::new(kind, format!("no answer from {}: {cause}", self.shown))
    }

    async fn problem(&self, response: Response, counted: (Wrapping, &Notes)) -> Failure {
        let status = response.status();
        let seconds = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let body = read(response, LONGEST_PROBLEM, counted).await.unwrap_or_default();
        let mut failure = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => problem.into(),
            Err(_) if status.is_server_error() => {
                Failure::new(FailureKind::Busy, format!("{} answered {status}", self.shown))
            }
            Err(_) => Failure::new(
                FailureKind::Nonsense,
                format!("{} answered {status}, not as a Windrow hub does; is the address right?", self.shown),
            ),
        };
        failure.retry_after = seconds.map(Duration::from_secs);
        failure
    }
}

/// What the hub's clock showed.
fn hub_clock(response: &Response) -> Option<Timestamp> {
    let millis: i64 = response.headers().get(NOW)?.to_str().ok()?.parse().ok()?;
    Some(Timestamp::from_millis(millis))
}

fn at(base: &Url, path: &str) -> Result<Url, Failure> {
    base.join(path).map_err(|e| Failure::new(FailureKind::Rejected, e.to_string()))
}

/// An address without a name and a password.
fn anonymous(url: &Url) -> Option<Url> {
    let mut url = url.clone();
    url.set_username("").and_then(|()| url.set_password(None)).ok()?;
    Some(url)
}

/// A body of at most so many bytes.
async fn read(
    mut response: Response,
    longest: usize,
    (wrapping, notes): (Wrapping, &Notes),
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| broke_off(&e))? {
        notes.received(wrapping.around(chunk.len() as u64));
        if bytes.len() + chunk.len() > longest {
            return Err(Failure::new(FailureKind::Nonsense, "the answer is longer than any of a hub's"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(super) fn broke_off(error: &reqwest::Error) -> Failure {
    Failure::new(FailureKind::Broken, format!("the answer broke off: {error}"))
}

#[async_trait::async_trait]
impl Transport for Endpoint {
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
        let path = match request {
            Request::Prepare(_) => "v1/prepare",
            Request::Upload(_) => "v1/upload",
            Request::Commit(_) => "v1/commit",
            Request::Pull(_) => "v1/pull",
        };
        self.post(path, request.to_bytes(), notes).await
    }

    async fn listen(&self, heard: &(dyn Fn(Seq) + Send + Sync), notes: &Notes) -> Failure {
        news::listen(self, heard, notes).await
    }

    async fn probe(&self, notes: &Notes) -> bool {
        let Ok(url) = at(&self.base, "healthz") else { return false };
        let request = self.client.get(url).timeout(Duration::from_secs(5));
        self.answer(request, Vec::new(), LONGEST_PROBLEM, notes).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_says_how_to_write_one() {
        for wrong in ["", "farm", "127.0.0.1:8080", "ftp://x", "file:///tmp"] {
            let failure = Endpoint::new(wrong).err().map(|f| f.detail).unwrap_or_default();
            assert!(failure.contains("write it like http://"), "{wrong}: {failure}");
        }
    }

    /// A proxy was to ask each device for its password, and the password stood in every log that said "no answer from".
    #[tokio::test]
    async fn a_password_in_the_address_is_given_to_the_proxy_and_shown_to_nobody() {
        let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://tablet-17:hush@{}/", proxy.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = proxy.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = std::io::Read::read(&mut stream, &mut request).unwrap();
            std::io::Write::write_all(&mut stream, b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request[..length]).to_lowercase()
        });
        let endpoint = Endpoint::new(&url).unwrap();
        let refused = endpoint.post("v1/pull", message::to_bytes(&()), &Notes::default()).await.unwrap_err();
        assert!(heard.join().unwrap().contains("authorization: basic dgfibgv0lte3omh1c2g="));
        let gone = endpoint.post("v1/pull", message::to_bytes(&()), &Notes::default()).await.unwrap_err();
        for said in [refused.to_string(), gone.to_string(), format!("{endpoint:?}"), endpoint.url().to_owned()] {
            assert!(said.contains("127.0.0.1") && !said.contains("hush"), "{said}");
        }
    }
}
