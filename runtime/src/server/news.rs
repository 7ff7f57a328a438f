//! News: connections that devices hold, on which the server says that the hub has committed something, and nothing of what.
//!
//! They are few, and hold no place that a session needs: whoever finds none asks at an interval instead.

use super::guard::{Caller, Guard, Shown};
use super::reply;
use super::shell::Common;
use crate::hub::HubStore;
use crate::lock::lock;
use futures_util::stream::{self, Stream};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use warp::Reply;
use warp::http::HeaderValue;
use warp::reply::Response;
use warp::sse::Event;
use windrow_protocol::clock::{DeviceId, Seq};

/// How often it is looked whether there is something new: what is committed meanwhile is announced together.
const LOOK: Duration = Duration::from_secs(1);

/// Marks an answer that has no end, so that nobody waits for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endless;

/// Those who listen, and what they are told.
#[derive(Debug)]
pub(super) struct News {
    most: usize,
    last: watch::Sender<Told>,
    held: Mutex<Held>,
}

/// What whoever listens is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// The last commit, as far as it has been looked.
    Last(Option<Seq>),
    /// The server stops.
    End,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    /// By device, or by number where nobody has to say which device asks.
    places: HashMap<Who, (u64, Arc<Notify>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Device(DeviceId),
    Anyone(u64),
}

/// A place of one that listens. It is free again when this is dropped.
#[derive(Debug)]
struct Place {
    news: Arc<News>,
    who: Who,
    number: u64,
    replaced: Arc<Notify>,
}

impl News {
    pub(super) fn new(most: usize) -> Arc<News> {
        Arc::new(News { most, last: watch::Sender::new(Told::Last(None)), held: Mutex::default() })
    }

    /// How many listen.
    pub(super) fn count(&self) -> usize {
        self.held().places.len()
    }

    /// Looks again and again, while somebody listens, for what was committed, by whomever. It never returns.
    pub(super) async fn watch(self: Arc<Self>, store: Arc<dyn HubStore>) {
        loop {
            tokio::time::sleep(LOOK).await;
            if self.last.receiver_count() > 0
                && let Ok(head) = store.head().await
            {
                self.tell(Told::Last(Some(head.seq)));
            }
        }
    }

    /// Lets all go who listen: the server stops.
    pub(super) fn end(&self) {
        self.tell(Told::End);
    }

    fn tell(&self, now: Told) {
        self.last.send_if_modified(|told| *told != Told::End && std::mem::replace(told, now) != now);
    }

    /// A place. A device has one at most: that which it had before, over a connection that nobody has seen break, is given up.
    fn place(self: &Arc<Self>, caller: &Caller) -> Option<Place> {
        let mut held = self.held();
        let number = held.next;
        let who = caller.device().map_or(Who::Anyone(number), Who::Device);
        if held.places.len() >= self.most && !held.places.contains_key(&who) {
            return None;
        }
        let replaced = Arc::new(Notify::new());
        held.next += 1;
        if let Some((_, before)) = held.places.insert(who, (number, replaced.clone())) {
            before.notify_one();
        }
        Some(Place { news: self.clone(), who, number, replaced })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.news.held();
        if held.places.get(&self.who).is_some_and(|(number, _)| *number == self.number) {
            held.places.remove(&self.who);
        }
    }
}

/// `GET /v1/news`
pub(super) async fn listen(caller: Caller, shown: Shown, common: Arc<Common>, guard: Guard) -> Response {
    let Some(place) = common.news.place(&caller) else { return reply::no_news() };
    let last = common.news.last.subscribe();
    match common.store.head().await {
        Ok(head) => {
            let alive = common.limits.news_alive;
            let listener = Listener { place, last, guard, shown, alive, told: None, head: Some(head.seq) };
            let mut response = warp::sse::reply(events(listener)).into_response();
            response.extensions_mut().insert(Endless);
            // Or nginx keeps events until it has a page of them.
            response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
            response
        }
        Err(error) => reply::error(error),
    }
}

/// One that listens.
struct Listener {
    place: Place,
    last: watch::Receiver<Told>,
    guard: Guard,
    shown: Shown,
    alive: Duration,
    /// The seq that it was told last.
    told: Option<Seq>,
    /// What it is to be told at first.
    head: Option<Seq>,
}

/// What it is told, until it is to hear no more.
fn events(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> + Send + Sync + 'static {
    stream::unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// A seq, or a comment that shows that the connection lives. Whoever was revoked hears neither.
    async fn next(&mut self) -> Option<Event> {
        let seq = match self.head.take() {
            None => self.waits().await?,
            head => head,
        };
        self.guard.still(&self.shown).await.ok()?;
        Some(match seq.filter(|seq| Some(*seq) != self.told) {
            Some(seq) => {
                self.told = Some(seq);
                Event::default().data(seq.bits().to_string())
            }
            None => Event::default().comment(""),
        })
    }

    /// What is new, or nothing for as long as a connection may be silent; none at all: it ends.
    async fn waits(&mut self) -> Option<Option<Seq>> {
        tokio::select! {
            changed = self.last.changed() => match (changed, *self.last.borrow()) {
                (Ok(()), Told::Last(seq)) => Some(seq),
                _ => None,
            },
            () = tokio::time::sleep(self.alive) => Some(None),
            () = self.place.replaced.notified() => None,
        }
    }
}
