//! What the worker does, as it tells it.

use super::clock::ClockError;
use super::transport::FailureKind;
use crate::types::Timestamp;
use windrow_protocol::session::Progress;

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
    /// interval and [`SyncWorker::sync_now`](super::SyncWorker::sync_now) try all the same.
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
    /// The hub has announced something.
    News,
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
    /// Records that these are about.
    pub pending_records: u64,
    /// About how many bytes they are, before they are folded and compressed.
    pub pending_bytes: u64,
    /// When all tables were last found equal to the hub's: see [`Store::verify`](crate::Store::verify).
    pub verified: Option<Timestamp>,
    /// While a long changeset is sent: how much of it the hub has. A later session goes on from there.
    pub progress: Option<Progress>,
    /// When a session last ended well.
    pub last_contact: Option<Timestamp>,
    /// Whether a connection is held on which the hub announces news.
    pub news: bool,
    /// How wrong the device's clock is, by the hub's, as the last exchange showed.
    pub clock: Option<ClockError>,
    /// When the next session is due at the latest, and why.
    pub next: Option<(Timestamp, Reason)>,
}

impl SyncState {
    /// That of a worker that has done nothing yet.
    pub(super) fn new() -> SyncState {
        SyncState {
            activity: Activity::Idle,
            failure: None,
            pending: 0,
            pending_records: 0,
            pending_bytes: 0,
            verified: None,
            progress: None,
            last_contact: None,
            news: false,
            clock: None,
            next: None,
        }
    }
}
