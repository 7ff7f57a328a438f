//! A link that breaks at the worst moments.

use windrow::protocol::message::Answer;
use windrow::protocol::session::Request;
use windrow::sync::{Endpoint, Failure, FailureKind, Notes, Transport};

/// Where a session is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// The hub has prepared, and is never asked to commit.
    Commit,
    /// The hub has committed, and its answer is lost.
    Answer,
}

/// A link that breaks there.
pub(super) struct Cut {
    pub(super) endpoint: Endpoint,
    pub(super) at: At,
}

#[async_trait::async_trait]
impl Transport for Cut {
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
        let commit = matches!(request, Request::Commit(_));
        if !commit || self.at == At::Answer {
            let answer = self.endpoint.send(request, notes).await?;
            if !commit {
                return Ok(answer);
            }
        }
        Err(Failure::new(FailureKind::Broken, "the link was cut"))
    }

    async fn probe(&self, notes: &Notes) -> bool {
        self.endpoint.probe(notes).await
    }
}
