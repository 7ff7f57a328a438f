//! Merging, rule by rule: what the oracle's histories leave out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chains;
mod circles;
mod clocks;
mod conflicts;
mod defaults;
mod hub;
mod lives;
mod refusals;
mod rings;
mod told;
