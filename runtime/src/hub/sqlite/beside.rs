//! Two things done at once.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// What both come to: one in a thread of its own, where the system gives one.
pub(super) fn beside<A: Send, B>(there: impl Fn() -> A + Sync, here: impl FnOnce() -> B) -> (B, A) {
    scope(|scope| match Builder::new().spawn_scoped(scope, &there) {
        Ok(thread) => (here(), thread.join().unwrap_or_else(|panic| resume_unwind(panic))),
        Err(_) => (here(), there()),
    })
}
