//! What the fuzz targets do to a hub and to a device's file. An input is a row of instructions in postcard's format, read
//! until one can't be: so that a seed is written by the program that knows what it means (`examples/seeds.rs`), and half of
//! a good input is one too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod device;
pub mod hub;
pub mod message;

/// The domain of the hub's tests, and their device made by hand.
#[allow(dead_code, unreachable_pub)]
#[path = "../../runtime/tests/hub/device.rs"]
mod by_hand;
#[allow(dead_code, unreachable_pub)]
#[path = "../../runtime/tests/hub/domain.rs"]
mod domain;

use peak_alloc::PeakAlloc;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// When all this happens: milliseconds since 1970.
const NOON: i64 = 1_790_000_000_000;

/// libFuzzer sees only memory that was written to; this one what is asked for, too.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Does this within so many MiB of memory beyond what is taken already. (What SQLite and zstd take is not counted: the
/// fuzzer's own limit is for them.)
pub fn within<R>(mib: usize, work: impl FnOnce() -> R) -> R {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let done = work();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    assert!(peak <= mib << 20, "{peak} bytes of memory were taken for one input");
    done
}

/// The instructions of an input: as many as can be read, at most `most`.
pub fn instructions<T: DeserializeOwned>(mut bytes: &[u8], most: usize) -> Vec<T> {
    let mut read = Vec::new();
    while read.len() < most && !bytes.is_empty() {
        let Ok((one, rest)) = postcard::take_from_bytes(bytes) else { break };
        read.push(one);
        bytes = rest;
    }
    read
}

/// A folder in memory, where there is one: nothing here waits for a disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).expect("a folder")
}

/// The files that SQLite keeps for a database.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", path.display())))
}

/// Puts these bytes in the place of a database.
fn put(path: &Path, bytes: &[u8]) {
    files(path).iter().for_each(|file| drop(std::fs::remove_file(file)));
    std::fs::write(path, bytes).expect("a file");
}
