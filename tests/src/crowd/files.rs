//! Open files: each connection is one.

/// Lets this process have as many open files as it may. How many connections those make.
#[cfg(unix)]
pub(super) fn most() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 512 };
    let had = if setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
    usize::try_from(had.saturating_sub(64)).unwrap_or(usize::MAX)
}

/// As many as anybody wants: this system does not count them.
#[cfg(not(unix))]
pub(super) fn most() -> usize {
    usize::MAX
}
