//! One session: the protocol's machine, its actions carried out on the store and over the transport.

use super::connectivity::Link;
use super::transport::{Failure, FailureKind, Transport};
use crate::store::{Actions, Next, Store, StoreError};
use std::time::Instant;
use windrow_protocol::message::{self, Answer, MessageError};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Finish, Progress, Request, Session, Unexpected};

/// Why a session did not end well. Nothing is lost by it: the next one goes on from what is in the file.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The device's own file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The way to the hub, or the hub.
    #[error(transparent)]
    Transport(#[from] Failure),
    /// An answer that does not fit its question.
    #[error(transparent)]
    Protocol(#[from] Unexpected),
    /// The day's budget for such links is spent.
    #[error("the day's budget for this kind of link is spent; the rest goes tomorrow, or over another")]
    Spent,
    /// The application's runtime is shutting down.
    #[error("the program is shutting down")]
    Stopped,
}

impl SyncError {
    /// Whether trying again, later and unchanged, can succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            SyncError::Store(error) => error.is_retryable(),
            SyncError::Transport(failure) => failure.is_retryable(),
            SyncError::Protocol(_) => false,
            SyncError::Spent | SyncError::Stopped => true,
        }
    }
}

/// Runs one session: sends what is pending, applies what is new. What [`SyncWorker`](super::SyncWorker) does by itself.
///
/// # Errors
/// The hub can't be reached or rejects the session, or the device's file fails. Nothing is lost; call again.
pub async fn sync(store: &Store, transport: &dyn Transport) -> Result<Finish, SyncError> {
    let over = Over { link: Link::Unmetered, most: None };
    run(store, transport, &mut Pace::default(), over, |_| ()).await
}

/// What a session runs over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Over {
    pub(super) link: Link,
    /// Bytes that may go over such links in a day.
    pub(super) most: Option<u64>,
}

/// Where less is left to be spent than this, in bytes, no exchange begins: a question, an answer without news, their headers.
const LEAST: u64 = 1_024;

/// The same at this pace, which it leaves as it has found the link. `seen` is told how far a long changeset has come.
pub(super) async fn run(
    store: &Store,
    transport: &dyn Transport,
    pace: &mut Pace,
    over: Over,
    seen: impl Fn(Progress),
) -> Result<Finish, SyncError> {
    let actions = store.session().over(over.link.name());
    pace.limit(left(store, over).await?);
    let (mut session, mut action) = Session::start(*pace);
    loop {
        let event = match perform(actions.clone(), action).await? {
            Next::Event(event) => event,
            Next::Send(request) => {
                session.progress().into_iter().for_each(&seen);
                if left(store, over).await? == 0 {
                    return Err(SyncError::Spent);
                }
                let answer = exchange(store, transport, over.link, &request, &mut session.pace).await;
                session.pace.limit(left(store, over).await?);
                *pace = session.pace;
                Event::Answered(answer?)
            }
            Next::Finish(finish) => return Ok(finish),
        };
        action = session.on(event)?;
    }
}

/// A request and its answer, counted whatever comes of them.
async fn exchange(
    store: &Store,
    transport: &dyn Transport,
    link: Link,
    request: &Request,
    pace: &mut Pace,
) -> Result<Answer, SyncError> {
    let (since, beside) = (Instant::now(), transport.overhead());
    let answer = transport.send(request).await;
    match &answer {
        Ok(answer) => pace.answered(request, answer, since.elapsed().as_millis() as u64),
        Err(failure) if failure.kind == FailureKind::Broken => pace.broke(),
        Err(_) => {}
    }
    let told = answer.as_ref().map_or(0, |answer| length(message::to_bytes(answer)));
    let sent = request_length(request) + beside / 2;
    on_file(store, move |store| store.count_traffic(link.name(), sent, told + beside / 2)).await?;
    Ok(answer?)
}

fn request_length(request: &Request) -> u64 {
    match request {
        Request::Prepare(request) => length(message::to_bytes(request)),
        Request::Upload(chunk) => length(chunk.to_bytes()),
        Request::Commit(request) => length(message::to_bytes(request)),
        Request::Pull(request) => length(message::to_bytes(request)),
    }
}

fn length(body: Result<Vec<u8>, MessageError>) -> u64 {
    body.map_or(0, |body| body.len() as u64)
}

/// Bytes that one exchange may move each way, of what is left to be spent today; 0: none may.
async fn left(store: &Store, over: Over) -> Result<u64, SyncError> {
    let Some(most) = over.most else { return Ok(u64::MAX) };
    let spent = on_file(store, move |store| store.spent_today(over.link.name())).await?;
    Ok(most.saturating_sub(spent).checked_sub(LEAST).map_or(0, |left| left / 2))
}

async fn on_file<T, F>(store: &Store, f: F) -> Result<T, SyncError>
where
    T: Send + 'static,
    F: FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
{
    let store = store.clone();
    Ok(tokio::task::spawn_blocking(move || f(&store)).await.map_err(|_| SyncError::Stopped)??)
}

/// An action on the file, off the async threads: local writes and SQLite's locks may hold it up.
async fn perform(actions: Actions, action: Action) -> Result<Next, SyncError> {
    let done = tokio::task::spawn_blocking(move || actions.perform(action));
    Ok(done.await.map_err(|_| SyncError::Stopped)??)
}
