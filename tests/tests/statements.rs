//! For random schemas and random SQL, what the log says is what happened to the tables.
//!
//! `WINDROW_STATEMENTS` sets how many statements, `WINDROW_SEED` the first case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};
use windrow_tests::cores::run_each;
use windrow_tests::statements::{self, Counts};

#[test]
fn the_log_says_what_every_statement_did() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, wanted) = (number("WINDROW_SEED", 0), number("WINDROW_STATEMENTS", 100_000));
    let ran_already = AtomicU64::new(0);
    let seeds = (first..).take_while(|_| ran_already.load(Ordering::Relaxed) < wanted);
    let ran = run_each(seeds, |seed| {
        let came = statements::run(seed);
        // After a failure no more cases are drawn.
        ran_already.fetch_add(came.as_ref().map_or(wanted, |counts| counts.statements), Ordering::Relaxed);
        came
    });
    let (cases, mut all) = (ran.len(), Counts::default());
    for (_, came) in ran {
        all += came.unwrap_or_else(|why| panic!("after {} statements: {why}", all.statements));
    }
    println!("{cases} cases from {first}: {all:?}");
}
