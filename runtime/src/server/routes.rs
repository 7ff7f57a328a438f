//! Which address does what.

use super::shell::Common;
use super::{console, reply};
use crate::hub::{HubError, HubStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::sync::Arc;
use warp::filters::BoxedFilter;
use warp::hyper::body::Bytes;
use warp::reject::{InvalidHeader, InvalidQuery, LengthRequired, MethodNotAllowed, MissingHeader, PayloadTooLarge};
use warp::reply::Response;
use warp::{Filter, Rejection};
use windrow_protocol::message::{self, MessageError, Problem, ProblemKind};

type Store = Arc<dyn HubStore>;

/// The longest COMMIT or pull. Only a changeset is long; what these name is bounded (`message::MOST_NAMED`), and a list of
/// small numbers takes twelve times its bytes in memory.
const MAX_QUESTION: u64 = 8 << 20;

/// A body that is read on the spot: handing it to another thread costs more.
const SHORT: usize = 64 << 10;

/// All addresses of a server. Whatever can't be routed is answered with a problem document.
pub(super) fn routes(
    common: &Arc<Common>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let (store, max_body) = (&common.store, common.limits.body);
    let devices = device(Verb::Prepare, "prepare", common, max_body)
        .or(device(Verb::Commit, "commit", common, max_body.min(MAX_QUESTION)))
        .unify()
        .or(device(Verb::Pull, "pull", common, max_body.min(MAX_QUESTION)))
        .unify();
    let all = devices.or(operators(common)).unify().or(people(store)).unify();
    all.recover(|rejection: Rejection| async move { Ok(reply::problem(unrouted(&rejection))) }).unify()
}

/// What a device asks for.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Prepare,
    Commit,
    Pull,
}

/// `POST /v1/<verb>`. The type of the body must be named: a web page that a browser on this machine shows could not do that
/// without being asked first.
fn device(verb: Verb, path: &'static str, common: &Arc<Common>, max_body: u64) -> BoxedFilter<(Response,)> {
    let common = common.clone();
    warp::path("v1")
        .and(warp::path(path))
        .and(warp::path::end())
        .and(warp::post())
        .and(warp::header::exact_ignore_case("content-type", reply::MEDIA_TYPE))
        .and(warp::body::content_length_limit(max_body))
        .and(warp::body::bytes())
        .then(move |body: Bytes| {
            let common = common.clone();
            async move {
                let answer = match common.gate.enter() {
                    Ok(_entered) => answer(verb, body, common.store.clone()).await,
                    Err(busy) => Err(busy),
                };
                answer.map_or_else(reply::error, reply::message)
            }
        })
        .boxed()
}

/// What those who run the server ask.
fn operators(common: &Arc<Common>) -> BoxedFilter<(Response,)> {
    let (store, common) = (&common.store, common.clone());
    let health = warp::path!("healthz").and(warp::get()).and(with(store)).then(healthz);
    let ready = warp::path!("readyz").and(warp::get()).and(with(store)).then(readyz);
    let metrics = warp::path!("metrics").and(warp::get()).then(move || {
        let common = common.clone();
        async move { reply::page(common.page().await) }
    });
    health.or(ready).unify().or(metrics).unify().boxed()
}

/// The JSON addresses.
fn people(store: &Store) -> BoxedFilter<(Response,)> {
    let conflicts = warp::path!("v1" / "conflicts").and(warp::get()).and(warp::query()).and(with(store));
    let history = warp::path!("v1" / "history").and(warp::get()).and(warp::query()).and(with(store));
    let resolve = warp::path!("v1" / "resolve")
        .and(warp::post())
        .and(warp::header::exact_ignore_case("content-type", "application/json"))
        .and(warp::body::content_length_limit(console::MAX_BODY))
        .and(warp::body::json())
        .and(with(store));
    let conflicts = conflicts.then(|query, store| async move { finish(console::conflicts(query, store).await) });
    let history = history.then(|query, store| async move { finish(console::history(query, store).await) });
    let resolve = resolve.then(|body, store| async move { finish(console::resolve(body, store).await) });
    conflicts.or(history).unify().or(resolve).unify().boxed()
}

fn finish(result: Result<serde_json::Value, HubError>) -> Response {
    result.map_or_else(reply::error, |document| reply::json(&document))
}

fn with(store: &Store) -> impl Filter<Extract = (Store,), Error = Infallible> + Clone + use<> {
    let store = store.clone();
    warp::any().map(move || store.clone())
}

async fn answer(verb: Verb, body: Bytes, store: Store) -> Result<Vec<u8>, HubError> {
    let answer = match verb {
        Verb::Prepare => store.prepare(read(body).await?).await,
        Verb::Commit => store.commit(read(body).await?).await,
        Verb::Pull => store.pull(read(body).await?).await,
    };
    write(&answer?)
}

/// Reads a message; a long one where it may take its time.
async fn read<T: DeserializeOwned + Send + 'static>(body: Bytes) -> Result<T, HubError> {
    if body.len() <= SHORT {
        return Ok(message::from_bytes(&body).map_err(unreadable)?);
    }
    let read = tokio::task::spawn_blocking(move || message::from_bytes(&body));
    Ok(read.await.map_err(|_| HubError::Stopped)?.map_err(unreadable)?)
}

/// An answer is little more than its page, which is copied as it is.
fn write<T: Serialize>(answer: &T) -> Result<Vec<u8>, HubError> {
    message::to_bytes(answer).map_err(|e| HubError::Defect(e.to_string()))
}

fn unreadable(error: MessageError) -> Problem {
    let kind = match error {
        MessageError::Version(_) => ProblemKind::UnknownVersion,
        MessageError::Magic | MessageError::Damaged(_) => ProblemKind::Malformed,
    };
    Problem::new(kind, format!("The body can't be read: {error}."))
}

async fn healthz(store: Store) -> Response {
    finish(store.head().await.map(|head| serde_json::json!({ "status": "ok", "seq": head.seq })))
}

/// Whether the hub answers from its file. Else a load balancer is to send nobody here.
async fn readyz(store: Store) -> Response {
    finish(store.measures().await.map(|_| serde_json::json!({ "status": "ready" })))
}

/// What is wrong with a request that no route takes.
fn unrouted(rejection: &Rejection) -> Problem {
    let problem = |kind, detail: &str| Problem::new(kind, detail);
    if rejection.find::<PayloadTooLarge>().is_some() {
        problem(ProblemKind::TooLarge, "The body is longer than the hub takes.")
    } else if rejection.find::<LengthRequired>().is_some() {
        problem(ProblemKind::Malformed, "The request must say how long its body is.")
    } else if rejection.find::<InvalidHeader>().is_some() || rejection.find::<MissingHeader>().is_some() {
        problem(ProblemKind::Malformed, "The request must name its body's type as the address wants it.")
    } else if rejection.find::<InvalidQuery>().is_some() {
        problem(ProblemKind::Malformed, "The query is not what this address takes.")
    } else if rejection.find::<MethodNotAllowed>().is_some() || rejection.is_not_found() {
        problem(ProblemKind::NotFound, "No such address, or not by this method.")
    } else {
        problem(ProblemKind::Malformed, "The body can't be read.")
    }
}
