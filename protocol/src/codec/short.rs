//! Shortened ids, and how the side that holds the records makes them whole.

use crate::digest;
use crate::id::RecordId;
use crate::model::TableIx;

/// The leading bytes of an id: a name for a record that the receiver holds too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortId {
    /// The bytes; those beyond `len` are zero.
    pub bytes: [u8; 16],
    /// How many there are, 1 to 16. 16: the id is whole.
    pub len: u8,
}

impl ShortId {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.len == 16
    }

    /// The least id that begins so.
    pub fn low(&self) -> RecordId {
        RecordId(self.bytes)
    }

    /// The greatest id that begins so.
    pub fn high(&self) -> RecordId {
        let mut bytes = self.bytes;
        bytes[usize::from(self.len).min(16)..].fill(0xff);
        RecordId(bytes)
    }
}

/// A decoded message whose ids may still be shortened.
#[derive(Debug, Clone)]
pub struct Encoded<T> {
    message: T,
    ids: Vec<(TableIx, ShortId)>,
    hash: Option<[u8; 8]>,
    put: fn(&mut T, &[RecordId]),
}

/// A shortened id names no record here, or several, or another than the sender meant. The sender must send whole ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a shortened id does not name one record here; whole ids are needed")]
pub struct Ambiguous;

impl<T> Encoded<T> {
    /// `put` gives the message's records these ids, in the order of `ids`.
    pub(super) fn new(
        message: T,
        ids: Vec<(TableIx, ShortId)>,
        hash: Option<[u8; 8]>,
        put: fn(&mut T, &[RecordId]),
    ) -> Encoded<T> {
        Encoded { message, ids, hash, put }
    }

    /// The message, its shortened ids filled up with zeros: for what must be known before any id.
    pub fn unresolved(&self) -> &T {
        &self.message
    }

    /// The ids to be made whole, as tables and shortened ids, by table.
    pub fn shortened(&self) -> impl Iterator<Item = (TableIx, ShortId)> {
        self.ids.iter().copied().filter(|(_, id)| !id.is_whole())
    }

    /// Makes the ids whole. `find` answers the one record of a table from the first id to the second, both inclusive;
    /// `None` where there is none or more than one.
    ///
    /// # Errors
    /// `find` answers `None` or a record outside the range; two names for one record; a hash that differs.
    pub fn resolve(
        mut self,
        mut find: impl FnMut(TableIx, RecordId, RecordId) -> Option<RecordId>,
    ) -> Result<T, Ambiguous> {
        let mut whole = |(table, id): &(TableIx, ShortId)| match id.is_whole() {
            true => Some(id.low()),
            false => find(*table, id.low(), id.high()).filter(|found| (id.low()..=id.high()).contains(found)),
        };
        let ids: Vec<RecordId> = self.ids.iter().map(&mut whole).collect::<Option<_>>().ok_or(Ambiguous)?;
        let mut keys: Vec<_> = self.ids.iter().map(|(table, _)| *table).zip(ids.iter().copied()).collect();
        keys.sort_unstable();
        let repeated = keys.windows(2).any(|pair| pair[0] == pair[1]);
        if repeated || self.hash.is_some_and(|hash| hash != hash_of(keys.iter().map(|(_, id)| *id))) {
            return Err(Ambiguous);
        }
        (self.put)(&mut self.message, &ids);
        Ok(self.message)
    }
}

/// Guards shortened ids: over all whole ids of a message, by table, then by id.
pub(super) fn hash_of(ids: impl Iterator<Item = RecordId>) -> [u8; 8] {
    digest::of(ids.map(|id| id.0))
}
