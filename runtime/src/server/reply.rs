//! Answers as HTTP: messages, JSON, problem documents.

use crate::clock;
use crate::hub::HubError;
use crate::sync::NOW;
use serde::Serialize;
use warp::Reply;
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::Response;
use windrow_protocol::message::{Problem, ProblemKind};

/// The media type of messages.
pub(super) const MEDIA_TYPE: &str = "application/vnd.windrow";
/// Seconds after which whoever found no place to listen for news may ask again.
const NEWS_AGAIN: u64 = 300;

/// An encoded message, which names its type or does not.
pub(super) fn message(bytes: Vec<u8>, typed: bool) -> Response {
    let mut response = of_type(bytes.into_response(), MEDIA_TYPE);
    if !typed {
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// The same, and what the hub's clock shows: in 20 bytes, where `Date` takes 37.
pub(super) fn timed(mut response: Response) -> Response {
    response.headers_mut().insert(NOW, HeaderValue::from(clock::now_ms()));
    response
}

/// The page that Prometheus reads.
pub(super) fn page(text: String) -> Response {
    of_type(text.into_response(), "text/plain; version=0.0.4")
}

/// A document for people and their programs.
pub(super) fn json(document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(bytes) => of_type(bytes.into_response(), "application/json"),
        Err(error) => problem(HubError::Defect(error.to_string()).into_problem()),
    }
}

/// A problem document. How long a busy hub is to be left alone the [shell](super::shell) says.
pub(super) fn problem(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = of_type(body.into_response(), "application/problem+json");
    *response.status_mut() = status;
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The same, and when to come again.
pub(super) fn again(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// All places of those who listen are taken.
pub(super) fn no_news() -> Response {
    let detail = "As many devices listen for news as may; ask for what is new at an interval instead.";
    again(problem(Problem::new(ProblemKind::Busy, detail)), NEWS_AGAIN)
}

/// Somebody asks too often, and is to wait for so long.
pub(super) fn too_often(wait: std::time::Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let detail = format!("Too many requests of one device or address; try again in {seconds} s.");
    let problem = Problem { status: 429, ..Problem::new(ProblemKind::Busy, detail) };
    again(self::problem(problem), seconds)
}

/// An error, written down where it is the hub's own.
pub(super) fn error(error: HubError) -> Response {
    match &error {
        HubError::Problem(problem) => tracing::info!(kind = ?problem.kind, "a request was turned down"),
        HubError::Busy | HubError::Stopped => tracing::warn!("the hub is busy"),
        HubError::Storage(_) | HubError::Damaged(_) | HubError::Outdated { .. } | HubError::Defect(_) => {
            tracing::error!(%error, "the hub failed");
        }
    }
    problem(error.into_problem())
}

fn of_type(mut response: Response, media_type: &'static str) -> Response {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
