//! How the numbers of one column are written, one after another.

use crate::codec::read::{Reader, Result};
use crate::codec::write::{Writer, unzigzag, zigzag};

/// A way to write numbers. Its tag is the low half of a column's first byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::codec) enum Coding {
    /// 0: all are this.
    Const(i64),
    /// 1: each a signed varint among the bytes, where zstd sees what they have in common.
    Varints,
    /// 2: the distance from the least in as many bits as the greatest distance needs. For evenly spread numbers.
    Packed { least: i64, spread: u64 },
    /// 3: the distance from the least in Rice's code. For gaps between random numbers.
    Rice { least: i64, low: u32 },
    /// 4: folded around zero, in Rice's code.
    Folded { low: u32 },
}

/// In Rice's code, a quotient this long is an escape: 64 plain bits follow it.
const ESCAPE: u32 = 32;

impl Coding {
    /// Those worth trying for these values, of which there is at least one.
    pub(in crate::codec) fn candidates(values: &[i64]) -> Vec<Coding> {
        let least = values.iter().copied().min().unwrap_or_default();
        let spread = values.iter().map(|&v| distance(v, least)).max().unwrap_or_default();
        if spread == 0 {
            return vec![Coding::Const(least)];
        }
        let rice = rice_widths(values.iter().map(|&v| distance(v, least)));
        let folded = rice_widths(values.iter().map(|&v| zigzag(v)));
        let packed = [Coding::Varints, Coding::Packed { least, spread }];
        let rice = rice.into_iter().map(|low| Coding::Rice { least, low });
        packed.into_iter().chain(rice).chain(folded.into_iter().map(|low| Coding::Folded { low })).collect()
    }

    /// The tag on the wire.
    pub(in crate::codec) fn tag(self) -> u8 {
        match self {
            Coding::Const(_) => 0,
            Coding::Varints => 1,
            Coding::Packed { .. } => 2,
            Coding::Rice { .. } => 3,
            Coding::Folded { .. } => 4,
        }
    }

    /// Writes its parameters, then the values.
    pub(in crate::codec) fn write(self, w: &mut Writer, values: &[i64]) {
        match self {
            Coding::Const(value) => w.signed(value),
            Coding::Varints => values.iter().for_each(|&v| w.signed(v)),
            Coding::Packed { least, spread } => {
                w.signed(least);
                w.varint(spread);
                values.iter().for_each(|&v| put_packed(w, distance(v, least), spread));
            }
            Coding::Rice { least, low } => {
                w.signed(least);
                w.byte(low as u8);
                values.iter().for_each(|&v| put_rice(w, distance(v, least), low));
            }
            Coding::Folded { low } => {
                w.byte(low as u8);
                values.iter().for_each(|&v| put_rice(w, zigzag(v), low));
            }
        }
    }

    /// Reads the parameters that belong to a tag.
    pub(in crate::codec) fn read(r: &mut Reader<'_>, tag: u8) -> Result<Coding> {
        Ok(match tag {
            0 => Coding::Const(r.signed()?),
            1 => Coding::Varints,
            2 => Coding::Packed { least: r.signed()?, spread: r.varint()? },
            3 => Coding::Rice { least: r.signed()?, low: rice_width(r)? },
            4 => Coding::Folded { low: rice_width(r)? },
            _ => return r.malformed("an unknown coding of integers"),
        })
    }

    /// Reads `n` values. Before memory is taken for them, that many are there.
    pub(in crate::codec) fn values(self, r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
        match self {
            Coding::Const(value) => Ok(vec![value; n]),
            Coding::Varints => {
                r.need_bytes(n)?;
                (0..n).map(|_| r.signed()).collect()
            }
            Coding::Packed { least, spread } => {
                r.need_bits(n, whole_bits(spread))?;
                (0..n).map(|_| Ok(least.wrapping_add(get_packed(r, spread)? as i64))).collect()
            }
            Coding::Rice { least, low } => {
                r.need_bits(n, low + 1)?;
                (0..n).map(|_| Ok(least.wrapping_add(get_rice(r, low)? as i64))).collect()
            }
            Coding::Folded { low } => {
                r.need_bits(n, low + 1)?;
                (0..n).map(|_| get_rice(r, low).map(unzigzag)).collect()
            }
        }
    }
}

fn distance(value: i64, least: i64) -> u64 {
    value.wrapping_sub(least) as u64
}

/// Bits that every number up to `spread` takes; those that don't fit take one more.
fn whole_bits(spread: u64) -> u32 {
    (u128::from(spread) + 1).ilog2()
}

/// How many numbers do with the lesser width: a truncated binary code of `0..=spread`.
fn narrow(spread: u64) -> u128 {
    (2 << whole_bits(spread)) - (u128::from(spread) + 1)
}

fn put_packed(w: &mut Writer, n: u64, spread: u64) {
    let (width, narrow) = (whole_bits(spread), narrow(spread));
    if u128::from(n) < narrow {
        return w.bits(n, width);
    }
    let shifted = u128::from(n) + narrow;
    w.bits((shifted >> 1) as u64, width);
    w.bits((shifted & 1) as u64, 1);
}

fn get_packed(r: &mut Reader<'_>, spread: u64) -> Result<u64> {
    let (high, narrow) = (r.bits(whole_bits(spread))?, narrow(spread));
    if u128::from(high) < narrow {
        return Ok(high);
    }
    let shifted = u128::from(high) << 1 | u128::from(r.bits(1)?);
    Ok((shifted - narrow) as u64)
}

fn put_rice(w: &mut Writer, n: u64, low: u32) {
    let quotient = n >> low;
    if quotient >= u64::from(ESCAPE) {
        w.bits((1 << ESCAPE) - 1, ESCAPE);
        return w.bits(n, 64);
    }
    w.bits((1 << quotient) - 1, quotient as u32 + 1);
    w.bits(n & ((1 << low) - 1), low);
}

fn get_rice(r: &mut Reader<'_>, low: u32) -> Result<u64> {
    let mut quotient = 0;
    while r.bits(1)? == 1 {
        quotient += 1;
        if quotient == ESCAPE {
            return r.bits(64);
        }
    }
    let high = u64::from(quotient) << low;
    Ok(high | r.bits(low)?)
}

fn rice_width(r: &mut Reader<'_>) -> Result<u32> {
    match r.byte()? {
        low @ 0..=58 => Ok(low.into()),
        _ => r.malformed("a width out of range"),
    }
}

/// The two widths of remainder between which the best one lies for gaps of this mean.
fn rice_widths(values: impl ExactSizeIterator<Item = u64>) -> [u32; 2] {
    let n = values.len() as u128;
    let mean = values.map(u128::from).sum::<u128>() / n.max(1);
    let high = mean.max(2).ilog2().min(58);
    [high, high - 1]
}
