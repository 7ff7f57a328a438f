//! What stands around every request: its id, its room, what is counted and logged of it.

use super::body::{Account, Received, Sent, Visit};
use super::gate::{Gate, Taken};
use super::limits::Limits;
use super::line::Line;
use super::lines::Lines;
use super::metrics::{Gauge, Metrics, Question};
use super::news::{Endless, News};
use super::patience::Patience;
use super::rate::Rates;
use super::reply;
use crate::hub::{HubError, HubStore};
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use tracing::Instrument;
use warp::http::{HeaderValue, Request, StatusCode, Version, header};
use warp::hyper::body::{Body, Bytes, Incoming};
use warp::hyper::service::Service;
use warp::reply::Response;

/// The header by which a problem names its request.
const REQUEST_ID: &str = "x-request-id";

/// What all requests have in common.
pub(super) struct Common {
    pub(super) store: Arc<dyn HubStore>,
    pub(super) limits: Limits,
    pub(super) gate: Gate,
    pub(super) metrics: Arc<Metrics>,
    pub(super) lines: Arc<Lines>,
    pub(super) news: Arc<News>,
    pub(super) patience: Patience,
    pub(super) rates: Rates,
    ids: Ids,
}

impl Common {
    pub(super) fn new(store: Arc<dyn HubStore>, limits: Limits) -> Arc<Common> {
        let (gate, lines) = (Gate::new(&limits), Lines::new(limits.connections));
        let (rates, metrics, ids) = (Rates::new(&limits), Arc::default(), Ids::default());
        let news = News::new(limits.news.min(limits.connections / 4));
        let patience = Patience::new(Instant::now());
        Arc::new(Common { store, gate, lines, news, patience, limits, metrics, rates, ids })
    }
}

/// Ids of requests: unique in a log, and nothing that anybody could guess from.
#[derive(Debug)]
struct Ids {
    program: u32,
    next: AtomicU32,
}

impl Default for Ids {
    fn default() -> Ids {
        // Without random numbers ids repeat from one start to the next, and that is all.
        Ids { program: getrandom::u32().unwrap_or_default(), next: AtomicU32::new(0) }
    }
}

impl Ids {
    fn next(&self) -> String {
        format!("{:08x}{:08x}", self.program, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// What all addresses do.
pub(super) trait Routes:
    Service<Request<Received>, Response = Response, Error = Infallible> + Clone + Send + 'static
{
}

impl<R> Routes for R where
    R: Service<Request<Received>, Response = Response, Error = Infallible> + Clone + Send + 'static
{
}

/// The shell of one connection around the routes.
#[derive(Clone)]
pub(super) struct Shell<R> {
    pub(super) common: Arc<Common>,
    pub(super) line: Arc<Line>,
    /// Where it comes from.
    pub(super) from: IpAddr,
    pub(super) routes: R,
}

impl<R> Service<Request<Incoming>> for Shell<R>
where
    R: Routes,
    R::Future: Send,
{
    type Response = warp::http::Response<Sent>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (common, id, question) = (self.common.clone(), self.common.ids.next(), Question::of(request.uri().path()));
        let visit = Visit::new(&self.line, request.version() == Version::HTTP_2);
        let span = tracing::info_span!("request", id, question = question.name());
        let (account, since) = (Account::default(), Instant::now());
        let may = common.rates.note(self.from, request.headers(), since);
        let request = request.map(|body| Received::new(body, &common.gate, &self.line, &account));
        let answered = may.map(|()| self.routes.call(request));
        let work = async move {
            let response = match answered {
                Ok(answered) => answered.await.unwrap_or_else(|never| match never {}),
                Err(wait) => reply::too_often(wait),
            };
            let refused = account.is_refused();
            // What was asked is not needed any more; what is answered takes room of its own.
            drop(account);
            let response = if refused { reply::error(HubError::Busy) } else { response };
            let response = common.asks_for_patience(response);
            if response.extensions().get::<Endless>().is_some() {
                common.told(question, (response.status(), None), since);
                return Ok(response.map(|events| Sent::endless(events, visit)));
            }
            let (response, room) = common.room_for(response).await;
            common.told(question, (response.status(), Some(response.body().len())), since);
            Ok(named(response, &id).map(|bytes| Sent::new(bytes, room, visit)))
        };
        Box::pin(work.instrument(span))
    }
}

impl Common {
    /// The page that Prometheus reads. What the hub does not tell just now is not on it.
    pub(super) async fn page(&self) -> String {
        let gauge = |name, help, value| Gauge { name, help, value };
        let mut gauges = vec![
            gauge("windrow_connections_open", "Connections that are open.", self.lines.count() as u64),
            gauge("windrow_listeners", "Devices that listen for news.", self.news.count() as u64),
            gauge(
                "windrow_retry_after_seconds",
                "Who is turned away waits so long.",
                self.patience.wait(Instant::now()),
            ),
            gauge("windrow_requests_under_way", "Requests that are worked on.", self.gate.requests() as u64),
            gauge("windrow_bytes_under_way", "Bytes of bodies and answers under way.", self.gate.bytes() as u64),
        ];
        if let Ok(hub) = self.store.measures().await {
            gauges.extend([
                gauge("windrow_seq", "The last commit's seq.", hub.seq.bits()),
                gauge("windrow_devices", "Devices that have ever committed.", hub.devices),
                gauge("windrow_file_bytes", "Bytes of the hub's file.", hub.file),
                gauge("windrow_wal_bytes", "Bytes of its write-ahead log.", hub.log),
                gauge("windrow_readers_waiting", "Requests that wait to read.", hub.readers_wait),
                gauge("windrow_writer_waiting", "Requests that wait to write.", hub.writers_wait),
                gauge("windrow_transactions", "Transactions that were written since the start.", hub.transactions),
                gauge("windrow_written", "Requests that these held together.", hub.written),
            ]);
        }
        self.metrics.page(&gauges)
    }

    /// Whoever finds the hub busy is told when to come again.
    fn asks_for_patience(&self, response: Response) -> Response {
        let busy = response.status() == StatusCode::SERVICE_UNAVAILABLE;
        if busy && !response.headers().contains_key(header::RETRY_AFTER) {
            return reply::again(response, self.patience.turn(Instant::now()));
        }
        response
    }

    /// A request has its answer, of so many bytes, if it is known how many.
    fn told(&self, question: Question, (status, sent): (StatusCode, Option<usize>), since: Instant) {
        let (status, took) = (status.as_u16(), since.elapsed());
        self.metrics.answered(question, status, took);
        if status < 400 {
            self.patience.served();
        }
        tracing::debug!(status, sent, micros = took.as_micros() as u64, "answered");
    }

    /// An answer with room for it; or, without, that the hub is busy.
    async fn room_for(&self, response: Response) -> (warp::http::Response<Bytes>, Taken) {
        let response = whole(response).await;
        if !response.status().is_success() {
            return (response, Taken::default());
        }
        match self.gate.take(response.body().len()) {
            Ok(room) => (response, room),
            Err(busy) => (whole(self.asks_for_patience(reply::error(busy))).await, Taken::default()),
        }
    }
}

/// The answer of a problem says of which request: in the logs there is more.
fn named<B>(mut response: warp::http::Response<B>, id: &str) -> warp::http::Response<B> {
    if !response.status().is_success()
        && let Ok(id) = HeaderValue::from_str(id)
    {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// An answer's bytes: they are all there already, as a rule in one piece.
async fn whole(response: Response) -> warp::http::Response<Bytes> {
    let (parts, mut body) = response.into_parts();
    let mut all = Bytes::new();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(bytes) = frame.into_data() else { continue };
        all = if all.is_empty() { bytes } else { [all, bytes].concat().into() };
    }
    warp::http::Response::from_parts(parts, all)
}
