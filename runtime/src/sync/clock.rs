//! How wrong a device's clock is, by the hub's.

use crate::types::Timestamp;
use std::time::Duration;

/// From here on merging brings writes of clocks that are ahead back.
const GRAVE_MS: u64 = 5 * 60 * 1_000;

/// Both clocks are read in whole milliseconds, and half of the way is one more.
const ROUNDED: Duration = Duration::from_millis(2);

/// How far the device's clock is from the hub's. Stamps are made by the device's; writes that are more than five minutes ahead
/// of the hub's are brought back when they are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockError {
    /// By so many milliseconds the device is ahead; below 0: behind.
    pub ahead: i64,
    /// To within this: half of what the exchange took, and the fractions of a millisecond that neither clock shows.
    pub within: Duration,
}

impl ClockError {
    /// Of an exchange that began then by the device's clock, and took so long, with an answer of when the hub's showed this.
    pub(super) fn seen(began: Timestamp, took: Duration, hub: Timestamp) -> ClockError {
        let half = took / 2;
        let here = began.millis().saturating_add(i64::try_from(half.as_millis()).unwrap_or(i64::MAX));
        ClockError { ahead: here.saturating_sub(hub.millis()), within: half.saturating_add(ROUNDED) }
    }

    /// Whether it is surely wrong by more than five minutes, either way.
    pub fn is_grave(self) -> bool {
        let within = u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX);
        self.ahead.unsigned_abs().saturating_sub(within) > GRAVE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over a link by satellite every clock seemed to be behind.
    #[test]
    fn half_of_the_way_is_neither_clocks_fault() {
        let at = Timestamp::from_millis;
        let seen = |hub, took| ClockError::seen(at(1_000_000), Duration::from_millis(took), at(hub));
        assert_eq!(seen(1_002_000, 4_000).ahead, 0);
        assert_eq!(seen(1_300_000, 0), ClockError { ahead: -300_000, within: ROUNDED });
        assert!(!seen(1_300_002, 0).is_grave() && seen(1_300_003, 0).is_grave() && seen(699_997, 0).is_grave());
        assert!(!seen(1_310_000, 40_000).is_grave(), "it may be the way");
        // It began at 1,000.99 milliseconds of a clock that shows 1,000, and the hub answered at 1,002.79 of the same.
        let same = ClockError::seen(at(1_000), Duration::from_micros(1_800), at(1_002));
        assert!(u128::from(same.ahead.unsigned_abs()) <= same.within.as_millis(), "{same:?}");
        assert!(
            ClockError::seen(at(i64::MAX), Duration::MAX, at(i64::MIN)).within > Duration::ZERO,
            "no clock is too wrong"
        );
    }
}
