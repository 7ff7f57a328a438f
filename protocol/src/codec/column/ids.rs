//! Columns of ids: ascending, whole or shortened to their leading bits.

use super::ints;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use crate::id::RecordId;

/// Bits of a whole id.
pub(in crate::codec) const WHOLE: u8 = RecordId::BITS;

/// Writes the first `len` bits of each id. An id alone is just these, byte by byte.
///
/// Several are columns of integers: the first 64 bits; what follows them; and of whole ids the last 16 by themselves, because
/// in ids that Windrow makes these are random and those before them are the origin's.
pub(in crate::codec) fn write(w: &mut Writer, ids: &[RecordId], len: u8) {
    match ids {
        [one] => bytes(len).zip(one.0).for_each(|(width, byte)| w.bits(u64::from(byte >> (8 - width)), width)),
        _ => parts(len).for_each(|part| {
            let values: Vec<i64> = ids.iter().map(|&id| part.of(id)).collect();
            ints::write(w, &values);
        }),
    }
}

/// Reads `n` ids of `len` bits, those behind them zero.
pub(in crate::codec) fn read(r: &mut Reader<'_>, n: usize, len: u8) -> Result<Vec<RecordId>> {
    let mut ids = vec![0u128; n];
    if let [one] = &mut ids[..] {
        for (width, place) in bytes(len).zip(0..) {
            *one |= u128::from(r.bits(width)?) << (128 - 8 * place - width);
        }
    } else {
        for part in parts(len) {
            for (id, value) in ids.iter_mut().zip(ints::read(r, n)?) {
                *id |= part.put(r, value)?;
            }
        }
    }
    Ok(ids.into_iter().map(|id| RecordId(id.to_be_bytes())).collect())
}

/// How many bits each byte of so many has: all but the last are full.
fn bytes(len: u8) -> impl Iterator<Item = u32> {
    (0..u32::from(len).div_ceil(8)).map(move |at| (u32::from(len) - 8 * at).min(8))
}

/// Some of an id's bits as a number, the id itself read as a number of 128 bits.
#[derive(Debug, Clone, Copy)]
struct IdPart {
    width: u32,
    shift: u32,
}

impl IdPart {
    fn mask(self) -> u64 {
        u64::MAX >> (64 - self.width)
    }

    fn of(self, id: RecordId) -> i64 {
        ((u128::from_be_bytes(id.0) >> self.shift) as u64 & self.mask()) as i64
    }

    fn put(self, r: &Reader<'_>, value: i64) -> Result<u128> {
        match value as u64 {
            value if value <= self.mask() => Ok(u128::from(value) << self.shift),
            _ => r.malformed("a part of an id out of range"),
        }
    }
}

/// The parts of an id's first `len` bits.
fn parts(len: u8) -> impl Iterator<Item = IdPart> {
    let bits = u32::from(len);
    let widths = match len {
        0..=64 => [bits, 0, 0],
        65..WHOLE => [64, bits - 64, 0],
        WHOLE.. => [64, 48, 16],
    };
    widths.into_iter().filter(|&width| width > 0).scan(128, |left, width| {
        *left -= width;
        Some(IdPart { width, shift: *left })
    })
}
