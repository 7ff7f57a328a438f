//! The transport over HTTP.

use super::transport::{Failure, FailureKind, Transport};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Serialize;
use std::time::Duration;
use windrow_protocol::message::{self, Answer, Problem};
use windrow_protocol::session::Request;

/// The media type of requests and answers.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.windrow";

/// The longest answer that is read. Pages are far smaller.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

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
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: Url,
    client: Client,
}

impl Endpoint {
    /// The hub at this URL, `http://` or `https://`.
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
        // An error means that the application has chosen a provider itself: that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .build()
            .map_err(|e| wrong(&e.to_string()))?;
        Ok(Endpoint { base, client })
    }

    /// The address.
    pub fn url(&self) -> &str {
        self.base.as_str()
    }

    fn at(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(path).map_err(|e| Failure::new(FailureKind::Rejected, e.to_string()))
    }

    async fn post<T: Serialize>(&self, path: &str, body: &T) -> Result<Answer, Failure> {
        let body = message::to_bytes(body).map_err(|e| Failure::new(FailureKind::Nonsense, e.to_string()))?;
        let request = self.client.post(self.at(path)?).header(CONTENT_TYPE, MEDIA_TYPE).body(body);
        let response = request.send().await.map_err(|e| self.unsent(&e))?;
        if response.status() != StatusCode::OK {
            return Err(self.problem(response).await);
        }
        let bytes = read(response, LONGEST_ANSWER).await?;
        message::from_bytes(&bytes).map_err(|e| Failure::new(FailureKind::Nonsense, format!("{}: {e}", self.base)))
    }

    fn unsent(&self, error: &reqwest::Error) -> Failure {
        let kind = if error.is_connect() { FailureKind::Unreachable } else { FailureKind::Broken };
        let cause = std::iter::successors(std::error::Error::source(error), |e| e.source()).last();
        let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
        Failure::new(kind, format!("no answer from {}: {cause}", self.base))
    }

    async fn problem(&self, response: Response) -> Failure {
        let status = response.status();
        let seconds = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let body = read(response, LONGEST_PROBLEM).await.unwrap_or_default();
        let mut failure = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => problem.into(),
            Err(_) if status.is_server_error() => {
                Failure::new(FailureKind::Busy, format!("{} answered {status}", self.base))
            }
            Err(_) => Failure::new(
                FailureKind::Nonsense,
                format!("{} answered {status}, not as a Windrow hub does; is the address right?", self.base),
            ),
        };
        failure.retry_after = seconds.map(Duration::from_secs);
        failure
    }
}

/// A body of at most so many bytes.
async fn read(mut response: Response, longest: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let broken = |e: reqwest::Error| Failure::new(FailureKind::Broken, format!("the answer broke off: {e}"));
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > longest {
            return Err(Failure::new(FailureKind::Nonsense, "the answer is longer than any of a hub's"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[async_trait::async_trait]
impl Transport for Endpoint {
    async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        match request {
            Request::Prepare(body) => self.post("v1/prepare", body).await,
            Request::Commit(body) => self.post("v1/commit", body).await,
            Request::Pull(body) => self.post("v1/pull", body).await,
        }
    }

    async fn probe(&self) -> bool {
        let Ok(url) = self.at("healthz") else { return false };
        let answer = self.client.get(url).timeout(Duration::from_secs(5)).send().await;
        answer.is_ok_and(|r| r.status().is_success())
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
}
