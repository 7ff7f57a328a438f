//! A link in virtual time: slow, far, lossy, and cut again and again.

use fastrand::Rng;
use windrow_protocol::message::Answer;

/// What a link is like.
#[derive(Debug, Clone, Copy)]
pub struct Quality {
    /// Bytes a second, each way.
    pub rate: u64,
    /// Milliseconds from one end to the other.
    pub latency: u64,
    /// Of a hundred requests, how many are lost on the way; of a hundred answers as many.
    pub lost: u8,
    /// Milliseconds from one cut to the next.
    pub contact: u64,
}

/// What stands around a body on HTTP/1.1: the lines that the product and its server send, measured with one of 1,000 bytes.
const HEADERS: u64 = 190;
/// How long a device waits for an answer that does not come.
const PATIENCE: u64 = 10_000;
/// From a cut to the next contact.
const AWAY: u64 = 30_000;

/// Nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// A link under way.
#[derive(Debug)]
pub struct Link {
    quality: Quality,
    rng: Rng,
    /// Milliseconds since the beginning.
    pub now: u64,
    ends: u64,
    /// Bytes that went out on it, whether they arrived or not, headers included.
    pub bytes: u64,
    /// Contacts that there were.
    pub contacts: u64,
}

impl Link {
    /// A link of this quality, its losses drawn from this seed.
    pub fn new(quality: Quality, seed: u64) -> Link {
        Link { quality, rng: Rng::with_seed(seed), now: 0, ends: quality.contact, bytes: 0, contacts: 1 }
    }

    /// A request and its answer. `hub` gets as much of the body as arrives, and whether that is all.
    ///
    /// # Errors
    /// A request or an answer that is lost or cut off.
    pub fn exchange(&mut self, body: &[u8], hub: impl FnOnce(&[u8], bool) -> Option<Answer>) -> Result<Answer, Broken> {
        let passed = self.carry(body.len());
        let arrived = passed.unwrap_or_else(|arrived| arrived);
        if self.is_lost() {
            return Err(self.wait());
        }
        let answer = hub(&body[..arrived], passed.is_ok());
        let (Ok(_), Some(answer)) = (passed, answer) else { return Err(self.wait()) };
        let length = windrow_protocol::message::to_bytes(&answer).map_or(0, |bytes| bytes.len());
        match self.carry(length) {
            Ok(_) if !self.is_lost() => Ok(answer),
            _ => Err(self.wait()),
        }
    }

    fn is_lost(&mut self) -> bool {
        self.rng.u8(..100) < self.quality.lost
    }

    /// Carries so many bytes of a body, and its headers: all, or those that arrive before the cut.
    fn carry(&mut self, body: usize) -> Result<usize, usize> {
        let (Quality { rate, latency, .. }, left) = (self.quality, self.ends.saturating_sub(self.now));
        let whole = body as u64 + HEADERS;
        let needs = whole * 1_000 / rate;
        if needs + latency <= left {
            self.now += needs + latency;
            self.bytes += whole;
            return Ok(body);
        }
        let sent = (left * rate / 1_000).min(whole);
        let arrived = (left.saturating_sub(latency) * rate / 1_000).min(whole);
        self.bytes += sent;
        self.now = self.ends;
        Err(arrived.saturating_sub(HEADERS) as usize)
    }

    /// Waits for an answer that does not come; after a cut, for the next contact.
    fn wait(&mut self) -> Broken {
        self.now += PATIENCE;
        if self.now >= self.ends {
            self.now = self.ends.max(self.now - PATIENCE) + AWAY;
            self.ends = self.now + self.quality.contact;
            self.contacts += 1;
        }
        Broken
    }
}
