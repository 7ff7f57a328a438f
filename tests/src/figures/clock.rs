//! How time is taken.

use super::Failure;
#[cfg(unix)]
use nix::time::{ClockId, clock_gettime};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// What time is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// The time that the processors worked for this process, all its threads together: other work on the machine does not
    /// change it.
    Processor,
    /// The time that passed: what a disk takes counts.
    Wall,
}

impl Clock {
    /// Does something. What came of it, and how long it took.
    pub(super) fn time<T, E: Into<Failure>>(
        self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Duration), Failure> {
        let start = self.now()?;
        let done = work().map_err(Into::into)?;
        Ok((done, self.now()? - start))
    }

    /// From some point on, which stays.
    fn now(self) -> Result<Duration, Failure> {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            #[cfg(unix)]
            Clock::Processor => processor(),
            _ => Ok(START.elapsed()),
        }
    }
}

/// What this process has had of the processors' time, all its threads together.
#[cfg(unix)]
pub(super) fn processor() -> Result<Duration, Failure> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// What this process has had of the processors' time.
#[cfg(not(unix))]
pub(super) fn processor() -> Result<Duration, Failure> {
    Err("this system does not tell how much of the processors' time a process has had".into())
}
