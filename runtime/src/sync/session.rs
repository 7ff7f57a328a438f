//! One session: the protocol's machine, its actions carried out on the store and over the transport.

use super::transport::{Failure, Transport};
use crate::store::{Actions, Next, Store, StoreError};
use windrow_protocol::session::{Action, Event, Finish, Session, Unexpected};

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
    let actions = store.session();
    let (mut session, mut action) = Session::start();
    loop {
        let event = match perform(actions.clone(), action).await? {
            Next::Event(event) => event,
            Next::Send(request) => Event::Answered(transport.send(&request).await?),
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
