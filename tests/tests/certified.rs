//! Random histories of models are certified: what `windrow migrate --certify` tries must hold whatever a team makes of its
//! structs.
//!
//! `WINDROW_LOCKS` sets how many, `WINDROW_SEED` the first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fastrand::Rng;
use windrow_cli::certify::{CHECKS, certify};
use windrow_cli::made;
use windrow_schema::lock::{Lock, compare};
use windrow_tests::cores::run_each;
use windrow_tests::versions::{next, tables};

/// A lock of three versions.
fn lock(seed: u64) -> Lock {
    let mut rng = Rng::with_seed(seed);
    let mut lock = Lock::new("VERSIONS");
    let start = compare(None, tables(&mut rng), &Default::default()).expect("nothing to compare with");
    lock.push(&start.named("start"));
    while lock.versions().len() < 3 {
        let next = next(&mut rng, lock.last().unwrap()).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let plan = compare(lock.last(), next.tables, &next.choices).unwrap_or_else(|r| panic!("seed {seed}: {}", r[0]));
        lock.push(&plan.named("next"));
    }
    lock
}

/// The checks that fail.
fn faults(seed: u64) -> Vec<String> {
    let lock = lock(seed);
    let domains = made::versions(&lock).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut failed = Vec::new();
    for outcome in certify(lock.versions(), &domains, || {}).unwrap() {
        for (check, ended) in CHECKS.iter().zip(outcome.checks) {
            if let Some(Err(why)) = ended {
                failed.push(format!("seed {seed}, {} → {}, {}: {why}", outcome.old, outcome.new, check.key));
            }
        }
    }
    failed
}

#[test]
fn whatever_a_team_makes_of_its_structs() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_LOCKS", 6));
    let failed: Vec<String> =
        run_each(first..first + count, faults).into_iter().flat_map(|(_, failed)| failed).collect();
    assert!(failed.is_empty(), "{} fail:\n{}", failed.len(), failed.join("\n"));
}
