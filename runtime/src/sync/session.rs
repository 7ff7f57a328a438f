//! One session: the protocol's machine, its actions carried out on the store and over the transport.

use super::transport::{Failure, FailureKind, Transport};
use crate::store::{Actions, Next, Store, StoreError};
use std::time::Instant;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Finish, Progress, Session, Unexpected};

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
            SyncError::Stopped => true,
        }
    }
}

/// Runs one session: sends what is pending, applies what is new. What [`SyncWorker`](super::SyncWorker) does by itself.
///
/// # Errors
/// The hub can't be reached or rejects the session, or the device's file fails. Nothing is lost; call again.
pub async fn sync(store: &Store, transport: &dyn Transport) -> Result<Finish, SyncError> {
    run(store, transport, &mut Pace::default(), |_| ()).await
}

/// The same at this pace, which it leaves as it has found the link. `seen` is told how far a long changeset has come.
pub(super) async fn run(
    store: &Store,
    transport: &dyn Transport,
    pace: &mut Pace,
    seen: impl Fn(Progress),
) -> Result<Finish, SyncError> {
    let actions = store.session();
    let (mut session, mut action) = Session::start(*pace);
    loop {
        let event = match perform(actions.clone(), action).await? {
            Next::Event(event) => event,
            Next::Send(request) => {
                session.progress().into_iter().for_each(&seen);
                let since = Instant::now();
                let sent = transport.send(&request).await;
                match &sent {
                    Ok(answer) => session.pace.answered(&request, answer, since.elapsed().as_millis() as u64),
                    Err(failure) if failure.kind == FailureKind::Broken => session.pace.broke(),
                    Err(_) => {}
                }
                *pace = session.pace;
                Event::Answered(sent?)
            }
            Next::Finish(finish) => return Ok(finish),
        };
        action = session.on(event)?;
    }
}

/// An action on the file, off the async threads: local writes and SQLite's locks may hold it up.
async fn perform(actions: Actions, action: Action) -> Result<Next, SyncError> {
    let done = tokio::task::spawn_blocking(move || actions.perform(action));
    Ok(done.await.map_err(|_| SyncError::Stopped)??)
}
