//! When the worker syncs, as the application has it.

use super::budget::Budget;
use super::connectivity::{Connectivity, Interfaces};
use std::sync::Arc;
use std::time::Duration;

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
    /// Whether to hold a connection on which the hub announces news, over links that are not metered (default true): what
    /// others write comes within seconds then, and the connection costs some 70 KB a day.
    pub news: bool,
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
            news: true,
        }
    }
}
