//! Tickets by which devices resume their TLS sessions.
//!
//! A device on a metered link comes every eight hours. rustls's ticketer takes a new key every six hours and knows the one
//! before: of tickets that are eight hours old a third would be worth nothing, and a handshake with certificates costs four times
//! as much. So a new ticketer is taken here every three hours, and each is known for as long as it knows its own first key.

use crate::lock::lock;
use rustls::Error;
use rustls::crypto::ring;
use rustls::server::ProducesTickets;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// For how long a ticketer makes tickets. It knows its first key for twelve hours: a ticket is good for at least nine.
const MAKES: Duration = Duration::from_secs(3 * 60 * 60);
/// Ticketers that are known.
const KNOWN: usize = 4;

/// Ticketers, the newest first.
#[derive(Debug)]
pub(super) struct Tickets(Mutex<Ring>);

#[derive(Debug)]
struct Ring {
    since: Instant,
    known: VecDeque<Arc<dyn ProducesTickets>>,
}

impl Tickets {
    pub(super) fn new() -> Result<Arc<Tickets>, Error> {
        let known = VecDeque::from([ring::Ticketer::new()?]);
        Ok(Arc::new(Tickets(Mutex::new(Ring { since: Instant::now(), known }))))
    }

    /// Those that are known now, the newest first.
    fn known(&self, now: Instant) -> Vec<Arc<dyn ProducesTickets>> {
        let mut ring = lock(&self.0);
        if now.saturating_duration_since(ring.since) >= MAKES {
            // Without random numbers the old one does for longer.
            if let Ok(new) = ring::Ticketer::new() {
                ring.known.push_front(new);
                ring.known.truncate(KNOWN);
                ring.since = now;
            }
        }
        ring.known.iter().cloned().collect()
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    /// In seconds.
    fn lifetime(&self) -> u32 {
        (MAKES * KNOWN as u32).as_secs() as u32
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.known(Instant::now()).first()?.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.known(Instant::now()).iter().find_map(|ticketer| ticketer.decrypt(cipher))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tablets on metered links came every eight hours, and a third of them paid for certificates each time.
    #[test]
    fn a_ticket_is_good_for_nine_hours_and_not_for_ever() {
        let (tickets, start) = (Tickets::new().unwrap(), Instant::now());
        let hours = |hours: u32| start + Duration::from_secs(3_600) * hours;
        let ticket = tickets.known(hours(2))[0].encrypt(b"a session").unwrap();
        let is_good = |at| tickets.known(hours(at)).iter().any(|t| t.decrypt(&ticket).is_some());
        assert!([3, 6, 8, 11].into_iter().all(is_good));
        assert!(!is_good(14), "whoever finds the key of today can't read the connections of yesterday");
    }
}
