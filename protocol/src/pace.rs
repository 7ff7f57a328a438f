//! How much a device sends, and asks for, at once: as much as its link carries in some ten seconds; and how far it has come.

use crate::chunk::Gap;
use crate::message::{Answer, SessionId};
use crate::session::Request;
use std::ops::RangeInclusive;

/// What one exchange carries. It grows while exchanges are quick, and shrinks where the link is slow or breaks.
///
/// A device in the field knows nothing of its link before it has tried: it begins small enough that little is lost by a
/// link that drops, and large enough that a good one is filled within a few exchanges. Each exchange costs the way there and
/// back, and one that is lost the patience of whoever waits for it; of a chunk that is cut the beginning is kept. So chunks
/// are rather long.
///
/// ```
/// use windrow_protocol::pace::Pace;
///
/// let mut pace = Pace::default();
/// let begins = pace.chunk();
/// pace.took(20_000, 100);
/// assert!(pace.chunk() > begins, "a quick link");
/// pace.broke();
/// assert!(pace.chunk() > begins, "once is chance");
/// pace.broke();
/// assert_eq!(pace.chunk(), begins);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Chunks are `1 KiB << step`, pages twice that before compression, each up to its bound.
    step: u32,
    /// The shortest exchange of late, in milliseconds: what the way alone takes.
    way: u64,
    /// What exchanges have lost that broke off in a row since it shrank.
    broken: u32,
    /// No exchange may move more than so many bytes, each way.
    most: u64,
    /// A pace that stays as it is: bytes of a chunk, and what a page may tell.
    fixed: Option<(usize, u8)>,
    /// What the hub lacks of a long changeset, and has not been sent since the hub said so.
    unsent: Option<(SessionId, Vec<Gap>)>,
}

/// The steps that there are.
const STEPS: RangeInclusive<u32> = 0..=11;
/// Where an unknown link begins.
const BEGIN: u32 = 4;
/// No chunk is longer, in bytes.
pub const MOST_CHUNK: usize = 1 << 20;
/// What one exchange is to take, in milliseconds, beside the way itself.
const AIM: u64 = 10_000;
/// No page may tell less, as [`Pace::page`] counts: a smaller one's head weighs more than its values.
const LEAST_PAGE: u8 = 2;
/// What exchanges that break off in a row may lose before it shrinks.
const MOST_BROKEN: u32 = 4;
/// An exchange of which nothing was kept.
const ALL_LOST: u32 = 2;
/// A chunk: of one that was cut the beginning is kept, and of one that arrived all, though no answer came.
const PART_LOST: u32 = 1;
/// Exchanges of fewer bytes tell how long the way is, not how wide.
const TELLING: u64 = 512;

impl Default for Pace {
    fn default() -> Pace {
        Pace { step: BEGIN, way: u64::MAX, broken: 0, most: u64::MAX, fixed: None, unsent: None }
    }
}

impl Pace {
    /// A pace that never changes: chunks of so many bytes, pages of `1 KiB << page` before compression. For tests, and for
    /// links that are known.
    pub fn fixed(chunk: usize, page: u8) -> Pace {
        Pace { fixed: Some((chunk.clamp(1, MOST_CHUNK), page)), ..Pace::default() }
    }

    /// Bytes of a changeset that go at once.
    pub fn chunk(&self) -> usize {
        let chunk = self.fixed.map_or((1024 << self.step).min(MOST_CHUNK), |(chunk, _)| chunk);
        chunk.min(usize::try_from(self.most).unwrap_or(usize::MAX)).max(1)
    }

    /// A page may tell `1 KiB << page` of values, before compression.
    pub fn page(&self) -> u8 {
        let page = self.fixed.map_or((self.step as u8 + 1).max(LEAST_PAGE), |(_, page)| page);
        // Compressed it takes less.
        page.min((self.most / 1024).checked_ilog2().unwrap_or(0) as u8)
    }

    /// No exchange is to move more than so many bytes, each way: so much is left to be spent.
    pub fn limit(&mut self, bytes: u64) {
        self.most = bytes;
    }

    /// An exchange of so many bytes, both ways, took so long.
    pub fn took(&mut self, bytes: u64, millis: u64) {
        if bytes < TELLING {
            self.way = self.way.min(millis);
            return;
        }
        self.broken = 0;
        let way = if self.way == u64::MAX { 0 } else { self.way };
        let carried = bytes.saturating_mul(AIM) / millis.saturating_sub(way).max(1);
        let fits = (carried / 1024).checked_ilog2().unwrap_or(0);
        self.step = fits.min(self.step + 1).clamp(*STEPS.start(), *STEPS.end());
    }

    /// Whether it is known how long an exchange takes that carries nothing.
    pub(crate) fn knows_the_way(&self) -> bool {
        self.way != u64::MAX || self.fixed.is_some()
    }

    /// The hub lacks these bytes of the changeset of this session.
    pub(crate) fn lacks(&mut self, session: SessionId, gaps: Vec<Gap>) {
        self.unsent = Some((session, gaps));
    }

    /// Whether it is known of the changeset of this session what the hub lacks, or lacked before the last chunks.
    pub(crate) fn knows(&self, session: SessionId) -> bool {
        self.unsent.as_ref().is_some_and(|(of, _)| *of == session)
    }

    /// The next bytes of it to be sent, as many as go at once; none where all are on the way that the hub was known to lack.
    pub(crate) fn next(&mut self, session: SessionId) -> Option<Gap> {
        let chunk = u32::try_from(self.chunk()).unwrap_or(u32::MAX);
        let (_, gaps) = self.unsent.as_mut().filter(|(of, _)| *of == session)?;
        let gap = gaps.first_mut()?;
        let next = Gap { to: gap.to.min(gap.from.saturating_add(chunk)), ..*gap };
        gap.from = next.to;
        gaps.retain(|gap| gap.from < gap.to);
        Some(next)
    }

    /// A request got this answer, so long after it was sent.
    pub fn answered(&mut self, request: &Request, answer: &Answer, millis: u64) {
        let told = match answer {
            Answer::Committed { page, .. } | Answer::News(page) => page.len(),
            _ => 0,
        };
        self.took((carried(request) + told) as u64, millis);
    }

    /// A request had no answer. One that carries nothing, and is told little, says nothing of how much the link carries.
    pub fn unanswered(&mut self, request: &Request) {
        let told_much = matches!(request, Request::Commit(_) | Request::Pull(_));
        if told_much || carried(request) as u64 >= TELLING {
            self.loses(if matches!(request, Request::Upload(_)) { PART_LOST } else { ALL_LOST });
        }
    }

    /// An exchange broke off. One alone is a link that loses things whatever their size; several in a row may have been too
    /// long for it.
    pub fn broke(&mut self) {
        self.loses(ALL_LOST);
    }

    fn loses(&mut self, how_much: u32) {
        self.broken += how_much;
        if self.broken >= MOST_BROKEN {
            (self.step, self.broken) = (self.step.saturating_sub(1).max(*STEPS.start()), 0);
        }
    }
}

/// Bytes of a changeset that a request carries.
fn carried(request: &Request) -> usize {
    match request {
        Request::Prepare(prepare) => prepare.payload.len(),
        Request::Upload(chunk) => chunk.bytes.len(),
        Request::Commit(_) | Request::Pull(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Chunk, Parcel};
    use crate::clock::DeviceId;
    use crate::message::{Digest, SessionId};

    #[test]
    fn what_is_left_to_be_spent_bounds_it() {
        let mut pace = Pace::default();
        pace.limit(3_000);
        assert_eq!((pace.chunk(), pace.page()), (3_000, 1));
        pace.limit(0);
        assert_eq!((pace.chunk(), pace.page()), (1, 0));
        pace.limit(u64::MAX);
        assert_eq!(pace, Pace::default());
    }

    /// 8 kbit/s, and two seconds each way: a chunk takes some ten seconds at most, whatever the way takes.
    #[test]
    fn a_slow_link_finds_its_pace_and_keeps_it() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            pace.took(100, 4_100);
            let bytes = pace.chunk() as u64;
            pace.took(bytes, 4_000 + bytes);
        }
        assert_eq!(pace.chunk(), 8 << 10);
        // Of three exchanges one gets through, and chunks do not dwindle to what their headers cost.
        for _ in 0..20 {
            pace.broke();
            pace.took(8 << 10, 12_100);
            pace.broke();
        }
        assert_eq!(pace.chunk(), 8 << 10);
    }

    #[test]
    fn a_quick_link_is_filled_and_a_dead_one_costs_little() {
        let mut pace = Pace::default();
        (0..20).for_each(|_| pace.took(1 << 20, 50));
        assert_eq!((pace.chunk(), pace.page()), (MOST_CHUNK, 12));
        (0..40).for_each(|_| pace.broke());
        assert_eq!((pace.chunk(), pace.page()), (1 << 10, 2));
        assert_eq!(Pace::fixed(100, 7).chunk(), 100);
    }

    /// Over a link that lost a third, whoever asked how far a chunk had come often had no answer twice, and went on in
    /// smaller chunks: 1.3 KiB where the link carried 4, and a backlog of 5 MB took 55 hours instead of 15.
    #[test]
    fn a_question_that_is_lost_says_nothing_of_the_size() {
        let chunk = |bytes: usize| {
            let (session, digest) = (SessionId([1; 16]), Digest([2; 16]));
            let parcel = Parcel { device: DeviceId::ZERO, session, digest, total: 5_000_000 };
            Request::Upload(Chunk { parcel, offset: 0, bytes: vec![0; bytes] })
        };
        let begun = Pace::default();
        let after = |request: &Request| {
            let mut pace = begun.clone();
            (0..8).for_each(|_| pace.unanswered(request));
            pace.chunk()
        };
        assert_eq!(after(&chunk(0)), begun.chunk());
        assert_eq!(after(&chunk(16_384)), begun.chunk() / 4);
        // Nor does one that is answered.
        let mut pace = begun.clone();
        for _ in 0..8 {
            pace.unanswered(&chunk(16_384));
            pace.took(100, 4_100);
        }
        assert_eq!(pace.chunk(), begun.chunk() / 4);
    }
}
