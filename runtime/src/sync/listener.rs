//! Hearing of news beside the worker's sessions: when it is worth a connection, and what becomes of one that ends.

use super::backoff::{Backoff, asked};
use super::budget::Budget;
use super::connectivity::Link;
use super::options::Options;
use super::session::{self, Over};
use super::state::{Activity, SyncState};
use super::transport::{Failure, Notes, Transport};
use super::worker::{becomes, until_tomorrow};
use crate::store::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use windrow_protocol::clock::Seq;

/// The bound of the first wait after a connection has ended.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// Whoever holds connections for longer than this has no reason to wait for long when one ends.
const LASTS: Duration = Duration::from_secs(300);
/// Before a hub is asked again that announces nothing, or to nobody like this.
const HOPELESS: Duration = Duration::from_secs(60 * 60);
/// How often what has come is counted. A program that is killed has not counted what came since.
const COUNTED: Duration = Duration::from_secs(60);

/// Listens.
pub(super) struct Listener {
    store: Store,
    transport: Arc<dyn Transport>,
    wanted: bool,
    budget: Budget,
    backoff: Backoff,
    link: watch::Receiver<Link>,
    state: watch::Sender<SyncState>,
    announces: watch::Sender<Option<Seq>>,
    /// What has come and is not counted yet.
    notes: Notes,
}

/// What it shares with the worker: the link, the state, and where it says what it has heard.
type Shared = (watch::Receiver<Link>, watch::Sender<SyncState>, watch::Sender<Option<Seq>>);

impl Listener {
    pub(super) fn new(
        store: &Store,
        transport: &Arc<dyn Transport>,
        options: &Options,
        (link, state, announces): Shared,
    ) -> Listener {
        let backoff = Backoff::new(FIRST_WAIT, options.longest_wait);
        let (wanted, budget) = (options.news, options.budget);
        let (store, transport, notes) = (store.clone(), transport.clone(), Notes::default());
        Listener { store, transport, wanted, budget, backoff, link, state, announces, notes }
    }

    /// Listens wherever it is worth it. Nothing is said of what goes wrong: the interval does without.
    pub(super) async fn run(&mut self) {
        if !self.wanted {
            return std::future::pending().await;
        }
        loop {
            self.worth_it().await;
            let since = Instant::now();
            let ended = self.holds().await;
            self.state.send_if_modified(|state| std::mem::take(&mut state.news));
            if since.elapsed() > LASTS {
                self.backoff.reset();
            }
            if let Some(failure) = ended {
                tracing::debug!(%failure, "news are not announced any more");
                self.pause(&failure).await;
            }
        }
    }

    /// Returns once a link is there that is not paid for by the byte, the last session over it ended well, and what it takes may
    /// be spent.
    async fn worth_it(&mut self) {
        let mut state = self.state.subscribe();
        loop {
            becomes(&mut self.link, |link| link == Link::Unmetered).await;
            // Whoever sends the state is this.
            let _ = state.wait_for(|state| state.activity == Activity::Idle && state.last_contact.is_some()).await;
            if *self.link.borrow() == Link::Unmetered {
                match session::left(&self.store, self.over()).await {
                    Ok(Some(_)) => return,
                    _ => tokio::time::sleep(until_tomorrow()).await,
                }
            }
        }
    }

    /// Holds a connection; why it has ended, if nothing here has ended it.
    async fn holds(&mut self) -> Option<Failure> {
        let heard = |seq| {
            self.state.send_if_modified(|state| !std::mem::replace(&mut state.news, true));
            self.announces.send_replace(Some(seq));
        };
        let mut link = self.link.clone();
        let ended = tokio::select! {
            failure = self.transport.listen(&heard, &self.notes) => Some(failure),
            () = self.counts() => None,
            () = changes(&mut link) => None,
        };
        self.link = link;
        self.count().await;
        ended
    }

    /// Counts what has come. That it can't be counted just now is no reason to stop listening.
    pub(super) async fn count(&self) {
        if let Err(error) = session::count(&self.store, Link::Unmetered, &self.notes).await {
            tracing::debug!(%error, "what news have moved could not be counted");
        }
    }

    /// Counts what comes, and returns once no more of it may be spent.
    async fn counts(&self) {
        loop {
            tokio::time::sleep(COUNTED).await;
            self.count().await;
            if matches!(session::left(&self.store, self.over()).await, Ok(None)) {
                return;
            }
        }
    }

    async fn pause(&mut self, failure: &Failure) {
        let random = getrandom::u64().unwrap_or(u64::MAX);
        let wait = wait(&mut self.backoff, failure, random);
        let mut link = self.link.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = changes(&mut link) => {}
        }
        self.link = link;
    }

    fn over(&self) -> Over {
        Over { link: Link::Unmetered, budget: self.budget }
    }
}

/// How long to wait after a connection that ended so.
fn wait(backoff: &mut Backoff, failure: &Failure, random: u64) -> Duration {
    if !failure.is_retryable() {
        return HOPELESS;
    }
    let asked = failure.retry_after.map_or(Duration::ZERO, |after| asked(after, random));
    backoff.next(random).max(asked)
}

/// Returns once the network has changed; never, if nobody says any more.
async fn changes(link: &mut watch::Receiver<Link>) {
    if link.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::transport::FailureKind;

    /// A hub that had no room for listeners told a thousand of them to come again in half a minute, and they all came in that
    /// second.
    #[test]
    fn those_who_are_told_to_come_again_do_not_come_at_once() {
        let busy = |seconds| Failure {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Failure::new(FailureKind::Busy, "too many listen")
        };
        let wait = |seconds, random| {
            let mut backoff = Backoff::new(FIRST_WAIT, Duration::from_secs(300));
            super::wait(&mut backoff, &busy(seconds), random).as_secs()
        };
        assert_eq!((wait(30, 0), wait(30, u64::MAX)), (30, 40));
        assert_eq!(wait(0, u64::MAX), FIRST_WAIT.as_secs());
        assert_eq!(wait(u64::MAX, 0), 86_400, "no hub is left alone for ever");
    }
}
