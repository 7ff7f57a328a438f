//! How much may be under way at once: requests, and the bytes of their bodies and answers.

use super::limits::Limits;
use crate::hub::HubError;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a request takes beside the bytes of its body: what is read out of them, and its place in a queue.
const LEAST: usize = 2 << 10;

/// Room for what is under way.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    bytes: Arc<Semaphore>,
    most: u32,
    requests: Arc<Semaphore>,
    most_requests: usize,
}

/// Room that is taken, until this is dropped.
#[derive(Debug, Default)]
pub(super) struct Taken(Option<OwnedSemaphorePermit>);

impl Gate {
    pub(super) fn new(limits: &Limits) -> Gate {
        let (most, most_requests) = (limits.bytes.max(1), limits.requests.max(1));
        let bytes = Arc::new(Semaphore::new(most as usize));
        Gate { bytes, most, requests: Arc::new(Semaphore::new(most_requests)), most_requests }
    }

    /// A request is to be worked on, until what this answers is dropped.
    ///
    /// # Errors
    /// Too many are.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, HubError> {
        self.requests.clone().try_acquire_owned().map_err(|_| HubError::Busy)
    }

    /// Room for these bytes.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn take(&self, bytes: usize) -> Result<Taken, HubError> {
        let mut taken = Taken::default();
        taken.grow(self, bytes + LEAST)?;
        Ok(taken)
    }

    /// Requests that are worked on.
    pub(super) fn requests(&self) -> usize {
        self.most_requests - self.requests.available_permits()
    }

    /// Bytes that are under way.
    pub(super) fn bytes(&self) -> usize {
        self.most as usize - self.bytes.available_permits()
    }
}

impl Taken {
    /// Room for more bytes. What is longer than all there is takes all.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn grow(&mut self, gate: &Gate, bytes: usize) -> Result<(), HubError> {
        let held = self.0.as_ref().map_or(0, |held| held.num_permits() as u32);
        let more = u32::try_from(bytes).unwrap_or(u32::MAX).min(gate.most - held);
        let more = gate.bytes.clone().try_acquire_many_owned(more).map_err(|_| HubError::Busy)?;
        match &mut self.0 {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(bytes: u32) -> Gate {
        Gate::new(&Limits { bytes, requests: 2, ..Limits::default() })
    }

    /// A few hundred devices that send their longest changesets at once would take all of the hub's memory.
    #[test]
    fn requests_are_turned_away_by_their_bytes() {
        let gate = gate(30_000);
        let small: Vec<_> = (0..10).filter_map(|_| gate.take(50).ok()).collect();
        assert_eq!((small.len(), gate.bytes()), (10, 10 * (LEAST + 50)));
        assert!(matches!(gate.take(20_000), Err(HubError::Busy)));
        drop(small);
        assert!(gate.take(1_000_000).is_ok(), "longer than all the room, and alone");
        assert_eq!(gate.bytes(), 0);
    }

    /// Eight connections that say that 32 MiB will come, and send nothing, would keep everybody else out.
    #[test]
    fn room_is_taken_by_what_has_come() {
        let gate = gate(30_000);
        let mut slow = gate.take(0);
        assert!(gate.take(20_000).is_ok());
        assert!(slow.as_mut().is_ok_and(|taken| taken.grow(&gate, 20_000).is_ok()));
        assert!(gate.take(20_000).is_err());
    }

    #[test]
    fn requests_are_turned_away_by_their_number() {
        let gate = gate(30_000);
        let two = (gate.enter(), gate.enter());
        assert!(two.0.is_ok() && two.1.is_ok() && gate.requests() == 2);
        assert!(matches!(gate.enter(), Err(HubError::Busy)));
        drop(two);
        assert!(gate.enter().is_ok());
    }
}
