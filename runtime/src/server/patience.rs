//! When those who are turned away are to come again: each at a moment of its own, as many a second as the hub serves.
//!
//! Ten thousand devices that are told "in two seconds" come all at once in two seconds. So each turn is given away once.

use crate::lock::lock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nobody comes sooner.
const SHORTEST: Duration = Duration::from_secs(2);
/// Nobody is sent away for longer.
const LONGEST: Duration = Duration::from_secs(120);
/// Sessions a second that a hub serves, as long as it has not been seen, and at the least.
const RATES: (f64, f64) = (100.0, 20.0);
/// Requests of a session that sends something.
const REQUESTS: f64 = 2.0;
/// How long is looked, while somebody is turned away, before it is said what the hub serves; after a longer time nobody was.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));

/// Turns.
#[derive(Debug)]
pub(super) struct Patience {
    /// Requests that were answered well.
    served: AtomicU64,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    /// The first that is not given away yet.
    next: Instant,
    /// Sessions a second.
    rate: f64,
    /// Since when it is looked, and what was served then.
    since: (Instant, u64),
}

impl Patience {
    pub(super) fn new(now: Instant) -> Patience {
        let turns = Turns { next: now, rate: RATES.0, since: (now, 0) };
        Patience { served: AtomicU64::new(0), turns: Mutex::new(turns) }
    }

    /// A request was answered well.
    pub(super) fn served(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody is turned away: after how many seconds it may come again.
    pub(super) fn turn(&self, now: Instant) -> u64 {
        let served = self.served.load(Ordering::Relaxed);
        let mut turns = lock(&self.turns);
        turns.look(now, served);
        let (soonest, latest) = (now + SHORTEST, now + LONGEST);
        let turn = turns.next.max(soonest);
        if turn > latest {
            return LONGEST.as_secs();
        }
        turns.next = turn + Duration::from_secs_f64(1.0 / turns.rate);
        turn.saturating_duration_since(now).as_secs()
    }

    /// How long whoever came now would have to wait, in seconds.
    pub(super) fn wait(&self, now: Instant) -> u64 {
        let turns = lock(&self.turns);
        turns.next.saturating_duration_since(now).min(LONGEST).as_secs()
    }
}

impl Turns {
    /// What a hub that turns somebody away serves is all that it can.
    fn look(&mut self, now: Instant, served: u64) {
        let (since, before) = self.since;
        let passed = now.saturating_duration_since(since);
        if passed < LOOKS.0 {
            return;
        }
        if passed <= LOOKS.1 {
            let seen = (served - before) as f64 / REQUESTS / passed.as_secs_f64();
            self.rate = ((self.rate + seen) / 2.0).max(RATES.1);
        }
        self.since = (now, served);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A herd was told to come again in two seconds, came in two seconds, was told the same, and so for an hour.
    #[test]
    fn a_herd_is_spread_over_as_long_as_it_takes() {
        let start = Instant::now();
        let patience = Patience::new(start);
        let turns: Vec<u64> = (0..10_000).map(|n| patience.turn(start + SECOND * n / 10_000)).collect();
        let mut of_second = vec![0; 200];
        turns.iter().for_each(|turn| of_second[*turn as usize] += 1);
        assert_eq!((turns[0], turns[9_999]), (2, 100));
        assert!(of_second.iter().all(|come| *come <= 120), "{of_second:?}");
        assert_eq!(patience.turn(start + 200 * SECOND), 2, "and once it is over nobody waits");
    }

    /// On a slow disk they came twice as fast as they could be served, and half of them in vain.
    #[test]
    fn turns_come_as_fast_as_the_hub_is_seen_to_serve() {
        let start = Instant::now();
        let slow = Patience::new(start);
        let mut last = 0;
        for tenth in 0..200 {
            // 30 sessions a second.
            (0..6).for_each(|_| slow.served());
            last = slow.turn(start + SECOND * tenth / 10);
        }
        assert!(last < 10, "ten a second are turned away, and thirty served: {last} s");
        let before = slow.wait(start + 20 * SECOND);
        (0..300).for_each(|_| last = slow.turn(start + 20 * SECOND));
        assert!((8..=12).contains(&(last - before)), "three hundred take ten seconds: {before}, {last}");
    }

    /// Somebody was sent away until tomorrow.
    #[test]
    fn nobody_is_sent_away_for_long() {
        let start = Instant::now();
        let patience = Patience::new(start);
        let longest = (0..1_000_000).map(|_| patience.turn(start)).max();
        assert_eq!(longest, Some(120));
        assert_eq!(patience.turn(start + 130 * SECOND), 2);
    }
}
