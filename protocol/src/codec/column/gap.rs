//! Bits that are the same in all numbers of a column below others that are not: the version in an id.

use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;

/// The longest run of such bits below the highest bit that differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gap {
    /// Bits below it.
    at: u32,
    /// How many it is.
    width: u32,
    /// What they are.
    bits: u64,
}

impl Gap {
    /// Nothing where there is none that is worth its 24 bits or more.
    pub(super) fn of(values: &[i64]) -> Option<Gap> {
        let first = values.first().map_or(0, |&value| value as u64);
        let differ = values.iter().fold(0, |differ, &value| differ | first ^ value as u64);
        let (at, width) = longest_run(!differ & low(64 - differ.leading_zeros()));
        let gap = Gap { at, width, bits: first >> at & low(width) };
        (values.len() as u64 * u64::from(width) > 24).then_some(gap)
    }

    /// A number without these bits.
    pub(super) fn close(self, value: i64) -> i64 {
        let value = value as u64;
        (value >> self.width & !low(self.at) | value & low(self.at)) as i64
    }

    /// A number with them.
    pub(super) fn open(self, closed: i64) -> i64 {
        let closed = closed as u64;
        ((closed & !low(self.at)) << self.width | self.bits << self.at | closed & low(self.at)) as i64
    }

    pub(super) fn write(self, w: &mut Writer) {
        w.byte(self.at as u8);
        w.byte(self.width as u8);
        w.varint(self.bits);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Gap> {
        let (at, width) = (u32::from(r.byte()?), u32::from(r.byte()?));
        let gap = Gap { at, width, bits: r.varint()? };
        match at + width {
            ..64 if gap.bits <= low(width) => Ok(gap),
            _ => r.malformed("a gap out of range"),
        }
    }
}

/// So many low bits.
fn low(bits: u32) -> u64 {
    u64::MAX.checked_shr(64 - bits).unwrap_or(0)
}

/// Where the longest run of ones begins, and its length.
fn longest_run(ones: u64) -> (u32, u32) {
    let starts = (0..64).filter(|at| ones >> at & 1 == 1);
    starts.map(|at| (at, (ones >> at).trailing_ones())).max_by_key(|(_, width)| *width).unwrap_or((0, 0))
}
