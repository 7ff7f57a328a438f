//! Whether devices and hubs of all versions of a lock work together.
//!
//! Every pair of versions is run: a hub behind its server on this machine's own network, devices' files in a temporary
//! folder, records of every table with every column. Nothing is simulated: it is what the field would do, in a second.
//!
//! - `pair`: what of the one version is which of the other. `values`, `spot`, `writes`: what people write.
//! - `truth`: what everyone is to show in the end. `world`: hub and devices. `cut`: the link that breaks.
//! - `checks`: what is tried.

mod checks;
mod cut;
mod pair;
mod spot;
mod truth;
mod values;
mod world;
mod writes;

pub use checks::{CHECKS, Check};

use checks::Site;
use pair::{Pair, Side};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio::runtime::Builder;
use windrow::Domain;
use windrow_schema::lock::Version;

/// How a pair of versions fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The older version.
    pub old: u32,
    /// The newer one.
    pub new: u32,
    /// By check: none where there was nothing to be tried; why it failed.
    pub checks: Vec<Option<Result<(), String>>>,
}

/// The numbers of pairs that so many versions make.
pub fn pairs(versions: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..versions).flat_map(move |old| (old + 1..versions).map(move |new| (old, new)))
}

/// Tries every pair of versions. `domains`: each version as its programs have it. `tried`: told of each check that is done.
///
/// # Errors
/// A machine that gives nothing to wait on.
pub fn certify(
    versions: &[Version],
    domains: &[&'static Domain],
    tried: impl Fn() + Sync,
) -> std::io::Result<Vec<Outcome>> {
    let pairs: Vec<_> = pairs(versions.len()).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> std::io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        while let Some((old, new)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let pair = &Pair::new(&versions[*old..=*new], [domains[*old], domains[*new]]);
            let outcome = outcome(Site { pair, runtime: &runtime }, &tried);
            done.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        }
        Ok(())
    };
    // Most of the time disks are waited for.
    let workers = 2 * thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers.min(pairs.len())).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut outcomes = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome| (outcome.old, outcome.new));
    Ok(outcomes)
}

fn outcome(site: Site<'_>, tried: &impl Fn()) -> Outcome {
    let try_one = |check: &Check| {
        let ended = check.of(site);
        tried();
        ended
    };
    let number = |side| site.pair.number(side);
    Outcome { old: number(Side::Old), new: number(Side::New), checks: CHECKS.iter().map(try_one).collect() }
}
