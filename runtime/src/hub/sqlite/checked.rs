//! Changesets that PREPARE has read and judged, in memory until their COMMIT, which mostly follows at once: it need not read
//! them again, nor what is stored of their records, as long as nobody committed meanwhile.

use super::records::Loaded;
use std::collections::VecDeque;
use windrow_protocol::change::{Change, Changeset};
use windrow_protocol::clock::Point;
use windrow_protocol::message::{Digest, SessionId};

/// About how many bytes are kept; one changeset always.
const MOST: usize = 32 << 20;

/// Changesets, the oldest first.
#[derive(Default)]
pub(super) struct Checked {
    kept: VecDeque<Kept>,
    bytes: usize,
}

struct Kept {
    session: SessionId,
    digest: Digest,
    ready: Ready,
    bytes: usize,
}

/// A changeset in the last version's words, with whole ids.
pub(super) struct Ready {
    pub(super) changeset: Changeset,
    /// What is stored of its records.
    pub(super) loaded: Loaded,
    /// Where the hub stood then.
    pub(super) head: Point,
}

impl Checked {
    /// Keeps a changeset of this session, whose payload has this digest. Those from before somebody's commit serve nobody any
    /// more.
    pub(super) fn keep(&mut self, session: SessionId, digest: Digest, ready: Ready) {
        let head = ready.head;
        self.kept.retain(|kept| kept.ready.head == head && (kept.session, kept.digest) != (session, digest));
        let bytes = ready.weight();
        self.kept.push_back(Kept { session, digest, ready, bytes });
        self.bytes = self.kept.iter().map(|kept| kept.bytes).sum();
        while self.bytes > MOST && self.kept.len() > 1 {
            self.bytes -= self.kept.pop_front().map_or(0, |oldest| oldest.bytes);
        }
    }

    /// The changeset of a session, if it is here.
    pub(super) fn take(&mut self, session: SessionId, digest: Digest) -> Option<Ready> {
        let at = self.kept.iter().position(|kept| (kept.session, kept.digest) == (session, digest))?;
        let kept = self.kept.remove(at)?;
        self.bytes -= kept.bytes;
        Some(kept.ready)
    }
}

impl Ready {
    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        let change = |change: &Change| size_of::<Change>() + change.weight() + size_of_val(&change.writes[..]);
        self.changeset.changes.iter().map(change).sum::<usize>() + self.loaded.weight()
    }
}
