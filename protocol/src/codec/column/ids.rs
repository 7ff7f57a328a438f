//! Columns of ids: ascending, whole or shortened to their leading bytes.

use super::ints;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use crate::id::RecordId;

/// Bytes of a whole id.
pub(in crate::codec) const WHOLE: u8 = 16;

/// Writes the first `len` bytes of each id. An id alone is just its bytes, among the bits.
///
/// Several are columns of integers: the first eight bytes; what follows them; and of whole ids the last two bytes by
/// themselves, because in ids that Windrow makes these are random and those before them are the origin's.
pub(in crate::codec) fn write(w: &mut Writer, ids: &[RecordId], len: u8) {
    match ids {
        [one] => one.0[..len.into()].iter().for_each(|&byte| w.bits(byte.into(), 8)),
        _ => parts(len).for_each(|part| {
            let values: Vec<i64> = ids.iter().map(|&id| part.of(id)).collect();
            ints::write(w, &values);
        }),
    }
}

/// Reads `n` ids of `len` bytes, the bytes behind them zero.
pub(in crate::codec) fn read(r: &mut Reader<'_>, n: usize, len: u8) -> Result<Vec<RecordId>> {
    let mut ids = vec![0u128; n];
    if let [one] = &mut ids[..] {
        for place in 0..u32::from(len) {
            *one |= u128::from(r.bits(8)?) << (120 - 8 * place);
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

/// Some of an id's bytes as a number, the id itself read as a number of 128 bits.
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

/// The parts of an id's first `len` bytes.
fn parts(len: u8) -> impl Iterator<Item = IdPart> {
    let bits = u32::from(len) * 8;
    let widths = match len {
        0..=8 => [bits, 0, 0],
        9..WHOLE => [64, bits - 64, 0],
        WHOLE.. => [64, 48, 16],
    };
    widths.into_iter().filter(|&width| width > 0).scan(128, |left, width| {
        *left -= width;
        Some(IdPart { width, shift: *left })
    })
}
