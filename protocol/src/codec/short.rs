//! Shortened ids, and how the side that holds the records makes them whole.

use crate::digest;
use crate::id::RecordId;
use crate::model::TableIx;

/// The leading bits of an id: a name for a record that the receiver holds too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortId {
    /// The bits; those beyond `len` are zero.
    pub bytes: [u8; 16],
    /// How many there are, 1 to 128. 128: the id is whole.
    pub len: u8,
}

impl ShortId {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.len >= RecordId::BITS
    }

    /// The least id that begins so.
    pub fn low(&self) -> RecordId {
        RecordId(self.bytes)
    }

    /// The greatest id that begins so.
    pub fn high(&self) -> RecordId {
        let behind = u128::MAX.checked_shr(self.len.into()).unwrap_or(0);
        RecordId((u128::from_be_bytes(self.bytes) | behind).to_be_bytes())
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

/// The lengths that names get, from the least that each needs. Names of one length are written together, and each length
/// costs a group of its own, so all but the longest few get one: whichever takes the fewest bits in all. Whole ids stay so.
/// After the last, ids are whole.
pub(super) fn lengths(needed: &[u8]) -> impl Iterator<Item = u8> {
    let needed = needed.iter().map(|len| (*len).clamp(1, RecordId::BITS));
    let mut short: Vec<u8> = needed.clone().filter(|len| *len < RecordId::BITS).collect();
    short.sort_unstable();
    let longest = short.last().copied().unwrap_or(RecordId::BITS);
    let cost = |&(at, len): &(usize, u8)| {
        let rest = short.len() - 1 - at;
        (at + 1) * usize::from(len) + rest * usize::from(longest) + if rest > 0 { GROUP } else { 0 }
    };
    let most = short.iter().copied().enumerate().min_by_key(cost).map_or(longest, |(_, len)| len);
    let given = move |len: u8| if len <= most { most } else { longest };
    let lengths = needed.map(move |len| if len < RecordId::BITS { given(len) } else { len });
    lengths.chain(std::iter::repeat(RecordId::BITS))
}

/// About how many bits one more group costs.
const GROUP: usize = 200;

/// Guards shortened ids: over all whole ids of a message, by table, then by id.
pub(super) fn hash_of(ids: impl Iterator<Item = RecordId>) -> [u8; 8] {
    digest::of(ids.map(|id| id.0))
}
