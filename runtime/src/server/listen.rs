//! Connections: taken, served, and let go at the end.
//!
//! hyper's connection builder is driven here rather than warp's server, which has neither timers nor bounds.

use super::files;
use super::line::Line;
use super::shell::{Common, Routes, Shell};
use super::tls::Tls;
use super::watched::Watched;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use warp::{Filter, Reply};

/// After an accept that failed: no file descriptors, say.
const BREATH: Duration = Duration::from_millis(100);
/// Bytes of heads, and of what is read or to be sent of a body, that a connection keeps. What it keeps is not counted.
const BUFFER: usize = 16 << 10;
/// Bytes that an HTTP/2 connection may send before the server has read them: of one request, and of all.
const WINDOWS: (u32, u32) = (256 << 10, 512 << 10);

/// Connections that the system holds until they are taken. One that finds no place there is tried again by the other side after
/// seconds; the system has a bound of its own.
const BACKLOG: u32 = 4_096;

/// Listens at the first of these addresses that can be had.
pub(super) fn at(addrs: &[SocketAddr]) -> std::io::Result<TcpListener> {
    let mut refused = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for addr in addrs {
        match at_one(*addr) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn at_one(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A server that starts anew takes the address of the one before; elsewhere than on Unix this would let two have it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Takes connections and serves them.
struct Listening<R> {
    common: Arc<Common>,
    routes: R,
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    told: Arc<Semaphore>,
    tls: Option<Arc<Tls>>,
}

/// Serves until `stopped`, or its sender is gone.
pub(super) async fn serve<F>(
    listener: TcpListener,
    routes: F,
    (common, tls): (Arc<Common>, Option<Tls>),
    mut stopped: oneshot::Receiver<()>,
) where
    F: Filter<Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
    F::Future: Send,
{
    let (metrics, limits) = (common.metrics.clone(), common.limits.clone());
    let sweep = tokio::spawn(common.lines.clone().sweep(limits, move |slow| {
        tracing::debug!(?slow, "a connection was cut off");
        metrics.cut(slow);
    }));
    let news = tokio::spawn(common.news.clone().watch(common.store.clone()));
    let tls = tls.map(Arc::new);
    let renewed = tls.clone().map(|tls| tokio::spawn(async move { tls.watch().await }));
    let routes = TowerToHyperService::new(warp::service(routes));
    let told = Arc::new(Semaphore::new(files::told_at_once(common.limits.connections)));
    let builder = builder(common.limits.streams);
    let listening = Listening { common, routes, builder, graceful: GracefulShutdown::new(), told, tls };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, from)) => listening.welcome(stream, from.ip()),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    listening.end().await;
    sweep.abort();
    news.abort();
    // It holds the hub, which is to be closed when this returns.
    drop(news.await);
    renewed.inspect(tokio::task::JoinHandle::abort);
}

impl<R> Listening<R>
where
    R: Routes + Sync,
    R::Future: Send,
{
    /// A connection that has come.
    fn welcome(&self, stream: TcpStream, from: IpAddr) {
        let Some(place) = self.common.lines.place(Instant::now()) else {
            self.common.metrics.turned_away.add(1);
            return self.turn_away(stream);
        };
        self.common.metrics.accepted.add(1);
        let line = place.line.clone();
        let talk = self.talk(stream, line.clone(), from);
        tokio::spawn(async move {
            tokio::select! {
                () = talk => {}
                () = line.cut() => {}
            }
            drop(place);
        });
    }

    /// Serves one connection to its end.
    fn talk(&self, stream: TcpStream, line: Arc<Line>, from: IpAddr) -> impl Future<Output = ()> + Send + use<R> {
        let (builder, watcher, tls) = (self.builder.clone(), self.graceful.watcher(), self.tls.clone());
        let stream = Watched::new(prompt(stream), line.clone(), self.common.metrics.clone());
        let shell = Shell { common: self.common.clone(), line, from, routes: self.routes.clone() };
        async move {
            match tls {
                None => converse(&builder, watcher, stream, shell).await,
                // In a box of its own: without TLS a connection is to be no larger for it.
                Some(tls) => Box::pin(shake_hands(&tls, &builder, watcher, stream, shell)).await,
            }
        }
    }

    /// Tells it to come again. How many are told at once is bounded, and so is how long they may take to hear it.
    fn turn_away(&self, mut stream: TcpStream) {
        if self.tls.is_some() {
            return;
        }
        let Ok(permit) = self.told.clone().try_acquire_owned() else { return };
        let answer = no_place(self.common.patience.turn(Instant::now()));
        tokio::spawn(async move {
            let tells = async {
                stream.write_all(answer.as_bytes()).await?;
                stream.shutdown().await?;
                // A socket that is closed with something unread takes back what was sent.
                while stream.read(&mut [0; 1_024]).await? > 0 {}
                Ok::<(), std::io::Error>(())
            };
            // Whoever does not listen finds out otherwise.
            let _ = tokio::time::timeout(Duration::from_secs(1), tells).await;
            drop(permit);
        });
    }

    /// Lets requests under way be answered.
    async fn end(self) {
        self.common.lines.dismiss();
        self.common.news.end();
        if tokio::time::timeout(self.common.limits.last_answers, self.graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were still under way when the server stopped");
        }
    }
}

/// What is said to whoever finds no place.
fn no_place(seconds: u64) -> String {
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close";
    format!("{head}\r\nretry-after: {seconds}\r\n\r\n")
}

/// Serves a connection within TLS.
async fn shake_hands<S, R>(tls: &Tls, builder: &Builder<TokioExecutor>, watcher: Watcher, stream: S, shell: Shell<R>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Routes,
    R::Future: Send,
{
    let metrics = shell.common.metrics.clone();
    match tls.acceptor().accept(stream).await {
        Ok(stream) => converse(builder, watcher, stream, shell).await,
        Err(error) => {
            metrics.handshakes_failed.add(1);
            tracing::debug!(%error, "a handshake failed");
        }
    }
}

async fn converse<S, R>(builder: &Builder<TokioExecutor>, watcher: Watcher, stream: S, shell: Shell<R>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Routes,
    R::Future: Send,
{
    let connection = builder.serve_connection(TokioIo::new(stream), shell).into_owned();
    let ended = watcher.watch(connection).await;
    ended.unwrap_or_else(|error| tracing::debug!(%error, "a connection broke off"));
}

/// Answers are small and waited for: no delay for their last segment.
fn prompt(stream: TcpStream) -> TcpStream {
    stream.set_nodelay(true).unwrap_or_else(|error| tracing::debug!(%error, "a socket takes no options"));
    stream
}

/// No `Date` in answers: a device that hears "nothing new" pays for every byte, and reads its clock elsewhere. hyper's own
/// timer is off: see [`super::line`].
fn builder(streams: u32) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).auto_date_header(false).header_read_timeout(None).max_buf_size(BUFFER);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).auto_date_header(false).max_concurrent_streams(streams);
    http2.initial_stream_window_size(WINDOWS.0).initial_connection_window_size(WINDOWS.1);
    http2.max_header_list_size(BUFFER as u32).max_send_buf_size(BUFFER);
    builder
}
