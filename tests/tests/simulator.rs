//! The simulator, for some time: everything that may go wrong, judged step by step.
//!
//! `.ci/run` has the release build run many sessions; here is what a debug build does in seconds, so that a test run alone
//! finds what is broken at once. `WINDROW_SESSIONS` sets how many, `WINDROW_SEED` the first world.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_tests::sim::plan::{Faults, Plan};
use windrow_tests::sim::stats::Stats;
use windrow_tests::sim::{self, Failure};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().expect("a number"))
}

fn run(plan: &Plan, sessions: u64) -> Result<Stats, Failure> {
    let (mut total, mut world) = (Stats::default(), number("WINDROW_SEED", 0));
    while total.sessions < sessions {
        total += sim::run(world, plan)?;
        world += 1;
    }
    Ok(total)
}

#[test]
fn whatever_goes_wrong_nothing_is_lost() {
    let plan = Plan { devices: 3..=6, sessions: 60..=120, ..Plan::default() };
    let total = run(&plan, number("WINDROW_SESSIONS", 300)).unwrap_or_else(|failure| panic!("{failure}"));
    // A simulator that does nothing finds nothing.
    for (what, count) in [("lost", total.lost), ("cut", total.cut), ("late", total.late), ("commits", total.commits)] {
        assert!(count > 0, "{what}: {total:?}");
    }
}

#[test]
fn without_faults_everyone_is_in_sync() {
    let plan = Plan { faults: Faults::NONE, devices: 3..=4, sessions: 30..=60, ..Plan::default() };
    let total = run(&plan, 60).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!((total.lost, total.cut, total.late, total.crashes, total.astray), (0, 0, 0, 0, 0));
}

/// The same seed is the same world: what fails comes again.
#[test]
fn a_world_comes_again() {
    let plan = Plan { devices: 3..=4, sessions: 40..=60, ..Plan::default() };
    let run = || sim::run(5, &plan).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(run(), run());
}

/// Devices without a link, whose bundles come late, twice, touched or never: what they bring counts once, and what comes back is
/// taken in only where it answers what the device asks.
#[test]
fn whatever_becomes_of_bundles_nothing_is_lost() {
    let plan = Plan { devices: 3..=6, sessions: 40..=60, bundles: true, ..Plan::default() };
    let total = run(&plan, 100).unwrap_or_else(|failure| panic!("{failure}"));
    let counts = [total.exported, total.delivered, total.imported, total.partly, total.outdated, total.touched];
    assert!(counts.iter().all(|count| *count > 0), "{total:?}");
}
