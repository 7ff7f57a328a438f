//! How long to wait before the next try: exponential, with full jitter (Brooker, *Exponential Backoff And Jitter*, 2015).

use std::time::Duration;

/// The longest that a hub, or what stands before it, may ask to be left alone: a day.
const MOST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// Over how long those spread who were all told to come at one moment.
const SPREAD: Duration = Duration::from_secs(10);

/// Counts failures and says how long to wait.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Backoff {
        Backoff { first, longest, failures: 0 }
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How often it failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// One more failure: a wait drawn evenly from nothing to the bound, which doubles each time. `random` is 64 random bits.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let bound = self.first.saturating_mul(1 << self.failures.min(20)).min(self.longest);
        self.failures += 1;
        bound.mul_f64(random as f64 / u64::MAX as f64)
    }
}

/// How long to wait where the hub has said when to come again: so long, and a random time more, for what stands before a hub
/// may tell all the same. A hub that says when knows better than a bound that doubles: whoever goes by that sleeps on long after it
/// is idle.
pub(super) fn asked(after: Duration, random: u64) -> Duration {
    let after = after.min(MOST_PATIENCE);
    after + after.min(SPREAD).mul_f64(random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
        let waits: Vec<u64> = (0..12).map(|_| backoff.next(u64::MAX).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(backoff.next(0), Duration::ZERO);
        backoff.reset();
        assert_eq!(backoff.next(u64::MAX), Duration::from_secs(1));
    }

    /// A hub gave each of ten thousand devices a turn of its own within two minutes, and they waited for up to twice as long: it
    /// had nothing to do half of the time.
    #[test]
    fn a_turn_is_kept() {
        let asked = |seconds, random| asked(Duration::from_secs(seconds), random).as_secs();
        assert_eq!((asked(100, 0), asked(100, u64::MAX)), (100, 110));
        assert_eq!((asked(2, 0), asked(2, u64::MAX)), (2, 4));
        assert_eq!(asked(u64::MAX, 0), 86_400);
    }
}
