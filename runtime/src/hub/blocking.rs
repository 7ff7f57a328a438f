//! Work of a hub's that would hold up a thread of the runtime.

use super::HubError;

/// Work that takes its time: it reads a file, or deciphers a long bundle as a whole.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, HubError>
where
    T: Send + 'static,
    E: Into<HubError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| HubError::Stopped)?.map_err(Into::into)
}
