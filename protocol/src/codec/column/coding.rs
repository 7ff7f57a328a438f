//! How the numbers of one column are written, one after another.

use crate::codec::read::{Reader, Result};
use crate::codec::write::{Writer, unzigzag, zigzag};

/// A way to write numbers. Its tag is the low half of a column's first byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::codec) enum Coding {
    /// 0: all are zero.
    Zero,
    /// 1: all are this.
    Const(i64),
    /// 2: each a signed varint among the bytes, where zstd sees what they have in common.
    Varints,
    /// 3: each in so many bits. For a few.
    Plain { width: u32 },
    /// 4: the distance from the least in as many bits as the greatest distance needs. For evenly spread numbers.
    Packed { least: i64, spread: u64 },
    /// 5: the distance from a number not above the least in Rice's code. For gaps between random numbers.
    Rice { least: i64, low: u32 },
    /// 6: folded around zero, in Rice's code.
    Folded { low: u32 },
}

/// In Rice's code, a quotient this long is an escape: 64 plain bits follow it.
const ESCAPE: u32 = 32;
/// The widest remainder of Rice's code, so that no quotient reaches beyond 64 bits.
const WIDEST: u32 = 58;

impl Coding {
    /// The cheapest for these values, and its cost in bits.
    pub(in crate::codec) fn cheapest(values: &[i64]) -> (Coding, u64) {
        let costed = Coding::candidates(values).into_iter().map(|coding| (coding, coding.cost(values)));
        costed.min_by_key(|(_, cost)| *cost).unwrap_or((Coding::Zero, 0))
    }

    fn candidates(values: &[i64]) -> Vec<Coding> {
        let least = values.iter().copied().min().unwrap_or_default();
        let spread = values.iter().map(|&v| distance(v, least)).max().unwrap_or_default();
        if spread == 0 {
            return vec![if least == 0 { Coding::Zero } else { Coding::Const(least) }];
        }
        let width = 64 - values.iter().fold(0, |all, &v| all | v as u64).leading_zeros();
        let mut out = vec![Coding::Varints, Coding::Plain { width }, Coding::Packed { least, spread }];
        for least in std::iter::once(least).chain((least > 0).then_some(0)) {
            let widths = rice_widths(values.iter().map(|&v| distance(v, least)));
            out.extend(widths.map(|low| Coding::Rice { least, low }));
        }
        out.extend(rice_widths(values.iter().map(|&v| zigzag(v))).map(|low| Coding::Folded { low }));
        out
    }

    /// Bits that writing these values takes.
    fn cost(self, values: &[i64]) -> u64 {
        let mut parameters = Writer::default();
        self.write_parameters(&mut parameters);
        let each: u64 = match self {
            Coding::Zero | Coding::Const(_) => 0,
            Coding::Varints => {
                self.write_values(&mut parameters, values);
                // Where it finds no pattern zstd stays this much above an ideal code, or more.
                return parameters.cost() * 9 / 8;
            }
            Coding::Plain { width } => values.len() as u64 * u64::from(width),
            Coding::Packed { least, spread } => values.iter().map(|&v| packed_bits(distance(v, least), spread)).sum(),
            Coding::Rice { least, low } => values.iter().map(|&v| rice_bits(distance(v, least), low)).sum(),
            Coding::Folded { low } => values.iter().map(|&v| rice_bits(zigzag(v), low)).sum(),
        };
        parameters.cost() + each
    }

    /// The tag on the wire.
    pub(in crate::codec) fn tag(self) -> u8 {
        match self {
            Coding::Zero => 0,
            Coding::Const(_) => 1,
            Coding::Varints => 2,
            Coding::Plain { .. } => 3,
            Coding::Packed { .. } => 4,
            Coding::Rice { .. } => 5,
            Coding::Folded { .. } => 6,
        }
    }

    /// Writes its parameters, then the values.
    pub(in crate::codec) fn write(self, w: &mut Writer, values: &[i64]) {
        self.write_parameters(w);
        self.write_values(w, values);
    }

    fn write_parameters(self, w: &mut Writer) {
        match self {
            Coding::Zero | Coding::Varints => {}
            Coding::Const(value) => w.signed(value),
            Coding::Plain { width: low } | Coding::Folded { low } => w.byte(low as u8),
            Coding::Packed { least, spread } => {
                w.signed(least);
                w.varint(spread);
            }
            Coding::Rice { least, low } => {
                w.signed(least);
                w.byte(low as u8);
            }
        }
    }

    fn write_values(self, w: &mut Writer, values: &[i64]) {
        for &v in values {
            match self {
                Coding::Zero | Coding::Const(_) => {}
                Coding::Varints => w.signed(v),
                Coding::Plain { width } => w.bits(v as u64, width),
                Coding::Packed { least, spread } => put_packed(w, distance(v, least), spread),
                Coding::Rice { least, low } => put_rice(w, distance(v, least), low),
                Coding::Folded { low } => put_rice(w, zigzag(v), low),
            }
        }
    }

    /// Reads the parameters that belong to a tag.
    pub(in crate::codec) fn read(r: &mut Reader<'_>, tag: u8) -> Result<Coding> {
        Ok(match tag {
            0 => Coding::Zero,
            1 => Coding::Const(r.signed()?),
            2 => Coding::Varints,
            3 => Coding::Plain { width: read_width(r, 64)? },
            4 => Coding::Packed { least: r.signed()?, spread: r.varint()? },
            5 => Coding::Rice { least: r.signed()?, low: read_width(r, WIDEST)? },
            6 => Coding::Folded { low: read_width(r, WIDEST)? },
            _ => return r.malformed("an unknown coding of integers"),
        })
    }

    /// Reads `n` values. Before memory is taken for them, that many are there.
    pub(in crate::codec) fn values(self, r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
        self.need(r, n)?;
        let from = |least: i64, n: u64| least.wrapping_add(n as i64);
        match self {
            Coding::Zero => Ok(vec![0; n]),
            Coding::Const(value) => Ok(vec![value; n]),
            Coding::Varints => (0..n).map(|_| r.signed()).collect(),
            Coding::Plain { width } => (0..n).map(|_| r.bits(width).map(|v| v as i64)).collect(),
            Coding::Packed { least, spread } => (0..n).map(|_| Ok(from(least, get_packed(r, spread)?))).collect(),
            Coding::Rice { least, low } => (0..n).map(|_| Ok(from(least, get_rice(r, low)?))).collect(),
            Coding::Folded { low } => (0..n).map(|_| get_rice(r, low).map(unzigzag)).collect(),
        }
    }

    /// Fails unless what `n` values take at least is there.
    fn need(self, r: &Reader<'_>, n: usize) -> Result<()> {
        match self {
            Coding::Zero | Coding::Const(_) => Ok(()),
            Coding::Varints => r.need_bytes(n),
            Coding::Plain { width } => r.need_bits(n, width),
            Coding::Packed { spread, .. } => r.need_bits(n, whole_bits(spread)),
            Coding::Rice { low, .. } | Coding::Folded { low } => r.need_bits(n, low + 1),
        }
    }
}

fn distance(value: i64, least: i64) -> u64 {
    value.wrapping_sub(least) as u64
}

fn read_width(r: &mut Reader<'_>, most: u32) -> Result<u32> {
    match u32::from(r.byte()?) {
        width if width <= most => Ok(width),
        _ => r.malformed("a width out of range"),
    }
}

/// Bits that every number up to `spread` takes; those that don't fit take one more.
fn whole_bits(spread: u64) -> u32 {
    (u128::from(spread) + 1).ilog2()
}

/// How many numbers do with the lesser width: a truncated binary code of `0..=spread`.
fn narrow(spread: u64) -> u128 {
    (2 << whole_bits(spread)) - (u128::from(spread) + 1)
}

fn packed_bits(n: u64, spread: u64) -> u64 {
    u64::from(whole_bits(spread)) + u64::from(u128::from(n) >= narrow(spread))
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

/// The two widths of remainder between which the best one lies for gaps of this mean.
fn rice_widths(values: impl ExactSizeIterator<Item = u64>) -> [u32; 2] {
    let n = values.len() as u128;
    let mean = values.map(u128::from).sum::<u128>() / n.max(1);
    let high = mean.max(2).ilog2().min(WIDEST);
    [high, high - 1]
}

fn rice_bits(n: u64, low: u32) -> u64 {
    match n >> low {
        quotient if quotient < u64::from(ESCAPE) => quotient + 1 + u64::from(low),
        _ => u64::from(ESCAPE) + 64,
    }
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
    let quotient = r.ones(ESCAPE)?;
    if quotient == ESCAPE {
        return r.bits(64);
    }
    let high = u64::from(quotient) << low;
    Ok(high | r.bits(low)?)
}
