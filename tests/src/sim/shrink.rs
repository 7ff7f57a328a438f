//! A failing world made small: steps are left out as long as it still fails in the same way.

use super::plan::Plan;
use super::step::{DeviceNo, Step};
use super::{Failure, replay};
use std::time::{Duration, Instant};

/// The smallest failing part that was found in this time. Whatever is left fails as the whole did.
pub fn shrink(failure: Failure, plan: &Plan, time: Duration) -> Failure {
    let mut shrinking = Shrinking { plan, until: Instant::now() + time, best: failure };
    // A step that was taken later than the last one that counts is none.
    shrinking.without_devices();
    let mut size = shrinking.best.steps.len() / 2;
    while size > 0 && shrinking.has_time() {
        let before = shrinking.best.steps.len();
        shrinking.without_parts(size);
        // Another pass of single steps helps as long as it finds some.
        size = if size > 1 || shrinking.best.steps.len() == before { size / 2 } else { 1 };
    }
    shrinking.best
}

struct Shrinking<'a> {
    plan: &'a Plan,
    until: Instant,
    best: Failure,
}

impl Shrinking<'_> {
    fn has_time(&self) -> bool {
        Instant::now() < self.until
    }

    /// Whether these steps alone fail in the same way; then they are the best so far.
    fn try_these(&mut self, steps: Vec<Step>) -> bool {
        match replay(self.best.seed, self.plan, &steps) {
            Err(failure) if kind(&failure.fault) == kind(&self.best.fault) => {
                self.best = failure;
                true
            }
            _ => false,
        }
    }

    fn without_devices(&mut self) {
        let devices = self.best.steps.iter().filter_map(device).max().map_or(0, |last| last + 1);
        for no in 0..devices {
            if self.has_time() {
                let others = self.best.steps.iter().filter(|s| device(s) != Some(no)).cloned().collect();
                self.try_these(others);
            }
        }
    }

    fn without_parts(&mut self, size: usize) {
        let mut from = self.best.steps.len();
        while from > 0 && self.has_time() {
            let start = from.saturating_sub(size);
            let steps = &self.best.steps;
            let rest = steps[..start].iter().chain(&steps[from.min(steps.len())..]).cloned().collect();
            self.try_these(rest);
            from = start.min(self.best.steps.len());
        }
    }
}

/// What a fault is about, without the records at hand.
fn kind(fault: &str) -> String {
    let what = fault.rsplit_once("}: ").map_or(fault, |(_, what)| what);
    what.chars().filter(|c| c.is_alphabetic() || *c == ' ').take(14).collect()
}

/// Whose step it is.
fn device(step: &Step) -> Option<DeviceNo> {
    match step {
        Step::Write { device, .. }
        | Step::DeleteAlone { device, .. }
        | Step::Decide { device, .. }
        | Step::Go { device }
        | Step::Lose { device }
        | Step::Cut { device, .. }
        | Step::Repeat { device }
        | Step::Crash { device, .. }
        | Step::Clock { device, .. }
        | Step::Prune { device }
        | Step::Dismiss { device }
        | Step::Resubmit { device }
        | Step::Read { device }
        | Step::Backup { device }
        | Step::Restore { device, .. }
        | Step::Upgrade { device, .. }
        | Step::CutUpgrade { device, .. }
        | Step::Export { device }
        | Step::Import { device, .. }
        | Step::Copy { device, .. } => Some(*device),
        _ => None,
    }
}
