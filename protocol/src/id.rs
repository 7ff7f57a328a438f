//! Record ids: UUIDs, ours of version 7 (RFC 9562).

use serde::{Deserialize, Serialize};

/// A record's id: any UUID. Ours come from [`Ids`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// The id in these bytes; `None` unless there are 16.
    pub fn from_slice(bytes: &[u8]) -> Option<RecordId> {
        bytes.try_into().ok().map(RecordId)
    }

    /// Bits of an id.
    pub const BITS: u8 = 128;

    /// Bits of a name beyond what tells it from all that the sender knows, for records that only the receiver has. Where the
    /// receiver has a thousand records more than the sender's hundred thousand, three of a hundred messages of a thousand names are
    /// ambiguous then, and sent again with whole ids. A bit more in all of them would cost about as much.
    const MARGIN: u32 = 7;

    /// How many leading bits name this id to a receiver, when these are its nearest among those that the sender knows.
    pub fn name_length(self, near: impl IntoIterator<Item = RecordId>) -> u8 {
        let number = |id: RecordId| u128::from_be_bytes(id.0);
        let common = |other: RecordId| (number(self) ^ number(other)).leading_zeros();
        let longest = near.into_iter().map(common).max().unwrap_or(0);
        (longest + 1 + Self::MARGIN).min(Self::BITS.into()) as u8
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" })?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Makes ids: UUIDv7 by form, in ascending order, cheap to send.
///
/// ```text
/// 48 bits  milliseconds since 1970
///  4       version 7
/// 12       counter within the millisecond
///  2       variant
/// 46       the origin's part: a copied file has another
/// 16       random
/// ```
#[derive(Debug, Clone)]
pub struct Ids {
    part: u64,
    last: (u64, u16),
}

impl Ids {
    const COUNTER_MAX: u16 = 0xfff;

    /// A maker of ids for one origin; `part` is random and drawn with it.
    pub fn new(part: u64) -> Ids {
        Ids { part: part & ((1 << 46) - 1), last: (0, 0) }
    }

    /// The next id at `now_millis`, with 16 random bits. A clock that stands still or runs backwards only uses up the
    /// counter, and then borrows from the next millisecond.
    pub fn next(&mut self, now_millis: i64, random: u16) -> RecordId {
        let now = u64::try_from(now_millis).unwrap_or(0) & ((1 << 48) - 1);
        let (ms, counter) = self.last;
        self.last = if now > ms {
            (now, 0)
        } else if counter < Self::COUNTER_MAX {
            (ms, counter + 1)
        } else {
            (ms + 1, 0)
        };
        let (ms, counter) = self.last;
        let high = ms << 16 | 7 << 12 | u64::from(counter);
        let low = 0b10 << 62 | self.part << 16 | u64::from(random);
        RecordId((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_by_what_it_has_in_common_with_its_nearest_and_eight_bits() {
        let (id, mut other) = (RecordId([7; 16]), [7; 16]);
        assert_eq!(id.name_length([]), 8);
        assert_eq!(id.name_length([RecordId(other)]), 128);
        other[3] = 8;
        assert_eq!(id.name_length([RecordId([0; 16]), RecordId(other)]), 28 + 8);
    }

    #[test]
    fn ids_ascend_whatever_the_clock_does() {
        let mut ids = Ids::new(u64::MAX);
        let mut last = ids.next(5, 9);
        for now in [5, 5, 3, 0, -7, 6].into_iter().chain(std::iter::repeat_n(6, 5000)) {
            let id = ids.next(now, 0);
            assert!(id > last);
            assert_eq!((id.0[6] >> 4, id.0[8] >> 6), (7, 0b10));
            last = id;
        }
    }
}
