//! The product beside the oracle, on random histories: real triggers, real SQLite files, the codec, the session machine,
//! the hub's store. Four devices, lost answers, writes during sessions, wrong clocks, deletes and inserts again, all
//! policies.
//!
//! `WINDROW_HISTORIES` sets how many, `WINDROW_SEED` the first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_tests::cores::run_each;
use windrow_tests::product;

#[test]
fn the_product_agrees_with_the_oracle() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_HISTORIES", 200));
    let ran = run_each(first..first + count, |seed| product::run(seed, 4));
    let failed: Vec<_> = ran.into_iter().filter_map(|(seed, came)| Some((seed, came.err()?))).collect();
    for (seed, why) in failed.iter().take(3) {
        eprintln!("seed {seed}: {why}");
    }
    let seeds: Vec<_> = failed.iter().map(|(seed, _)| seed).take(20).collect();
    assert!(failed.is_empty(), "{} of {count} histories failed, among them {seeds:?}", failed.len());
}
