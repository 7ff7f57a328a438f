//! Which address does what.

use super::guard::{self, Asks, Caller, Guard, Turned};
use super::{console, reply};
use crate::hub::{HubError, HubStore};
use crate::identity::Role;
use bytes::{Buf, BufMut, BytesMut};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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

/// Bytes of devices' requests that may be under way at once. Thousands of small ones are; of the longest only a few.
const MOST_UNDER_WAY: u32 = 256 << 20;

/// Room for requests under way.
#[derive(Debug, Clone)]
struct Room {
    bytes: Arc<Semaphore>,
    most: u32,
}

impl Room {
    fn new(most: u32) -> Room {
        Room { bytes: Arc::new(Semaphore::new(most as usize)), most }
    }

    /// Room for a body, until this is dropped. One that is longer than all there is takes all.
    fn take(&self, body: usize) -> Result<OwnedSemaphorePermit, HubError> {
        let bytes = u32::try_from(body).unwrap_or(u32::MAX).min(self.most);
        self.bytes.clone().try_acquire_many_owned(bytes).map_err(|_| HubError::Busy)
    }
}

/// All addresses of a server. Whatever can't be routed is answered with a problem document.
pub(super) fn routes(
    store: Store,
    guard: Guard,
    max_body: u64,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let room = &Room::new(MOST_UNDER_WAY);
    let hub = (&store, &guard, room);
    let devices = device(Verb::Prepare, "prepare", hub, max_body)
        .or(device(Verb::Upload, "upload", hub, MAX_CHUNK))
        .unify()
        .or(device(Verb::Commit, "commit", hub, max_body.min(MAX_QUESTION)))
        .unify()
        .or(device(Verb::Pull, "pull", hub, max_body.min(MAX_QUESTION)))
        .unify();
    let health = warp::path!("healthz").and(warp::get()).and(with(&store)).then(healthz);
    let all = devices.or(health).unify().or(people(&store, &guard)).unify().or(enrol(&guard)).unify();
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

/// `POST /v1/<verb>`.
fn device(
    verb: Verb,
    path: &'static str,
    (store, guard, room): (&Store, &Guard, &Room),
    max_body: u64,
) -> BoxedFilter<(Response,)> {
    let room = room.clone();
    warp::path("v1")
        .and(warp::path(path))
        .and(warp::path::end())
        .and(warp::post())
        .and(guard::device(guard))
        .and(warp::body::content_length_limit(max_body))
        .and(body(verb))
        .and(with(store))
        .then(move |asks: Asks, body: Bytes, store: Store| {
            let room = room.take(body.len());
            async move {
                let (received, since) = (body.len(), std::time::Instant::now());
                let answer = match &room {
                    Ok(_) => answer(verb, &asks.caller, body, store).await,
                    Err(busy) => Err(busy.clone()),
                };
                let micros = since.elapsed().as_micros() as u64;
                tracing::debug!(?verb, received, sent = answer.as_ref().map_or(0, Vec::len), micros, "answered");
                answer.map_or_else(reply::error, |message| reply::message(message, asks.typed))
            }
        })
        .boxed()
}

/// A request's body. Of a chunk that is cut off on the way what has arrived is taken, for the hub keeps it; nobody hears the
/// answer then.
fn body(verb: Verb) -> BoxedFilter<(Bytes,)> {
    match verb {
        Verb::Upload => warp::body::stream().then(arrived).boxed(),
        Verb::Prepare | Verb::Commit | Verb::Pull => warp::body::bytes().boxed(),
    }
}

async fn arrived(body: impl Stream<Item = Result<impl Buf, warp::Error>>) -> Bytes {
    let (mut body, mut arrived) = (pin!(body), BytesMut::new());
    while let Some(Ok(bytes)) = body.next().await {
        arrived.put(bytes);
    }
    arrived.freeze()
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

fn with<T: Clone + Send>(shared: &T) -> impl Filter<Extract = (T,), Error = Infallible> + Clone + use<T> {
    let shared = shared.clone();
    warp::any().map(move || shared.clone())
}

/// Answers a device, and nobody in its name. That a changeset is the same device's as its COMMIT says, the hub sees to.
async fn answer(verb: Verb, caller: &Caller, body: Bytes, store: Store) -> Result<Vec<u8>, HubError> {
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
    write(answer?).await
}

/// Reads a message where it may take its time.
async fn read<T: DeserializeOwned + Send + 'static>(body: Bytes) -> Result<T, HubError> {
    let read = tokio::task::spawn_blocking(move || message::from_bytes(&body));
    Ok(read.await.map_err(|_| HubError::Stopped)?.map_err(unreadable)?)
}

async fn write<T: Serialize + Send + 'static>(answer: T) -> Result<Vec<u8>, HubError> {
    let written = tokio::task::spawn_blocking(move || message::to_bytes(&answer));
    written.await.map_err(|_| HubError::Stopped)?.map_err(|e| HubError::Defect(e.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A few hundred devices that send their longest changesets at once would take all of the hub's memory.
    #[test]
    fn requests_are_turned_away_by_their_bytes_not_by_their_number() {
        let room = Room::new(1_000);
        let small: Vec<_> = (0..10).filter_map(|_| room.take(50).ok()).collect();
        assert_eq!(small.len(), 10);
        let large = room.take(500);
        assert!(large.is_ok() && matches!(room.take(1), Err(HubError::Busy)));
        drop((small, large));
        assert!(room.take(5_000).is_ok(), "longer than all the room, and alone");
    }
}
