//! One connection: what it has done, and when it has kept the server waiting for too long.
//!
//! hyper's own timer begins with the first byte, and knows no bodies. So each connection notes here what passes, and one
//! sweep over all of them ([`super::lines`]) says which to cut.

use super::limits::Limits;
use crate::lock::lock;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Bytes a second that excuse waiting when a place is needed: whoever makes more is not seen as slow.
const BRISK: u64 = 4_096;

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    cut: Notify,
}

/// What a connection has done.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Since when the other side is expected to ask something: it has come, or its last answer has gone.
    since: Instant,
    /// When the first byte came of what is not a whole request yet.
    heard: Option<Instant>,
    /// Bytes that have passed, both ways.
    passed: u64,
    /// Requests that are not answered to the end.
    requests: u32,
    /// What passes of bodies and answers, where some do.
    moving: Option<Moving>,
    /// Whether requests may come side by side: HTTP/2, in which bytes come without a request, too.
    side_by_side: bool,
    /// Whether a request has ever been whole.
    known: bool,
}

/// Bodies or answers that pass.
#[derive(Debug, Clone, Copy)]
struct Moving {
    count: u32,
    since: Instant,
    /// What had passed before.
    before: u64,
}

/// Why a connection is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slow {
    /// It said nothing.
    Silent,
    /// A handshake or head did not end.
    Head,
    /// It had nothing to ask any more.
    Idle,
    /// A body or an answer came to a halt.
    Body,
}

impl Line {
    pub(super) fn new() -> Line {
        Line { state: Mutex::new(State::new(Instant::now())), cut: Notify::new() }
    }

    /// Ends it, now or as soon as somebody waits for [`Line::cut`].
    pub(super) fn end(&self) {
        self.cut.notify_one();
    }

    /// Returns once it is to end.
    pub(super) async fn cut(&self) {
        self.cut.notified().await;
    }

    /// Bytes came or went.
    pub(super) fn passed(&self, bytes: usize, came: bool) {
        let mut state = self.state();
        state.passed += bytes as u64;
        if came && bytes > 0 && state.requests == 0 {
            state.heard.get_or_insert_with(Instant::now);
        }
    }

    /// A request's head is whole.
    pub(super) fn asked(&self, side_by_side: bool) {
        let mut state = self.state();
        (state.requests, state.heard) = (state.requests + 1, None);
        (state.side_by_side, state.known) = (side_by_side, true);
    }

    /// A request is answered to the end, or given up.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        (state.requests, state.since) = (state.requests.saturating_sub(1), Instant::now());
    }

    /// A body or an answer begins to pass.
    pub(super) fn begins(&self) {
        let mut state = self.state();
        let begins = Moving { count: 0, since: Instant::now(), before: state.passed };
        state.moving.get_or_insert(begins).count += 1;
    }

    /// One has passed.
    pub(super) fn ends(&self) {
        let mut state = self.state();
        state.moving = state.moving.map(|m| Moving { count: m.count - 1, ..m }).filter(|m| m.count > 0);
    }

    /// Whether it has kept the server waiting for too long.
    pub(super) fn slow(&self, limits: &Limits, now: Instant) -> Option<Slow> {
        self.state().slow(limits, now)
    }

    /// When it came, where no whole request has come since.
    pub(super) fn asks_nothing_since(&self) -> Option<Instant> {
        let state = self.state();
        (!state.known).then_some(state.since)
    }

    /// For how long it keeps the server waiting; nothing while the server works for it.
    pub(super) fn keeps_waiting(&self, now: Instant) -> Option<Duration> {
        self.state().keeps_waiting(now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn new(now: Instant) -> State {
        State { since: now, heard: None, passed: 0, requests: 0, moving: None, side_by_side: false, known: false }
    }

    fn slow(&self, limits: &Limits, now: Instant) -> Option<Slow> {
        let waited = |since: Instant| now.saturating_duration_since(since);
        if let Some(moving) = self.moving {
            let due = waited(moving.since).saturating_sub(limits.patience).as_secs_f64() * limits.pace as f64;
            return (due > (self.passed - moving.before) as f64).then_some(Slow::Body);
        }
        match (self.requests, self.heard) {
            (1.., _) => None,
            (0, Some(heard)) if !self.side_by_side => (waited(heard) > limits.head).then_some(Slow::Head),
            (0, _) if self.known => (waited(self.since) > limits.idle).then_some(Slow::Idle),
            (0, _) => (waited(self.since) > limits.first_byte).then_some(Slow::Silent),
        }
    }

    fn keeps_waiting(&self, now: Instant) -> Option<Duration> {
        let waited = |since: Instant| now.saturating_duration_since(since);
        match (self.moving, self.requests) {
            (Some(moving), _) => {
                let excused = Duration::from_millis((self.passed - moving.before) * 1_000 / BRISK);
                Some(waited(moving.since).saturating_sub(excused))
            }
            (None, 0) => Some(waited(self.heard.unwrap_or(self.since))),
            (None, 1..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A connection after so many seconds, of which something is said.
    fn slow(state: &State, seconds: f64) -> Option<Slow> {
        state.slow(&Limits::default(), state.since + SECOND.mul_f64(seconds))
    }

    /// A phone that lost its network between two packets leaves its connection open for hours: nine thousand of these, and
    /// nobody else gets in. hyper's own timer would not even begin.
    #[test]
    fn each_phase_has_an_end() {
        let state = State::new(Instant::now());
        assert_eq!((slow(&state, 4.9), slow(&state, 5.1)), (None, Some(Slow::Silent)));
        let head = State { heard: Some(state.since + 4 * SECOND), ..state };
        assert_eq!((slow(&head, 13.9), slow(&head, 14.1)), (None, Some(Slow::Head)));
        let idle = State { known: true, ..state };
        assert_eq!((slow(&idle, 59.9), slow(&idle, 60.1)), (None, Some(Slow::Idle)));
        let next = State { heard: Some(state.since + 50 * SECOND), ..idle };
        assert_eq!((slow(&next, 59.9), slow(&next, 60.1)), (None, Some(Slow::Head)));
    }

    /// A merge of a long changeset takes its time, and nobody owes the server anything meanwhile.
    #[test]
    fn whoever_waits_for_the_hub_is_not_slow() {
        let works = State { known: true, requests: 1, ..State::new(Instant::now()) };
        assert_eq!(slow(&works, 1e6), None);
        assert_eq!(works.keeps_waiting(works.since + 9 * SECOND), None);
    }

    /// A body of a byte a second would hold its place for a year; one over a poor link goes on for as long as it moves.
    #[test]
    fn a_body_has_to_move() {
        let state = State::new(Instant::now());
        let moving = |passed| {
            let moving = Some(Moving { count: 1, since: state.since, before: 0 });
            State { known: true, requests: 1, passed, moving, ..state }
        };
        assert_eq!((slow(&moving(60), 29.0), slow(&moving(60), 31.0)), (None, Some(Slow::Body)));
        assert_eq!((slow(&moving(256_000), 1_000.0), slow(&moving(256_000), 1_031.0)), (None, Some(Slow::Body)));
        let now = state.since + 10 * SECOND;
        assert_eq!(moving(40_960).keeps_waiting(now), Some(Duration::ZERO), "brisk enough to stay");
        assert_eq!(moving(10).keeps_waiting(now).map(|d| d.as_secs()), Some(9));
    }

    /// Over HTTP/2 pings come between requests; they are no head that does not end.
    #[test]
    fn bytes_between_requests_side_by_side_are_no_head() {
        let state = State::new(Instant::now());
        let pinged = State { known: true, side_by_side: true, heard: Some(state.since), ..state };
        assert_eq!((slow(&pinged, 11.0), slow(&pinged, 61.0)), (None, Some(Slow::Idle)));
    }
}
