//! The oracle on its own: does it keep its promises before anything is judged by it?

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod histories;
mod identity;
mod judge;
mod scenarios;
mod upsets;
