//! How requests reach a hub, and how that fails.

use crate::lock::lock;
use crate::types::Timestamp;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use windrow_protocol::clock::Seq;
use windrow_protocol::message::{Answer, Problem, ProblemKind, Retry};
use windrow_protocol::session::Request;

/// Carries one request to a hub and its answer back. [`Endpoint`](super::Endpoint) is the one over HTTP.
#[async_trait::async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for its answer. What it moves, also in vain, it adds to the notes.
    ///
    /// # Errors
    /// Anything but an answer. The request may have arrived all the same: the session repeats it.
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure>;

    /// Holds a connection on which the hub announces what it commits, and calls `heard` with the last seq each time. What that
    /// moves it adds to the notes. It returns once the connection has ended, and says why; a transport that hears no news
    /// says so at once.
    async fn listen(&self, _heard: &(dyn Fn(Seq) + Send + Sync), _notes: &Notes) -> Failure {
        Failure::new(FailureKind::Rejected, "this transport hears no news")
    }

    /// Whether the hub can be reached just now: a cheap question, asked while the worker waits to try again.
    async fn probe(&self, notes: &Notes) -> bool;
}

/// What a transport notes of its exchanges beside their answers.
#[derive(Debug, Default)]
pub struct Notes {
    sent: AtomicU64,
    received: AtomicU64,
    clock: Mutex<Option<Timestamp>>,
}

impl Notes {
    /// So many bytes have gone to the hub, with whatever they were wrapped in: what a budget counts.
    pub fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many have come from it.
    pub fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What the hub's clock showed when it answered.
    pub fn hub_clock(&self, at: Timestamp) {
        *lock(&self.clock) = Some(at);
    }

    /// Bytes sent and received since this was last asked.
    pub(super) fn take_bytes(&self) -> (u64, u64) {
        (self.sent.swap(0, Ordering::Relaxed), self.received.swap(0, Ordering::Relaxed))
    }

    /// What the hub's clock showed, since this was last asked.
    pub(super) fn take_clock(&self) -> Option<Timestamp> {
        lock(&self.clock).take()
    }
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// What sort of failure.
    pub kind: FailureKind,
    /// In words.
    pub detail: String,
    /// How long the hub asked to be left alone.
    pub retry_after: Option<Duration>,
}

/// Sorts of failures, told apart because what to do differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Nothing answers: no network, a wrong address, or the hub is down. Trying again will do.
    Unreachable,
    /// The connection broke before the answer was whole. Trying again will do.
    Broken,
    /// The hub asked for patience.
    Busy,
    /// The hub will not take this, and says why. Somebody has to act first.
    Rejected,
    /// The hub does not know this device, or its user may not do this. It has to enrol, or be allowed.
    Unauthorised,
    /// The hub has revoked this device's token. What it has not sent stays, and it can enrol again.
    Revoked,
    /// What came back makes no sense: another program answers at this address, or one of the two is out of date.
    Nonsense,
}

impl Failure {
    /// A failure of this sort.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Failure {
        Failure { kind, detail: detail.into(), retry_after: None }
    }

    /// Whether trying again, later and unchanged, can succeed.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            FailureKind::Unreachable | FailureKind::Broken | FailureKind::Busy => true,
            FailureKind::Rejected | FailureKind::Unauthorised | FailureKind::Revoked | FailureKind::Nonsense => false,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let kind = match (problem.kind, problem.retry) {
            (ProblemKind::Unauthenticated | ProblemKind::Forbidden, _) => FailureKind::Unauthorised,
            (ProblemKind::Revoked, _) => FailureKind::Revoked,
            (_, Retry::Never) => FailureKind::Rejected,
            (_, Retry::Now | Retry::Later) => FailureKind::Busy,
        };
        Failure::new(kind, problem.to_string())
    }
}
