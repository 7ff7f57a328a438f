//! Devices of earlier versions beside a hub of the last one: nothing that anybody writes is lost, and everyone shows what
//! their version can. Real stores, real sessions, real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod empty;
mod models;
mod pairs;
mod single;
mod world;
