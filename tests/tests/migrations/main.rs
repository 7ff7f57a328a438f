//! Files that migrate: for random versions of a model, what a device or a hub of the one becomes is what the other makes.
//!
//! `WINDROW_MIGRATIONS` sets how many pairs of versions, `WINDROW_SEED` the first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chain;
mod device;
mod entries;
mod file;
mod hub;
mod pair;

use pair::{pairs, seeds};

/// A lock is written so that it is read as it was, and written again byte for byte.
#[test]
fn a_lock_of_random_versions_is_read_as_it_was_written() {
    for pair in pairs(300) {
        let text = pair.lock.write();
        let read =
            windrow_schema::lock::Lock::read(&text).unwrap_or_else(|e| panic!("seed {}: {e}\n{text}", pair.seed));
        assert_eq!(read, pair.lock, "seed {}", pair.seed);
        assert_eq!(read.write(), text, "seed {}", pair.seed);
    }
}

/// A tablet was in a drawer with a week's work when the model changed. It opens with the new program: its tables are what
/// that program makes, its rows are there, and what it had not sent says the same of the new fields.
#[test]
fn a_devices_file_becomes_what_the_next_version_makes() {
    pairs(100).for_each(|pair| device::migrates(&pair));
}

/// The hub takes what such a tablet sends, and shows what the tablet shows.
#[test]
fn what_was_pending_arrives() {
    pairs(40).for_each(|pair| device::sends(&pair));
}

#[test]
fn a_hubs_file_becomes_what_the_next_version_makes() {
    pairs(50).for_each(|pair| hub::migrates(&pair));
}

#[test]
fn a_device_that_slept_through_three_versions_loses_nothing() {
    seeds(10).for_each(chain::sleeps);
}

#[test]
fn a_hub_that_skips_versions_becomes_what_the_last_makes() {
    seeds(10).for_each(chain::jumps);
}

/// Support looks at a customer's file with the shell of the machine, which is older than the SQLite that we bring.
#[test]
fn the_machines_shell_runs_every_statement() {
    if std::process::Command::new("sqlite3").arg("--version").output().is_err() {
        return eprintln!("there is no sqlite3 on this machine");
    }
    pairs(25).for_each(|pair| device::migrates_in_the_shell(&pair));
}
