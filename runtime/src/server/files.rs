//! How many open files the system lets the program have: each connection is one.

/// Files that the hub has open beside its connections, and some to spare.
const OTHERS: u64 = 128;

/// How many are told at once that there is no place, beside so many connections: each over one that is open for a moment.
pub(super) fn told_at_once(connections: usize) -> usize {
    (connections / 2).max(1)
}

/// How many connections there can be, of those that are wanted. Asks the system for as many open files as that takes; it says so
/// where there are fewer.
#[cfg(unix)]
pub(super) fn most_connections(wanted: usize) -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let files = (wanted as u64).saturating_add(told_at_once(wanted) as u64).saturating_add(OTHERS);
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(both) => both,
        Err(error) => {
            tracing::warn!(%error, "the system does not say how many files may be open");
            return wanted;
        }
    };
    let most = files.min(hard);
    let had = if soft >= most || setrlimit(Resource::RLIMIT_NOFILE, most, hard).is_err() { soft } else { most };
    // What is left beside a half as many again.
    let places = (had.saturating_sub(OTHERS).saturating_mul(2) + 1) / 3;
    let most = usize::try_from(places).unwrap_or(usize::MAX).clamp(1, wanted.max(1));
    if most < wanted {
        tracing::warn!(wanted, most, "fewer connections than wanted: the system lets the program open {had} files");
    }
    most
}

/// As many as are wanted: this system does not count them.
#[cfg(not(unix))]
pub(super) fn most_connections(wanted: usize) -> usize {
    wanted.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 501 connections that were wanted a server took 500, and warned that the system let it have no more.
    #[test]
    fn what_the_system_allows_is_had() {
        assert!((1..200).all(|wanted| most_connections(wanted) == wanted));
    }
}
