//! Copied and restored devices, restored hubs: each test tells what would happen without one of the rules of
//! `docs/protocol.md`, "Identity". Real files throughout: a copy is a copied file, a backup a copied file put back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod brake;
mod copies;
mod refused;
mod restores;
mod sessions;
mod verify;
mod world;
