//! Bombs: a few bytes that would take much memory, refused within what the limits allow. Memory is counted by an allocator
//! of this binary's own; what zstd takes by itself is not, but it is given nothing to keep.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod encoded;
mod hub;
mod messages;

use peak_alloc::PeakAlloc;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

/// The right to measure: one test at a time, its own preparations apart.
struct Alone(#[allow(dead_code)] MutexGuard<'static, ()>);

fn alone() -> Alone {
    static ALONE: Mutex<()> = Mutex::new(());
    Alone(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Alone {
    /// What `f` answers, and how many bytes it had at most while it ran.
    fn peak<T>(&self, f: impl FnOnce() -> T) -> (T, usize) {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let answer = f();
        (answer, MEMORY.peak_usage().saturating_sub(before))
    }
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}
