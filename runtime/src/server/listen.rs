//! Connections: accepted, served, and let go at the end.
//!
//! hyper's connection builder is driven here rather than warp's server, which has no timer: a client that opens a
//! connection and never ends its headers is cut off.

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use warp::{Filter, Reply};

/// How long requests under way may still take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
/// After an accept that failed: no file descriptors, say.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stopped`, or its sender is gone.
pub(super) async fn serve<F>(listener: TcpListener, routes: F, mut stopped: oneshot::Receiver<()>)
where
    F: Filter<Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
    F::Future: Send,
{
    let (builder, graceful) = (builder(), GracefulShutdown::new());
    let service = TowerToHyperService::new(warp::service(routes));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = builder.serve_connection(io(stream), service.clone()).into_owned();
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    watched.await.unwrap_or_else(|error| tracing::debug!(%error, "a connection broke off"));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    if tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way when the server stopped");
    }
}

/// Answers are small and waited for: no delay for their last segment.
fn io(stream: TcpStream) -> TokioIo<TcpStream> {
    stream.set_nodelay(true).unwrap_or_else(|error| tracing::debug!(%error, "a socket takes no options"));
    TokioIo::new(stream)
}

/// No `Date` in answers: a device that hears "nothing new" pays for every byte, and reads its clock elsewhere.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).auto_date_header(false);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    builder
}
