//! All connections: how many there may be, who makes room, and who is cut off for being slow.

use super::limits::Limits;
use super::line::{Line, Slow};
use crate::lock::lock;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How often all connections are looked at.
const SWEEP: Duration = Duration::from_millis(250);
/// Whoever has kept the server waiting for less than this does not have to make room, if it has ever asked anything.
const GRACE: Duration = Duration::from_secs(1);
/// The same of whoever has not: time enough for a request that is on its way to be read by a busy server.
const GRACE_AT_FIRST: Duration = Duration::from_millis(250);

/// The open connections.
#[derive(Debug)]
pub(super) struct Lines {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    lines: BTreeMap<u64, Arc<Line>>,
    /// Those that may have asked nothing yet, the oldest first.
    new: VecDeque<u64>,
    /// Those that kept the server waiting when it last looked, the longest last.
    waiting: Vec<u64>,
}

/// A connection's place. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) line: Arc<Line>,
    number: u64,
    lines: Arc<Lines>,
}

impl Lines {
    pub(super) fn new(most: usize) -> Arc<Lines> {
        Arc::new(Lines { most, open: Mutex::default() })
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open().lines.len()
    }

    /// A place for a new connection; none if all others are at work, or have only just come. Whoever makes room is gone a moment
    /// later.
    pub(super) fn place(self: &Arc<Self>, now: Instant) -> Option<Place> {
        let mut open = self.open();
        if open.lines.len() >= self.most {
            let number = open.who_makes_room(now)?;
            open.lines.remove(&number)?.end();
        }
        let (line, number) = (Arc::new(Line::new()), open.next);
        open.next += 1;
        open.lines.insert(number, line.clone());
        open.new.push_back(number);
        Some(Place { line, number, lines: self.clone() })
    }

    /// Cuts off whoever is too slow, again and again. It never returns.
    pub(super) async fn sweep(self: Arc<Self>, limits: Limits, told: impl Fn(Slow)) {
        let mut ticks = tokio::time::interval(SWEEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.cut(&limits, Instant::now()).into_iter().for_each(&told);
        }
    }

    fn cut(&self, limits: &Limits, now: Instant) -> Vec<Slow> {
        let mut open = self.open();
        let mut cut = Vec::new();
        open.lines.retain(|_, line| {
            let slow = line.slow(limits, now);
            if slow.is_some() {
                line.end();
            }
            cut.extend(slow);
            slow.is_none()
        });
        open.look(now);
        cut
    }

    /// Ends those that have never asked anything: the server stops.
    pub(super) fn dismiss(&self) {
        self.open().lines.values().filter(|line| line.asks_nothing_since().is_some()).for_each(|line| line.end());
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        lock(&self.open)
    }
}

impl Open {
    /// Who has kept the server waiting longest, as it was a moment ago; else the oldest that has asked nothing yet.
    fn who_makes_room(&mut self, now: Instant) -> Option<u64> {
        let keeps_waiting = |line: &Arc<Line>| line.keeps_waiting(now).is_some_and(|waited| waited >= GRACE);
        while let Some(number) = self.waiting.pop() {
            if self.lines.get(&number).is_some_and(keeps_waiting) {
                return Some(number);
            }
        }
        let came = |number: &u64| self.lines.get(number).and_then(|line| line.asks_nothing_since());
        while self.new.front().is_some_and(|number| came(number).is_none()) {
            self.new.pop_front();
        }
        let oldest = came(self.new.front()?)?;
        if now.saturating_duration_since(oldest) < GRACE_AT_FIRST { None } else { self.new.pop_front() }
    }

    /// Looks through all, so that nobody has to when a place is needed.
    fn look(&mut self, now: Instant) {
        let Open { lines, new, waiting, .. } = self;
        new.retain(|number| lines.get(number).is_some_and(|line| line.asks_nothing_since().is_some()));
        let mut all: Vec<_> = lines.iter().filter_map(|(n, line)| Some((line.keeps_waiting(now)?, *n))).collect();
        all.retain(|(waited, _)| *waited >= GRACE);
        all.sort_unstable();
        *waiting = all.into_iter().map(|(_, number)| number).collect();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lines.open().lines.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SOON: Duration = Duration::from_millis(10);

    async fn ended(place: &Place) -> bool {
        tokio::time::timeout(SOON, place.line.cut()).await.is_ok()
    }

    /// Nine thousand connections that ask nothing, and the tablet that comes then is turned away. And of ten thousand tablets that
    /// came at once each was cut off for the next before its first request was read.
    #[tokio::test]
    async fn the_oldest_that_asks_nothing_makes_room() {
        let lines = Lines::new(3);
        let start = Instant::now();
        let place = |after| lines.place(start + after);
        let (asks, old, young) = (place(SOON).unwrap(), place(SOON).unwrap(), place(SOON).unwrap());
        asks.line.asked(false);
        old.line.passed(1, true);
        assert!(place(SOON).is_none());
        let fourth = place(2 * GRACE_AT_FIRST).unwrap();
        assert!(ended(&old).await && !ended(&young).await && !ended(&asks).await);
        drop(old);
        assert_eq!(lines.count(), 3);
        drop((young, fourth, asks));
        assert_eq!(lines.count(), 0);
    }

    /// A team comes back all at once: cutting off those who have just come for those who come now helps nobody.
    #[tokio::test]
    async fn nobody_makes_room_for_another_who_is_as_quick() {
        let lines = Lines::new(1);
        let works = lines.place(Instant::now()).unwrap();
        works.line.asked(false);
        let later = Instant::now() + 100 * GRACE;
        lines.open().look(later);
        assert!(lines.place(later).is_none(), "the hub is at work for it");
        works.line.answered();
        lines.open().look(Instant::now());
        assert!(lines.place(Instant::now()).is_none(), "it has just had its answer");
        lines.open().look(later);
        assert_eq!(lines.open().who_makes_room(later), Some(0));
    }

    #[tokio::test]
    async fn the_sweep_ends_what_is_slow_and_nothing_else() {
        let lines = Lines::new(2);
        let place = || lines.place(Instant::now()).unwrap();
        let (silent, works) = (place(), place());
        works.line.asked(false);
        let later = Instant::now() + Duration::from_secs(3_600);
        assert_eq!(lines.cut(&Limits::default(), later), [Slow::Silent]);
        assert!(ended(&silent).await && !ended(&works).await);
    }
}
