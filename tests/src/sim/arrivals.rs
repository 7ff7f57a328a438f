//! What has come to the hub of long changesets, as the judge counts it: bytes from the start, without a gap.

use super::twin::Verdict;
use std::collections::BTreeMap;
use windrow_protocol::chunk::{Chunk, Parcel};
use windrow_protocol::message::SessionId;

/// Changesets of one device that a hub keeps at once.
const OF_ONE: usize = 2;

/// The uploads that have begun at a hub.
#[derive(Debug, Clone, Default)]
pub struct Arrivals(BTreeMap<SessionId, Arriving>);

#[derive(Debug, Clone, Copy)]
struct Arriving {
    parcel: Parcel,
    has: u32,
    at: i64,
}

impl Arrivals {
    /// A chunk arrives. What it should be answered; none where the changeset is whole by it, and is judged as in PREPARE.
    pub fn arrive(&mut self, chunk: &Chunk, now: i64, kept: i64) -> Option<Verdict> {
        let Parcel { session, device, total, .. } = chunk.parcel;
        self.0.retain(|_, known| known.at > now - kept);
        if !self.0.contains_key(&session) {
            if chunk.bytes.is_empty() {
                return Some(Verdict::Received(0));
            }
            let mut of_device: Vec<_> =
                self.0.values().filter(|known| known.parcel.device == device).copied().collect();
            of_device.sort_by_key(|known| (std::cmp::Reverse(known.at), known.parcel.session));
            for old in of_device.iter().skip(OF_ONE - 1) {
                self.0.remove(&old.parcel.session);
            }
            self.0.insert(session, Arriving { parcel: chunk.parcel, has: 0, at: now });
        }
        let known = self.0.get_mut(&session)?;
        let end = chunk.offset + chunk.bytes.len() as u32;
        if chunk.offset <= known.has && end > known.has {
            (known.has, known.at) = (end, now);
        }
        (known.has < total).then_some(Verdict::Received(known.has))
    }

    /// The hub is done with it.
    pub fn forget(&mut self, session: SessionId) {
        self.0.remove(&session);
    }
}
