//! Cases by their seeds, on all cores at once.

use std::sync::{Mutex, PoisonError};
use std::thread::{available_parallelism, scope};

/// Runs the case of each seed, each in one thread. What came of them, in order of seeds. The next seed is drawn when a case
/// has ended.
pub fn run_each<T: Send>(seeds: impl Iterator<Item = u64> + Send, run: impl Fn(u64) -> T + Sync) -> Vec<(u64, T)> {
    let (seeds, done) = (Mutex::new(seeds), Mutex::new(Vec::new()));
    let next = || seeds.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(seed) = next() {
            let came = run(seed);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((seed, came));
        }
    };
    scope(|threads| (0..available_parallelism().map_or(1, Into::into)).for_each(|_| drop(threads.spawn(work))));
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(seed, _)| *seed);
    done
}
