//! Hostile models, some of those that `.ci/run` leads through the release build.
//!
//! `WINDROW_SCHEMAS` sets how many, `WINDROW_SEED` the first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_tests::cores::run_each;
use windrow_tests::schemas::{self, Counts};

/// Somebody's table is named `it's; DROP`, their column `r#type`, and the model is on Windows. Whatever they call things, what
/// the command reads is what they wrote, every statement runs, their files migrate, and mistakes are told where they are.
#[test]
fn hostile_models_go_through_everything_and_back() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_SCHEMAS", 60));
    let mut all = Counts::default();
    for (seed, came) in run_each(first..first + count, schemas::run) {
        all += came.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    // What does nothing finds nothing. There may be no shell.
    let done = all.all().into_iter().filter(|(what, _)| !what.contains("shell"));
    done.for_each(|(what, count)| assert!(count > 0, "{what}: {all:?}"));
}
