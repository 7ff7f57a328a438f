//! One session: the protocol's machine, its actions carried out on the store and over the transport.

use super::budget::Budget;
use super::clock::ClockError;
use super::connectivity::Link;
use super::thread::FileThread;
use super::transport::{Failure, FailureKind, Notes, Transport};
use crate::store::session::slices;
use crate::store::{Actions, Next, Store, StoreError};
use crate::types::Timestamp;
use std::time::Instant;
use windrow_protocol::message::{Answer, Commit, Pull};
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
    let over = Over { link: Link::Unmetered, budget: Budget::default() };
    run(store, transport, &mut Seen::default(), over, |_| ()).await
}

/// What a session runs over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Over {
    pub(super) link: Link,
    pub(super) budget: Budget,
}

/// What sessions have seen on their way to the hub, from one to the next.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What was moved and is not counted yet: of an exchange that was cut off with its session.
    pub(super) notes: Notes,
    /// How much the link carries.
    pub(super) pace: Pace,
    /// How wrong the device's clock is.
    pub(super) clock: Option<ClockError>,
    /// The day, the kind of link, and what had been spent over it when that day's first exchange there began.
    first: Option<(String, Link, u64)>,
}

impl Seen {
    /// What had been spent when this day's first exchange over such a link began: now, where there was none.
    fn first(&mut self, link: Link, day: &str, spent: u64) -> u64 {
        match &self.first {
            Some((of, over, first)) if (of.as_str(), *over) == (day, link) => *first,
            _ => {
                self.first = Some((day.to_owned(), link, spent));
                spent
            }
        }
    }
}

/// The same with what was seen, which it brings up to date. `progress` is told how far a long changeset has come.
pub(super) async fn run(
    store: &Store,
    transport: &dyn Transport,
    seen: &mut Seen,
    over: Over,
    progress: impl Fn(Progress),
) -> Result<Finish, SyncError> {
    let file = FileThread::start().map_err(|error| {
        tracing::error!(%error, "the system gives a session no thread for its file");
        SyncError::Stopped
    })?;
    let most = left(store, over).await?.unwrap_or(0);
    let actions = store.session().over(over.link.name()).in_slices(slice(most));
    seen.pace.limit(most);
    let (mut session, mut action) = Session::start(seen.pace.clone());
    loop {
        let event = match perform(&file, actions.clone(), action).await? {
            Next::Event(event) => event,
            Next::Send(request) => {
                session.progress().into_iter().for_each(&progress);
                may_go(store, over, &request, seen).await?;
                seen.pace.clone_from(&session.pace);
                if let Request::Commit(Commit { pull: Pull { whole_ids: false, .. }, .. }) = &request {
                    fold_ahead(&file, actions.clone());
                }
                let answer = exchange(store, transport, over.link, &request, seen).await;
                seen.pace.limit(left(store, over).await?.unwrap_or(0));
                session.pace.clone_from(&seen.pace);
                Event::Answered(answer?)
            }
            Next::Finish(finish) => return Ok(finish),
        };
        action = session.on(event)?;
    }
}

/// Less would cost more by the exchanges that each slice takes.
const LEAST_SLICE: usize = 8 << 10;

/// What a slice of a long log may weigh where one exchange may move so many bytes: compressed, it goes on one day. What was
/// written before a large record need not wait then until that has gone.
fn slice(most: u64) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX).clamp(LEAST_SLICE, slices::MOST)
}

/// A request and its answer, counted whatever comes of them.
async fn exchange(
    store: &Store,
    transport: &dyn Transport,
    link: Link,
    request: &Request,
    seen: &mut Seen,
) -> Result<Answer, SyncError> {
    let (began, since) = (Timestamp::now(), Instant::now());
    let answer = transport.send(request, &seen.notes).await;
    let took = since.elapsed();
    match &answer {
        Ok(answer) => seen.pace.answered(request, answer, took.as_millis() as u64),
        Err(failure) if failure.kind == FailureKind::Broken => seen.pace.unanswered(request),
        Err(_) => {}
    }
    seen.clock = seen.notes.take_clock().map(|hub| ClockError::seen(began, took, hub)).or(seen.clock);
    count(store, link, &seen.notes).await?;
    Ok(answer?)
}

/// Counts what was moved over such a link since it was last counted.
pub(super) async fn count(store: &Store, link: Link, notes: &Notes) -> Result<(), SyncError> {
    match notes.take_bytes() {
        (0, 0) => Ok(()),
        (sent, received) => on_file(store, move |store| store.count_traffic(link.name(), sent, received)).await,
    }
}

/// Whether this request may go today.
async fn may_go(store: &Store, over: Over, request: &Request, seen: &mut Seen) -> Result<(), SyncError> {
    let Some((day, spent)) = spent(store, over).await? else { return Ok(()) };
    over.budget.exchange(over.link, spent).ok_or(SyncError::Spent)?;
    let first = seen.first(over.link, &day, spent);
    // What can't be encoded is the transport's to say.
    let waits = over.budget.waits(over.link, (first, spent), request.question().unwrap_or(0));
    if waits { Err(SyncError::Spent) } else { Ok(()) }
}

/// Bytes that one exchange may move each way, of what is left to be spent today; none: no exchange may begin.
pub(super) async fn left(store: &Store, over: Over) -> Result<Option<u64>, SyncError> {
    let spent = spent(store, over).await?;
    Ok(spent.map_or(Some(u64::MAX), |(_, spent)| over.budget.exchange(over.link, spent)))
}

/// Today, and the bytes that have gone over such links; none where as many may go as there are.
async fn spent(store: &Store, over: Over) -> Result<Option<(String, u64)>, SyncError> {
    if over.budget.of(over.link).is_none() {
        return Ok(None);
    }
    on_file(store, move |store| store.spent_today(over.link.name())).await.map(Some)
}

pub(super) async fn on_file<T, F>(store: &Store, f: F) -> Result<T, SyncError>
where
    T: Send + 'static,
    F: FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
{
    let store = store.clone();
    Ok(tokio::task::spawn_blocking(move || f(&store)).await.map_err(|_| SyncError::Stopped)??)
}

/// Two sides of an upload work at once: what follows is folded while the hub commits what it has.
fn fold_ahead(file: &FileThread, actions: Actions) {
    file.begin(move || {
        if let Err(error) = actions.fold_ahead() {
            tracing::debug!(%error, "what follows was not folded ahead");
        }
    });
}

/// An action on the file, off the async threads: local writes and SQLite's locks may hold it up.
async fn perform(file: &FileThread, actions: Actions, action: Action) -> Result<Next, SyncError> {
    Ok(file.run(move || actions.perform(action)).await.ok_or(SyncError::Stopped)??)
}
