//! The numbers with laws: stamps, sequences, origins, marks. Each has a type of its own.

use serde::{Deserialize, Serialize};

/// A hybrid logical clock reading: milliseconds since 1970 in bits 15 to 62, a counter in the low 15. Never negative.
///
/// On one device it only grows (Kulkarni et al., *Logical Physical Clocks*, 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Hlc(u64);

impl Hlc {
    /// Before every stamp.
    pub const ZERO: Hlc = Hlc(0);
    /// At or after every stamp.
    pub const LAST: Hlc = Hlc(Hlc::MAX);
    /// Bits of the counter.
    pub const COUNTER_BITS: u32 = 15;
    const MAX: u64 = i64::MAX as u64;

    /// The reading with these bits; `None` where the sign bit is set.
    pub fn from_bits(bits: u64) -> Option<Hlc> {
        (bits <= Self::MAX).then_some(Hlc(bits))
    }

    /// The reading stored as this SQLite integer; `None` where it is negative.
    pub fn from_i64(stored: i64) -> Option<Hlc> {
        u64::try_from(stored).ok().map(Hlc)
    }

    /// The first reading of a millisecond. Times before 1970 and past the end of the range are brought into it.
    pub fn from_millis(millis: i64) -> Hlc {
        Hlc((u64::try_from(millis).unwrap_or(0)).min(Self::MAX >> Self::COUNTER_BITS) << Self::COUNTER_BITS)
    }

    /// All bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// As SQLite stores it.
    pub fn to_i64(self) -> i64 {
        self.0 as i64
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        (self.0 >> Self::COUNTER_BITS) as i64
    }

    /// The next reading; stays at the end of the range, which wall clocks reach in the year 10889.
    pub fn next(self) -> Hlc {
        Hlc((self.0 + 1).min(Self::MAX))
    }

    /// The reading of a clock that last read `self` and sees `now`: `max(self + 1, now)`.
    pub fn tick(self, now_millis: i64) -> Hlc {
        self.next().max(Hlc::from_millis(now_millis))
    }
}

/// A number with the sign bit set, where SQLite must store a positive one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number above 63 bits")]
pub struct OutOfRange;

/// What a peer sends is held to the same law as what is stored.
impl TryFrom<u64> for Hlc {
    type Error = OutOfRange;

    fn try_from(bits: u64) -> Result<Hlc, OutOfRange> {
        Hlc::from_bits(bits).ok_or(OutOfRange)
    }
}

/// A number of 63 bits, stored by SQLite as a positive integer.
macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(try_from = "u64")]
        pub struct $name(u64);

        impl TryFrom<u64> for $name {
            type Error = OutOfRange;

            fn try_from(bits: u64) -> Result<$name, OutOfRange> {
                $name::from_bits(bits).ok_or(OutOfRange)
            }
        }

        impl $name {
            /// The first.
            pub const ZERO: $name = $name(0);
            /// The last.
            pub const LAST: $name = $name(i64::MAX as u64);

            /// From its bits; `None` where the sign bit is set.
            pub fn from_bits(bits: u64) -> Option<$name> {
                (bits <= i64::MAX as u64).then_some($name(bits))
            }

            /// From SQLite's integer; `None` where it is negative.
            pub fn from_i64(stored: i64) -> Option<$name> {
                u64::try_from(stored).ok().map($name)
            }

            /// All bits.
            pub fn bits(self) -> u64 {
                self.0
            }

            /// As SQLite stores it.
            pub fn to_i64(self) -> i64 {
                self.0 as i64
            }

            /// The one after this.
            pub fn next(self) -> $name {
                $name((self.0 + 1).min(i64::MAX as u64))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// The hub's own clock: each commit that changes anything takes the next one. It orders what devices pull.
    Seq
}

counter! {
    /// A device's number, for people and permissions. Nothing in merging depends on it but the bound on wrong clocks.
    DeviceId
}

impl DeviceId {
    /// As people see it, and in JSON: hexadecimal digits, because JSON's readers round such numbers.
    pub fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// 64 random bits, compared unsigned; SQLite stores them as the signed integer of the same bits.
macro_rules! random {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl $name {
            /// From SQLite's integer.
            pub fn from_i64(stored: i64) -> $name {
                $name(stored as u64)
            }

            /// As SQLite stores it.
            pub fn to_i64(self) -> i64 {
                self.0 as i64
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }
    };
}

random! {
    /// Who wrote: drawn each time the runtime opens a device's file. The author in a [`Stamp`]; 0 is the hub.
    Origin
}

impl Origin {
    /// The hub itself.
    pub const HUB: Origin = Origin(0);
}

random! {
    /// Drawn by each commit together with its [`Seq`], so that a hub knows a seq of its own past from one that it lost.
    Mark
}

/// When a write was made, and by whom. Stamps order lexicographically, so two never tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub hlc: Hlc,
    /// By whom.
    pub author: Origin,
}

impl Stamp {
    /// Whether it is that of a value that a device held but did not write: any write beats it.
    pub fn is_weak(self) -> bool {
        self.hlc == Hlc::ZERO
    }
}

/// A seq of the hub's, vouched for by its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Point {
    /// Where in the hub's history.
    pub seq: Seq,
    /// Which hub's history. [`Point::START`] alone carries 0: before the first contact.
    #[serde(with = "eight_bytes")]
    pub mark: Mark,
}

/// A number without small ones takes fewer bytes as it is than as a varint.
mod eight_bytes {
    use super::Mark;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(mark: &Mark, serializer: S) -> Result<S::Ok, S::Error> {
        mark.0.to_le_bytes().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mark, D::Error> {
        Ok(Mark(u64::from_le_bytes(<[u8; 8]>::deserialize(deserializer)?)))
    }
}

impl Point {
    /// What a device that never spoke to a hub has applied: nothing, of any hub.
    pub const START: Point = Point { seq: Seq::ZERO, mark: Mark(0) };
}

/// The entries of one origin that a changeset speaks for: `(after, upto]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Whose entries.
    pub origin: Origin,
    /// The stamp that the hub must have them up to; [`Hlc::ZERO`]: none yet.
    pub after: Hlc,
    /// The stamp that it has them up to then.
    pub upto: Hlc,
}
