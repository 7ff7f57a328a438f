//! Many cases, side by side.

use super::Fault;
use indicatif::ProgressBar;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many failures say enough.
const ENOUGH: usize = 10;

/// What came of many cases.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were tried.
    pub tried: usize,
    /// What they did, added up: how many were killed, how many calls failed.
    pub hits: u64,
    /// What did not hold.
    pub failures: Vec<String>,
}

impl Tally {
    /// Tries these cases on so many threads. Each says what it did.
    pub fn of<C: Sync>(
        cases: &[C],
        threads: usize,
        progress: &ProgressBar,
        case: impl Fn(&C) -> Result<u64, Fault> + Sync,
    ) -> Tally {
        let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
        let work = || {
            while let Some(this) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let came = case(this);
                let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                tally.add(came);
                progress.inc(1);
                if tally.failures.len() >= ENOUGH {
                    return;
                }
            }
        };
        std::thread::scope(|scope| (0..threads.max(1)).for_each(|_| drop(scope.spawn(work))));
        tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn add(&mut self, came: Result<u64, Fault>) {
        self.tried += 1;
        match came {
            Ok(hits) => self.hits += hits,
            Err(fault) => self.failures.push(fault.to_string()),
        }
    }
}
