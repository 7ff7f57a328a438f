//! For random schemas and random SQL, what the log says is what happened to the tables.
//!
//! `WINDROW_STATEMENTS` sets how many statements, `WINDROW_SEED` the first case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_tests::statements::{self, Counts};

#[test]
fn the_log_says_what_every_statement_did() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, wanted) = (number("WINDROW_SEED", 0), number("WINDROW_STATEMENTS", 100_000));
    let mut all = Counts::default();
    let mut seed = first;
    while all.statements < wanted {
        match statements::run(seed) {
            Ok(counts) => all += counts,
            Err(why) => panic!("after {} statements: {why}", all.statements),
        }
        seed += 1;
    }
    println!("{} cases from {first}: {all:?}", seed - first);
}
