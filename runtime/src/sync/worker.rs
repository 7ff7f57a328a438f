//! The worker: a task beside the application that decides when to sync, and says what it does.

use super::backoff::Backoff;
use super::budget::Budget;
use super::connectivity::{Connectivity, Interfaces, Link};
use super::session::{self, Over, SyncError};
use super::transport::{FailureKind, Transport};
use crate::Timestamp;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Finish, Progress};

/// The longest that a hub, or what stands before it, may ask to be left alone: a day.
const MOST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// When the worker syncs.
#[derive(Debug, Clone)]
pub struct Options {
    /// At the latest this long after the last session (default five minutes).
    pub interval: Duration,
    /// This long after a local write, so that writes made together travel together (default two seconds).
    pub debounce: Duration,
    /// How often to look for writes by other programs (default two seconds).
    pub watch: Duration,
    /// How often to ask, while waiting to try again, whether the hub can be reached (default ten seconds).
    pub probe: Duration,
    /// The bound of the first wait after a failure; it doubles with each (default one second).
    pub first_wait: Duration,
    /// The longest wait after failures (default five minutes).
    pub longest_wait: Duration,
    /// How long log entries are kept that the hub surely has (default [`RETENTION`](crate::store::RETENTION)).
    pub retention: Duration,
    /// Instead of `interval` over a metered link (default eight hours: three contacts a day, so that an idle day costs less
    /// than 5 KB, TLS included).
    pub metered_interval: Duration,
    /// Who knows about the network (default [`Interfaces`]).
    pub connectivity: Arc<dyn Connectivity>,
    /// Bytes that may be moved in a day, by kind of link (default: as many as there are).
    pub budget: Budget,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            interval: Duration::from_secs(300),
            debounce: Duration::from_secs(2),
            watch: Duration::from_secs(2),
            probe: Duration::from_secs(10),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(300),
            retention: crate::store::RETENTION,
            metered_interval: Duration::from_secs(8 * 60 * 60),
            connectivity: Arc::new(Interfaces::default()),
            budget: Budget::default(),
        }
    }
}

/// What the worker is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// A session is under way.
    Syncing(Reason),
    /// The last session ended well; the next one comes by itself.
    Idle,
    /// The last session failed; it will be tried again at `next`.
    Waiting {
        /// What went wrong, in words.
        error: String,
        /// How often in a row.
        failures: u32,
    },
    /// The hub rejects this device, its answer waits for a confirmation, or the file is damaged: trying again as it stands is useless. A local write, the
    /// interval and [`SyncWorker::sync_now`] try all the same.
    Blocked {
        /// Why, in words.
        error: String,
    },
    /// There is no network, as the platform says: the next session comes with one.
    Offline,
    /// The day's budget for this kind of link is spent: what is pending goes with the next day (UTC), or over another link.
    Saving,
    /// The worker has ended.
    Stopped,
}

/// Why a session runs, or will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The worker has just started.
    Start,
    /// Something was written.
    Write,
    /// The application asked for it.
    Asked,
    /// The interval is over.
    Interval,
    /// The last session failed, or could not end.
    Retry,
    /// The hub answers again.
    Reachable,
    /// There is a network again, or another one.
    Network,
    /// A new day, and a new budget.
    Day,
}

/// The worker's state, as its watch channel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncState {
    /// What it is doing.
    pub activity: Activity,
    /// Of what sort the last session's failure was, where it failed on its way to the hub or there.
    pub failure: Option<FailureKind>,
    /// Log entries that the hub has not acknowledged.
    pub pending: u64,
    /// While a long changeset is sent: how much of it the hub has. A later session goes on from there.
    pub progress: Option<Progress>,
    /// When a session last ended well.
    pub last_contact: Option<Timestamp>,
    /// When the next session is due at the latest, and why.
    pub next: Option<(Timestamp, Reason)>,
}

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
        let activity = Activity::Idle;
        let state = SyncState { activity, failure: None, pending: 0, progress: None, last_contact: None, next: None };
        let (sender, receiver) = watch::channel(state);
        let (asked, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let link = options.connectivity.watch();
        let task = Task {
            link,
            store: store.clone(),
            transport: Box::new(transport),
            backoff: Backoff::new(options.first_wait, options.longest_wait),
            options,
            pace: Pace::default(),
            state: sender,
            asked: asked.clone(),
            unreachable: false,
        };
        let until = stop.clone();
        let task = tokio::spawn(async move {
            let mut task = task;
            tokio::select! {
                () = task.run() => {}
                () = until.notified() => {}
            }
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
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    store: Store,
    transport: Box<dyn Transport>,
    options: Options,
    backoff: Backoff,
    /// As the link was found to be.
    pace: Pace,
    state: watch::Sender<SyncState>,
    asked: Arc<Notify>,
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
            let seen = |progress| {
                state.send_modify(|s| s.progress = Some(progress));
                note(&store, &state.borrow());
            };
            let over = Over { link, most: self.options.budget.of(link) };
            let result = session::run(&self.store, &*self.transport, &mut self.pace, over, seen).await;
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
        // A hub that says when knows better than a bound that doubles: whoever goes by that sleeps on long after it is idle.
        let asked = after.map(|after| after.min(MOST_PATIENCE).mul_f64(1.0 + random as f64 / u64::MAX as f64));
        let wait = asked.unwrap_or(backoff);
        tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "the session failed and will be tried again");
        (Activity::Waiting { error, failures: self.backoff.failures() }, wait, Reason::Retry)
    }

    /// Waits for whatever comes first: the end of the wait, a request, a local write, the hub's return.
    ///
    /// After a failure local writes shorten nothing: they would turn each into a try.
    async fn wait(&mut self, seen: Option<u64>, wait: Duration, reason: Reason) -> Reason {
        let (retrying, saving) = (reason == Reason::Retry, reason == Reason::Day);
        let (mut link, mut down) = (self.link.clone(), self.link.clone());
        tokio::select! {
            reason = another(&mut link, &*self.transport), if retrying || saving => reason,
            () = tokio::time::sleep(wait) => reason,
            () = self.asked.notified() => Reason::Asked,
            () = self.written(seen), if !retrying && !saving => Reason::Write,
            () = self.reachable(), if retrying && self.unreachable => Reason::Reachable,
            () = becomes(&mut down, |link| link == Link::Down), if !retrying && !saving => Reason::Network,
        }
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
            if self.transport.probe().await {
                return;
            }
        }
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
        let count = tokio::task::spawn_blocking(move || store.pending()).await;
        let pending = count.ok().and_then(Result::ok).unwrap_or_default();
        self.state.send_modify(|state| {
            (state.activity, state.pending) = (activity, pending);
            state.next = next.map(|(wait, reason)| (later(wait), reason));
        });
        let (store, state) = (self.store.clone(), self.state.borrow().clone());
        // For other programs to see; whether they do changes nothing here.
        drop(tokio::task::spawn_blocking(move || note(&store, &state)).await);
        pending
    }
}

/// Returns once the network has changed, and the hub answers over it.
async fn another(link: &mut watch::Receiver<Link>, transport: &dyn Transport) -> Reason {
    while link.changed().await.is_ok() {
        let now = *link.borrow_and_update();
        if now != Link::Down && transport.probe().await {
            return Reason::Network;
        }
    }
    std::future::pending().await
}

/// Returns once the link is so; never, if nobody says any more what it is.
async fn becomes(link: &mut watch::Receiver<Link>, so: impl Fn(Link) -> bool) {
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
fn until_tomorrow() -> Duration {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    Duration::from_millis((DAY - Timestamp::now().millis().rem_euclid(DAY)).unsigned_abs())
}

fn later(wait: Duration) -> Timestamp {
    let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(Timestamp::now().millis().saturating_add(millis))
}
