//! Changesets and pages as bytes, from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod arbitrary;
mod domain;
mod flips;
mod golden;
mod hostile;
mod ids;
mod roundtrip;
mod sizes;
