//! All connections: how many there may be, who makes room, and who is cut off for being slow.

use super::limits::Limits;
use super::line::{Line, Slow};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often all connections are looked at.
const SWEEP: Duration = Duration::from_millis(250);
/// Whoever has kept the server waiting for less than this does not have to make room, unless nothing at all came.
const GRACE: Duration = Duration::from_secs(1);

/// The open connections.
#[derive(Debug)]
pub(super) struct Lines {
    places: Arc<Semaphore>,
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    lines: BTreeMap<u64, Arc<Line>>,
    /// Those that had said nothing when they were last looked at, the oldest first.
    silent: VecDeque<u64>,
    /// When nobody was found who would have to make room.
    none_found: Option<Instant>,
}

/// A connection's place. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) line: Arc<Line>,
    number: u64,
    lines: Arc<Lines>,
    _permit: OwnedSemaphorePermit,
}

impl Lines {
    pub(super) fn new(most: usize) -> Arc<Lines> {
        Arc::new(Lines { places: Arc::new(Semaphore::new(most)), most, open: Mutex::default() })
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// A place for a new connection; none if all others are at work.
    pub(super) async fn place(self: &Arc<Self>) -> Option<Place> {
        let permit = match self.places.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.make_room(Instant::now())?;
                self.places.clone().acquire_owned().await.ok()?
            }
        };
        Some(self.add(permit))
    }

    fn add(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Place {
        let (line, mut open) = (Arc::new(Line::new()), self.open());
        let number = open.next;
        open.next += 1;
        open.lines.insert(number, line.clone());
        open.silent.push_back(number);
        Place { line, number, lines: self.clone(), _permit: permit }
    }

    /// Ends the connection that has kept the server waiting longest: of those that said nothing yet, else of all.
    fn make_room(&self, now: Instant) -> Option<()> {
        let mut open = self.open();
        let number = open.oldest_silent().or_else(|| open.slowest(now))?;
        open.lines.remove(&number)?.end();
        Some(())
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
        let Open { lines, silent, .. } = &mut *open;
        silent.retain(|number| lines.contains_key(number));
        cut
    }

    /// Ends those that have never asked anything: the server stops.
    pub(super) fn dismiss(&self) {
        self.open().lines.values().filter(|line| !line.is_known()).for_each(|line| line.end());
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn oldest_silent(&mut self) -> Option<u64> {
        loop {
            let number = self.silent.pop_front()?;
            if self.lines.get(&number).is_some_and(|line| line.is_silent()) {
                return Some(number);
            }
        }
    }

    /// Who has kept the server waiting longest. While all are at work they are not looked through again and again.
    fn slowest(&mut self, now: Instant) -> Option<u64> {
        if self.none_found.is_some_and(|at| now.saturating_duration_since(at) < SWEEP) {
            return None;
        }
        let waiting = self.lines.iter().filter_map(|(number, line)| Some((line.keeps_waiting(now)?, *number)));
        let longest = waiting.max().filter(|(waited, _)| *waited >= GRACE);
        self.none_found = longest.is_none().then_some(now);
        longest.map(|(_, number)| number)
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

    /// Nine thousand connections that say nothing, and the tablet that comes then is turned away.
    #[tokio::test]
    async fn the_oldest_that_says_nothing_makes_room() {
        let lines = Lines::new(3);
        let (old, speaks) = (lines.place().await.unwrap(), lines.place().await.unwrap());
        let young = lines.place().await.unwrap();
        speaks.line.passed(1, true);
        let asks = lines.clone();
        let comes = tokio::spawn(async move { asks.place().await });
        assert!(ended(&old).await && !ended(&young).await && !ended(&speaks).await);
        drop(old);
        let fourth = comes.await.unwrap().unwrap();
        assert_eq!(lines.count(), 3);
        drop((young, fourth, speaks));
        assert_eq!(lines.count(), 0);
    }

    /// A team comes back all at once: cutting off those who have just come for those who come now helps nobody.
    #[tokio::test]
    async fn nobody_makes_room_for_another_who_is_as_quick() {
        let lines = Lines::new(1);
        let works = lines.place().await.unwrap();
        works.line.passed(100, true);
        assert!(lines.place().await.is_none());
        works.line.asked(false);
        assert!(lines.open().slowest(Instant::now() + 100 * GRACE).is_none(), "the hub is at work for it");
        works.line.answered();
        assert_eq!(lines.open().slowest(Instant::now() + 200 * GRACE), Some(0));
    }

    #[tokio::test]
    async fn the_sweep_ends_what_is_slow_and_nothing_else() {
        let lines = Lines::new(2);
        let (silent, works) = (lines.place().await.unwrap(), lines.place().await.unwrap());
        works.line.asked(false);
        let later = Instant::now() + Duration::from_secs(3_600);
        assert_eq!(lines.cut(&Limits::default(), later), [Slow::Silent]);
        assert!(ended(&silent).await && !ended(&works).await);
    }
}
