//! Which address does what.

use super::guard::{self, Asks, Caller, Guard, Turned};
use super::shell::Common;
use super::{bundle, console, news, reply};
use crate::hub::{HubError, HubStore};
use crate::identity::Role;
use bytes::{Buf, BufMut, BytesMut};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use tracing::Instrument;
use warp::filters::BoxedFilter;
use warp::hyper::body::Bytes;
use warp::reject::{InvalidHeader, InvalidQuery, LengthRequired, MethodNotAllowed, MissingHeader, PayloadTooLarge};
use warp::reply::Response;
use warp::{Filter, Rejection};
use windrow_protocol::chunk::Chunk;
use windrow_protocol::message::{self, Commit, MessageError, Prepare, Problem, ProblemKind, Pull};
use windrow_protocol::pace::MOST_CHUNK;

type Store = Arc<dyn HubStore>;

/// The longest COMMIT or pull. Only a changeset is long; what these name is bounded (`message::MOST_NAMED`), and a list of
/// small numbers takes twelve times its bytes in memory.
const MAX_QUESTION: u64 = 8 << 20;

/// The longest chunk of a changeset, with its head and checksums.
const MAX_CHUNK: u64 = (MOST_CHUNK + MOST_CHUNK / 32) as u64;

/// The longest request to enrol.
const MAX_ENROL: u64 = 4 << 10;

/// An answer to a pull that is no longer may say that there is nothing new: that must cost under 300 bytes with all its headers.
const NOTHING_NEW: usize = 128;

/// A body that is read on the spot: handing it to another thread costs more.
const SHORT: usize = 64 << 10;

/// All addresses of a server. Whatever can't be routed is answered with a problem document.
pub(super) fn routes(
    common: &Arc<Common>,
    guard: &Guard,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let (store, max_body) = (&common.store, common.limits.body);
    let devices = device(Verb::Prepare, asks("prepare", guard, max_body), common)
        .or(upload(guard, common))
        .unify()
        .or(device(Verb::Commit, asks("commit", guard, max_body.min(MAX_QUESTION)), common))
        .unify()
        .or(device(Verb::Pull, asks("pull", guard, max_body.min(MAX_QUESTION)), common))
        .unify();
    let devices = devices.or(news(guard, common)).unify();
    let all = devices.or(operators(common)).unify().or(people(store, guard)).unify().or(enrol(guard)).unify();
    let all = all.or(bundle::route(common, guard)).unify();
    all.recover(|rejection: Rejection| async move { Ok(turned_away(&rejection)) }).unify()
}

/// What a device asks for.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Prepare,
    Upload,
    Commit,
    Pull,
}

/// `POST /v1/<path>` of a device that is let in. Nothing of its body has been read yet.
fn asks(path: &'static str, guard: &Guard, max_body: u64) -> BoxedFilter<(Asks,)> {
    warp::path("v1")
        .and(warp::path(path))
        .and(warp::path::end())
        .and(warp::post())
        .and(guard::device(guard))
        .and(warp::body::content_length_limit(max_body))
        .boxed()
}

/// What takes a body as a whole.
fn device(verb: Verb, asks: BoxedFilter<(Asks,)>, common: &Arc<Common>) -> BoxedFilter<(Response,)> {
    asks.and(warp::body::bytes())
        .and(with(common))
        .then(move |asks, body, common| answered(verb, asks, body, common))
        .boxed()
}

/// `POST /v1/upload`. Of a chunk that is cut off on the way what has arrived is taken, for the hub keeps it; nobody hears the
/// answer then. It may be the server that cuts it off, for its pace, and with the connection goes all that is done in its name:
/// so this is done in a task of its own.
fn upload(guard: &Guard, common: &Arc<Common>) -> BoxedFilter<(Response,)> {
    asks("upload", guard, MAX_CHUNK)
        .and(warp::body::stream())
        .and(with(common))
        .then(|asks, body, common| async move {
            let work = async move { answered(Verb::Upload, asks, arrived(body).await, common).await };
            let kept = tokio::spawn(work.in_current_span()).await;
            kept.unwrap_or_else(|_| reply::error(HubError::Stopped))
        })
        .boxed()
}

async fn arrived(body: impl Stream<Item = Result<impl Buf, warp::Error>>) -> Bytes {
    let (mut body, mut arrived) = (pin!(body), BytesMut::new());
    while let Some(Ok(bytes)) = body.next().await {
        arrived.put(bytes);
    }
    arrived.freeze()
}

async fn answered(verb: Verb, asks: Asks, body: Bytes, common: Arc<Common>) -> Response {
    let answer = match common.gate.enter() {
        Ok(_entered) => answer(verb, &asks.caller, body, &common.store).await,
        Err(busy) => Err(busy),
    };
    // To hear that there is nothing new must cost next to nothing.
    let told = |message: &[u8]| !matches!(verb, Verb::Pull) || message.len() > NOTHING_NEW;
    match answer {
        Ok(message) if told(&message) => reply::timed(reply::message(message, asks.typed)),
        Ok(message) => reply::message(message, asks.typed),
        Err(error) => reply::error(error),
    }
}

/// `GET /v1/news`, for devices that are let in.
fn news(guard: &Guard, common: &Arc<Common>) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "news")
        .and(warp::get())
        .and(guard::at_least(guard, Role::Field))
        .and(guard::shown())
        .and(with(common))
        .and(with(guard))
        .then(news::listen)
        .boxed()
}

/// What those who run the server ask. It says nothing of anybody's data, and nobody has to have enrolled for it.
fn operators(common: &Arc<Common>) -> BoxedFilter<(Response,)> {
    let store = &common.store;
    let health = warp::path!("healthz").and(warp::get()).and(with(store)).then(healthz);
    let ready = warp::path!("readyz").and(warp::get()).and(with(store)).then(readyz);
    let metrics = warp::path!("metrics").and(warp::get()).and(with(common));
    let metrics = metrics.then(|common: Arc<Common>| async move { reply::page(common.page().await) });
    health.or(ready).unify().or(metrics).unify().boxed()
}

/// The JSON addresses, for those who review.
fn people(store: &Store, guard: &Guard) -> BoxedFilter<(Response,)> {
    let reviewer = || guard::at_least(guard, Role::Reviewer);
    let conflicts =
        warp::path!("v1" / "conflicts").and(warp::get()).and(reviewer()).and(warp::query()).and(with(store));
    let history = warp::path!("v1" / "history")
        .and(warp::get())
        .and(reviewer())
        .and(warp::query())
        .and(with(store))
        .and(with(guard));
    let resolve =
        warp::path!("v1" / "resolve").and(warp::post()).and(reviewer()).and(json(console::MAX_BODY)).and(with(store));
    let conflicts = conflicts.then(|_, query, store| async move { finish(console::conflicts(query, store).await) });
    let history =
        history.then(|_, query, store, guard| async move { finish(console::history(query, store, guard).await) });
    let resolve = resolve.then(|who, body, store| async move { finish(console::resolve(who, body, store).await) });
    conflicts.or(history).unify().or(resolve).unify().boxed()
}

/// `POST /v1/enrol`, for devices that have no token yet.
fn enrol(guard: &Guard) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "enrol")
        .and(warp::post())
        .and(warp::header::headers_cloned())
        .and(json(MAX_ENROL))
        .and(with(guard))
        .then(guard::enrol)
        .boxed()
}

/// A body in JSON. Its type must be named: a web page that a browser on this machine shows could not do that without being
/// asked first.
fn json<T: DeserializeOwned + Send>(max_body: u64) -> impl Filter<Extract = (T,), Error = Rejection> + Clone {
    warp::header::exact_ignore_case("content-type", "application/json")
        .and(warp::body::content_length_limit(max_body))
        .and(warp::body::json())
}

fn finish(result: Result<serde_json::Value, HubError>) -> Response {
    result.map_or_else(reply::error, |document| reply::json(&document))
}

pub(super) fn with<T: Clone + Send>(shared: &T) -> impl Filter<Extract = (T,), Error = Infallible> + Clone + use<T> {
    let shared = shared.clone();
    warp::any().map(move || shared.clone())
}

/// Answers a device, and nobody in its name. That a changeset is the same device's as its COMMIT says, the hub sees to.
async fn answer(verb: Verb, caller: &Caller, body: Bytes, store: &Store) -> Result<Vec<u8>, HubError> {
    let answer = match verb {
        Verb::Prepare => {
            let request: Prepare = read(body).await?;
            caller.may_send(&request.payload)?;
            store.prepare(request).await
        }
        Verb::Upload => {
            let chunk = Chunk::arrived(&body).map_err(unreadable)?;
            caller.speaks_for(chunk.parcel.device)?;
            store.upload(chunk).await
        }
        Verb::Commit => {
            let request: Commit = read(body).await?;
            caller.speaks_for(request.pull.device)?;
            store.commit(request).await
        }
        Verb::Pull => {
            let request: Pull = read(body).await?;
            caller.speaks_for(request.device)?;
            store.pull(request).await
        }
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
        MessageError::Corrupt => ProblemKind::Damaged,
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

fn turned_away(rejection: &Rejection) -> Response {
    match rejection.find::<Turned>() {
        Some(Turned(error)) => reply::error(error.clone()),
        None => reply::problem(unrouted(rejection)),
    }
}

/// What is wrong with a request that no route takes.
fn unrouted(rejection: &Rejection) -> Problem {
    let problem = |kind, detail: &str| Problem::new(kind, detail);
    if rejection.find::<PayloadTooLarge>().is_some() {
        problem(ProblemKind::TooLarge, "The body is longer than the hub takes.")
    } else if rejection.find::<LengthRequired>().is_some() {
        problem(ProblemKind::Malformed, "The request must say how long its body is.")
    } else if rejection.find::<InvalidHeader>().is_some() || rejection.find::<MissingHeader>().is_some() {
        guard::untyped()
    } else if rejection.find::<InvalidQuery>().is_some() {
        problem(ProblemKind::Malformed, "The query is not what this address takes.")
    } else if rejection.find::<MethodNotAllowed>().is_some() || rejection.is_not_found() {
        problem(ProblemKind::NotFound, "No such address, or not by this method.")
    } else {
        problem(ProblemKind::Malformed, "The body can't be read.")
    }
}
