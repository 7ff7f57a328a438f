//! The worker: a task beside the application that decides when to sync, and says what it does.

use super::backoff::{self, Backoff};
use super::clock::ClockError;
use super::connectivity::Link;
use super::listener::Listener;
use super::options::Options;
use super::session::{self, Over, Seen, SyncError};
use super::state::{Activity, Reason, SyncState};
use super::transport::{FailureKind, Transport};
use crate::Timestamp;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use windrow_protocol::clock::Seq;
use windrow_protocol::session::Finish;

/// Over how long, at most, devices spread that have heard the same news.
const LONGEST_SPREAD: Duration = Duration::from_secs(5);

/// Syncs in the background. Dropping it ends it; a session that is cut off so goes on at the next start.
///
/// ```no_run
/// # async fn run(store: windrow::Store) -> Result<(), Box<dyn std::error::Error>> {
/// let worker = windrow::SyncWorker::start(&store, windrow::Endpoint::new("http://127.0.0.1:8080")?);
/// let mut state = worker.state();
/// while state.changed().await.is_ok() {
///     println!("{:?}", state.borrow().activity);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SyncWorker {
    state: watch::Receiver<SyncState>,
    asked: Arc<Notify>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl SyncWorker {
    /// Starts a worker with the usual [`Options`]. To be called within a tokio runtime.
    pub fn start(store: &Store, transport: impl Transport) -> SyncWorker {
        SyncWorker::start_with(store, transport, Options::default())
    }

    /// Starts a worker. To be called within a tokio runtime.
    pub fn start_with(store: &Store, transport: impl Transport, options: Options) -> SyncWorker {
        let (state, receiver) = watch::channel(SyncState::new());
        let (asked, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (announces, announced) = watch::channel(None);
        let link = options.connectivity.watch();
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let listener = Listener::new(store, &transport, &options, (link.clone(), state.clone(), announces));
        let task = Task {
            link,
            store: store.clone(),
            transport,
            backoff: Backoff::new(options.first_wait, options.longest_wait),
            options,
            seen: Seen::default(),
            over: Link::Down,
            state,
            asked: asked.clone(),
            announced,
            unreachable: false,
        };
        let until = stop.clone();
        let task = tokio::spawn(async move {
            let (mut task, mut listener) = (task, listener);
            tokio::select! {
                () = task.run() => {}
                () = listener.run() => {}
                () = until.notified() => {}
            }
            task.counts().await;
            listener.count().await;
            task.state.send_modify(|state| state.news = false);
            task.show(Activity::Stopped, None).await;
        });
        SyncWorker { state: receiver, asked, stop, task }
    }

    /// The worker's state, and a notice of each change.
    pub fn state(&self) -> watch::Receiver<SyncState> {
        self.state.clone()
    }

    /// Asks for a session now.
    pub fn sync_now(&self) {
        self.asked.notify_one();
    }

    /// Ends the worker. A session under way is cut off; it goes on at the next start.
    pub async fn stop(mut self) {
        self.stop.notify_one();
        // A task that panicked has ended too.
        let _ = (&mut self.task).await;
    }
}

impl Drop for SyncWorker {
    /// It ends by itself, so that what was under way is counted.
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

struct Task {
    store: Store,
    transport: Arc<dyn Transport>,
    options: Options,
    backoff: Backoff,
    seen: Seen,
    /// What the last session ran over.
    over: Link,
    state: watch::Sender<SyncState>,
    asked: Arc<Notify>,
    /// The last seq that the hub has announced.
    announced: watch::Receiver<Option<Seq>>,
    unreachable: bool,
    link: watch::Receiver<Link>,
}

impl Task {
    async fn run(&mut self) {
        let mut reason = Reason::Start;
        loop {
            let link = *self.link.borrow_and_update();
            if link == Link::Down && reason != Reason::Asked {
                self.show(Activity::Offline, None).await;
                reason = self.offline().await;
                continue;
            }
            self.show(Activity::Syncing(reason), None).await;
            let (state, store) = (&self.state, self.store.clone());
            let progress = |progress| {
                state.send_modify(|s| s.progress = Some(progress));
                note(&store, &state.borrow());
            };
            let over = Over { link, budget: self.options.budget };
            self.over = link;
            let result = session::run(&self.store, &*self.transport, &mut self.seen, over, progress).await;
            self.clock_seen();
            self.state.send_modify(|s| s.progress = None);
            if matches!(result, Ok(Finish::InSync)) {
                self.prune().await;
            }
            let seen = self.marker().await;
            let (activity, wait, next) = self.judge(result);
            let in_sync = activity == Activity::Idle;
            let pending = self.show(activity, Some((wait, next))).await;
            reason = if in_sync && pending > 0 {
                // Written while the session was under way.
                tokio::select! {
                    () = self.quiet() => Reason::Write,
                    () = self.asked.notified() => Reason::Asked,
                }
            } else {
                self.wait(seen, wait, next).await
            };
        }
    }

    /// Counts what an exchange has moved that was cut off.
    async fn counts(&self) {
        if let Err(error) = session::count(&self.store, self.over, &self.seen.notes).await {
            tracing::debug!(%error, "what was moved at last could not be counted");
        }
    }

    /// Shows how wrong the clock is; says so where it has become grave.
    fn clock_seen(&self) {
        let Some(now) = self.seen.clock else { return };
        let was_grave = self.state.borrow().clock.is_some_and(ClockError::is_grave);
        if now.is_grave() && !was_grave {
            let (ahead_ms, within_ms) = (now.ahead, now.within.as_millis() as u64);
            tracing::warn!(ahead_ms, within_ms, "this device's clock is wrong by more than five minutes: set it");
        }
        self.state.send_modify(|s| s.clock = Some(now));
    }

    /// What a session's end means: how long to wait at most, and for what.
    fn judge(&mut self, result: Result<Finish, SyncError>) -> (Activity, Duration, Reason) {
        self.unreachable = false;
        let failure = match &result {
            Err(SyncError::Transport(failure)) => Some(failure.kind),
            _ => None,
        };
        self.state.send_modify(|state| state.failure = failure);
        match result {
            Ok(Finish::InSync) => {
                self.backoff.reset();
                self.state.send_modify(|s| s.last_contact = Some(Timestamp::now()));
                (Activity::Idle, self.interval(), Reason::Interval)
            }
            Err(SyncError::Spent) => (Activity::Saving, until_tomorrow(), Reason::Day),
            Ok(Finish::Waits) => {
                let error = "the hub's answer would delete most of a table; see whether the hub is the right one and whole, \
                             then confirm it (Store::confirm_deletion)";
                tracing::error!(error, "an answer waits");
                (Activity::Blocked { error: error.to_owned() }, self.options.interval, Reason::Interval)
            }
            Ok(Finish::Unsettled) => self.failed("local writes keep colliding with the hub's answers".to_owned(), None),
            Err(error) if error.is_retryable() => {
                let after = match &error {
                    SyncError::Transport(failure) => {
                        self.unreachable = matches!(failure.kind, FailureKind::Unreachable | FailureKind::Broken);
                        failure.retry_after
                    }
                    _ => None,
                };
                self.failed(error.to_string(), after)
            }
            Err(error) => {
                let error = error.to_string();
                tracing::error!(%error, "the session can't succeed as it stands");
                (Activity::Blocked { error }, self.options.interval, Reason::Interval)
            }
        }
    }

    fn interval(&self) -> Duration {
        match *self.link.borrow() {
            Link::Metered => self.options.metered_interval,
            Link::Unmetered | Link::Down => self.options.interval,
        }
    }

    fn failed(&mut self, error: String, after: Option<Duration>) -> (Activity, Duration, Reason) {
        let random = getrandom::u64().unwrap_or(u64::MAX);
        let backoff = self.backoff.next(random);
        let wait = after.map_or(backoff, |after| backoff::asked(after, random));
        tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "the session failed and will be tried again");
        (Activity::Waiting { error, failures: self.backoff.failures() }, wait, Reason::Retry)
    }

    /// Waits for whatever comes first: the end of the wait, a request, a local write, the hub's return.
    ///
    /// After a failure local writes shorten nothing: they would turn each into a try.
    async fn wait(&mut self, seen: Option<u64>, wait: Duration, reason: Reason) -> Reason {
        let (retrying, saving) = (reason == Reason::Retry, reason == Reason::Day);
        let idle = self.state.borrow().activity == Activity::Idle;
        let (mut link, mut down, mut announced) = (self.link.clone(), self.link.clone(), self.announced.clone());
        let why = tokio::select! {
            reason = self.another(&mut link), if retrying || saving => reason,
            () = tokio::time::sleep(wait) => reason,
            () = self.asked.notified() => Reason::Asked,
            () = self.written(seen), if !retrying && !saving => Reason::Write,
            () = self.news(&mut announced), if idle => Reason::News,
            () = self.reachable(), if retrying && self.unreachable => Reason::Reachable,
            () = becomes(&mut down, |link| link == Link::Down), if !retrying && !saving => Reason::Network,
        };
        self.announced = announced;
        why
    }

    /// Returns soon after the hub has announced something that is not here.
    async fn news(&self, announced: &mut watch::Receiver<Option<Seq>>) {
        while announced.changed().await.is_ok() {
            let seq = *announced.borrow_and_update();
            let here = session::on_file(&self.store, Store::checkpoint_seq).await.ok();
            if seq.is_some() && seq != here {
                // All who listen have heard it at this moment, and are not to come all at once.
                let share = getrandom::u64().unwrap_or(u64::MAX) as f64 / u64::MAX as f64;
                return tokio::time::sleep(self.options.debounce.min(LONGEST_SPREAD).mul_f64(share)).await;
            }
        }
        std::future::pending().await
    }

    /// Returns once there is a network, or the application asks.
    async fn offline(&mut self) -> Reason {
        tokio::select! {
            () = becomes(&mut self.link, |link| link != Link::Down) => Reason::Network,
            () = self.asked.notified() => Reason::Asked,
        }
    }

    /// Returns once something was written since `seen`, by whatever program, and writing has paused.
    async fn written(&self, seen: Option<u64>) {
        let mut changes = self.store.changes();
        while self.marker().await == seen {
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(self.options.watch) => {}
            }
        }
        self.quiet().await;
    }

    /// Returns when nothing was written here for the length of the debounce; at the latest after ten times that.
    async fn quiet(&self) {
        let patience = self.options.debounce.saturating_mul(10);
        // At the end of either it is time.
        let _ = tokio::time::timeout(patience, self.pause()).await;
    }

    async fn pause(&self) {
        let mut changes = self.store.changes();
        while tokio::time::timeout(self.options.debounce, changes.changed()).await.is_ok() {}
    }

    async fn reachable(&self) {
        loop {
            tokio::time::sleep(self.options.probe).await;
            if self.probe().await {
                return;
            }
        }
    }

    /// Returns once the network has changed, and the hub answers over it.
    async fn another(&self, link: &mut watch::Receiver<Link>) -> Reason {
        while link.changed().await.is_ok() {
            let now = *link.borrow_and_update();
            if now != Link::Down && self.probe().await {
                return Reason::Network;
            }
        }
        std::future::pending().await
    }

    /// Whether the hub answers, if asking may be paid for.
    async fn probe(&self) -> bool {
        let (link, budget, notes) = (*self.link.borrow(), self.options.budget, &self.seen.notes);
        if !matches!(session::left(&self.store, Over { link, budget }).await, Ok(Some(_))) {
            return false;
        }
        let answers = self.transport.probe(notes).await;
        session::count(&self.store, link, notes).await.is_ok() && answers
    }

    /// A number that changes with every local write, by whatever program; none while the file can't be read.
    async fn marker(&self) -> Option<u64> {
        let store = self.store.clone();
        let read = move || -> Result<u64, StoreError> { store.pending_marker() };
        tokio::task::spawn_blocking(read).await.ok()?.ok()
    }

    /// Drops old entries of the log. Where that fails the next session's end tries again.
    async fn prune(&self) {
        let (store, retention) = (self.store.clone(), self.options.retention);
        let pruned = tokio::task::spawn_blocking(move || store.prune(Timestamp::now(), retention)).await;
        if let Ok(Err(error)) = pruned {
            tracing::warn!(%error, "old log entries could not be dropped");
        }
    }

    /// Shows a new state; says how much is pending in it.
    async fn show(&self, activity: Activity, next: Option<(Duration, Reason)>) -> u64 {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || store.waits()).await;
        let (waits, verified) = read.ok().and_then(Result::ok).unwrap_or_default();
        self.state.send_modify(|state| {
            (state.activity, state.pending, state.verified) = (activity, waits.entries, verified);
            (state.pending_records, state.pending_bytes) = (waits.records, waits.bytes);
            state.next = next.map(|(wait, reason)| (later(wait), reason));
        });
        let (store, state) = (self.store.clone(), self.state.borrow().clone());
        // For other programs to see; whether they do changes nothing here.
        drop(tokio::task::spawn_blocking(move || note(&store, &state)).await);
        waits.entries
    }
}

/// Returns once the link is so; never, if nobody says any more what it is.
pub(super) async fn becomes(link: &mut watch::Receiver<Link>, so: impl Fn(Link) -> bool) {
    let never = link.wait_for(|link| so(*link)).await.is_err();
    if never {
        std::future::pending::<()>().await;
    }
}

/// Writes down what the worker does.
fn note(store: &Store, state: &SyncState) {
    if let Err(error) = store.note_worker(state) {
        tracing::debug!(%error, "what the worker does could not be noted");
    }
}

/// Until the next day begins (UTC).
pub(super) fn until_tomorrow() -> Duration {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    Duration::from_millis((DAY - Timestamp::now().millis().rem_euclid(DAY)).unsigned_abs())
}

fn later(wait: Duration) -> Timestamp {
    let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(Timestamp::now().millis().saturating_add(millis))
}
