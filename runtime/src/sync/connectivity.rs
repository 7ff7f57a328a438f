//! Whether there is a network, of which kind, and when that changes.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::watch;

/// What a device is connected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// Nothing: the worker does not try before that changes.
    Down,
    /// Something that is paid for by the byte.
    Metered,
    /// Something that is not.
    Unmetered,
}

impl Link {
    /// Its name in `windrow_traffic`.
    pub fn name(self) -> &'static str {
        match self {
            Link::Down => "down",
            Link::Metered => "metered",
            Link::Unmetered => "unmetered",
        }
    }
}

/// Whoever knows about the network. A platform that does (Android's `ConnectivityManager`, iOS's `NWPathMonitor`) feeds a
/// channel, whose receiving end is one:
///
/// ```
/// use windrow::sync::{Connectivity, Link};
///
/// let (feed, connectivity) = tokio::sync::watch::channel(Link::Unmetered);
/// let link = connectivity.watch();
/// feed.send_replace(Link::Metered); // From the platform's callback.
/// assert_eq!(*link.borrow(), Link::Metered);
/// ```
pub trait Connectivity: std::fmt::Debug + Send + Sync + 'static {
    /// The link now, and a notice whenever the network changes, also to another of the same kind: the worker then asks
    /// whether the hub can be reached. Called within a tokio runtime.
    fn watch(&self) -> watch::Receiver<Link>;
}

impl Connectivity for watch::Receiver<Link> {
    fn watch(&self) -> watch::Receiver<Link> {
        self.clone()
    }
}

/// Looks every few seconds at the addresses of this machine. It can't tell what is paid for by the byte, and that there is
/// no address but the machine's own does not mean that the hub is elsewhere: so it says [`Link::Unmetered`] always, and tells
/// when addresses change.
#[derive(Debug, Clone, Copy)]
pub struct Interfaces {
    /// How often.
    pub every: Duration,
}

impl Default for Interfaces {
    fn default() -> Interfaces {
        Interfaces { every: Duration::from_secs(5) }
    }
}

impl Connectivity for Interfaces {
    fn watch(&self) -> watch::Receiver<Link> {
        let (sender, receiver) = watch::channel(Link::Unmetered);
        let every = self.every.max(Duration::from_millis(10));
        tokio::spawn(async move {
            let mut known = addresses().await;
            while !sender.is_closed() {
                tokio::time::sleep(every).await;
                let now = addresses().await;
                if now != known {
                    known = now;
                    sender.send_replace(Link::Unmetered);
                }
            }
        });
        receiver
    }
}

/// The addresses of this machine; none where the system does not tell.
async fn addresses() -> BTreeSet<IpAddr> {
    let found = tokio::task::spawn_blocking(if_addrs::get_if_addrs).await;
    let found = found.ok().and_then(Result::ok).unwrap_or_default();
    found.into_iter().filter(|interface| !interface.is_loopback()).map(|interface| interface.ip()).collect()
}
