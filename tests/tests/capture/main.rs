//! Capture: whatever SQL writes to a synced table, by whatever program, the log knows exactly what it did.
//!
//! Each case runs on the SQLite that Windrow is built with, and on the machine's `sqlite3` shell where it is installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod db;
mod half_way;
mod hostile;
mod references;
mod refusals;
mod replace;
mod replay;
mod statements;
mod values;
