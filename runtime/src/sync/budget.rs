//! What a device may spend: bytes a day, by kind of link.

use super::connectivity::Link;

/// Where less is left to be spent than this, in bytes, no exchange begins: a question, an answer without news, their heads.
const LEAST: u64 = 1_024;

/// Bytes that the worker may move in a day (UTC), both ways, headers and TLS included, by kind of link. It keeps to that: what
/// does not fit goes tomorrow, or over another link.
///
/// ```
/// use windrow::sync::{Budget, Link};
///
/// let budget = Budget::per_day(50 << 20).on_metered(200 << 10);
/// assert_eq!(budget.of(Link::Unmetered), Some(50 << 20));
/// assert_eq!(budget.of(Link::Metered), Some(200 << 10));
/// assert_eq!(Budget::default().of(Link::Metered), None, "as much as there is");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    any: Option<u64>,
    metered: Option<u64>,
}

impl Budget {
    /// So many bytes a day over any one kind of link.
    pub fn per_day(bytes: u64) -> Budget {
        Budget { any: Some(bytes), metered: None }
    }

    /// So many over links that are paid for by the byte.
    pub fn on_metered(self, bytes: u64) -> Budget {
        Budget { metered: Some(bytes), ..self }
    }

    /// Bytes that one exchange may move each way over such a link, where so many have gone over such links today; none: no
    /// exchange begins. Whoever asks before each exchange, and moves no more, keeps the budget.
    ///
    /// ```
    /// use windrow::sync::{Budget, Link};
    ///
    /// let budget = Budget::per_day(10_000);
    /// assert_eq!(budget.exchange(Link::Metered, 2_000), Some(3_488));
    /// assert_eq!(budget.exchange(Link::Metered, 9_000), None);
    /// ```
    pub fn exchange(&self, link: Link, spent: u64) -> Option<u64> {
        let Some(most) = self.of(link) else { return Some(u64::MAX) };
        let left = most.saturating_sub(spent).checked_sub(LEAST)?;
        (left > 1).then_some(left / 2)
    }

    /// Whether a question of so many bytes waits for tomorrow, for it can't be cut: it is more than one exchange may still move, and
    /// was not more when today's first exchange began. The pair says how much had been spent by then, and has been by now. What fits
    /// into no day goes at once, and what fits into a fresh one is tomorrow's first.
    ///
    /// ```
    /// use windrow::sync::{Budget, Link};
    ///
    /// let budget = Budget::per_day(10_000);
    /// assert!(budget.waits(Link::Metered, (0, 8_000), 2_000));
    /// assert!(!budget.waits(Link::Metered, (0, 8_000), 400), "it fits");
    /// assert!(!budget.waits(Link::Metered, (0, 8_000), 5_000), "no day has room for it");
    /// assert!(!budget.waits(Link::Metered, (8_000, 8_000), 2_000), "no day may begin with more");
    /// ```
    pub fn waits(&self, link: Link, (first, now): (u64, u64), question: u64) -> bool {
        let fits = |spent| self.exchange(link, spent).is_some_and(|most| question <= most);
        !fits(now) && fits(first)
    }

    /// What may be spent over such a link in a day; none: all that there is.
    pub fn of(self, link: Link) -> Option<u64> {
        match link {
            Link::Metered => self.metered.or(self.any),
            Link::Unmetered | Link::Down => self.any,
        }
    }
}
