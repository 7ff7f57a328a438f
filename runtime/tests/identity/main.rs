//! Who may speak to a hub, over real sockets and files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bundles;
mod forged;
mod news;
mod people;
mod request;
mod team;
