//! Bytes and bits coming in. Nothing here trusts them.

use super::error::{DecodeError, Part};
use super::write::unzigzag;

pub(super) type Result<T> = std::result::Result<T, DecodeError>;

/// Reads the two sections of a body, or the head before them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    bits: &'a [u8],
    at_bit: usize,
    /// Bytes of memory that decoded values may still take.
    room: usize,
    /// What is being read, for errors.
    pub(super) part: Part,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], bits: &'a [u8], room: usize, part: Part) -> Reader<'a> {
        Reader { bytes, bits, at_bit: 0, room, part }
    }

    pub(super) fn malformed<T>(&self, why: &'static str) -> Result<T> {
        Err(DecodeError::Malformed(self.part, why))
    }

    /// Takes `n` times `each` bytes of memory from what may still be used.
    pub(super) fn charge(&mut self, n: usize, each: usize) -> Result<()> {
        let left = n.checked_mul(each).and_then(|sum| self.room.checked_sub(sum));
        self.room = left.ok_or(DecodeError::TooLarge(self.part))?;
        Ok(())
    }

    /// Fails unless so many bytes of memory may still be used.
    pub(super) fn need_room(&self, n: usize) -> Result<()> {
        if n <= self.room { Ok(()) } else { Err(DecodeError::TooLarge(self.part)) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All bytes that are left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn slice(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or(DecodeError::Truncated(self.part))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// What stands before the next such byte, which is taken too.
    pub(super) fn before(&mut self, end: u8) -> Result<&'a [u8]> {
        let len = self.bytes.iter().position(|&byte| byte == end).ok_or(DecodeError::Truncated(self.part))?;
        let taken = self.slice(len)?;
        self.byte().map(|_| taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.slice(N)?);
        Ok(out)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn varint(&mut self) -> Result<u64> {
        u64::try_from(self.wide()?).or_else(|_| self.malformed("a number above 64 bits"))
    }

    pub(super) fn wide(&mut self) -> Result<u128> {
        let mut n = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            if shift > 126 || part << shift >> shift != part {
                return self.malformed("a number above 128 bits");
            }
            n |= part << shift;
            if byte < 0x80 {
                break;
            }
        }
        Ok(n)
    }

    pub(super) fn signed(&mut self) -> Result<i64> {
        self.varint().map(unzigzag)
    }

    pub(super) fn signed_wide(&mut self) -> Result<i128> {
        self.wide().map(|n| (n >> 1) as i128 ^ -((n & 1) as i128))
    }

    /// A number that must lie below `bound`.
    pub(super) fn below(&mut self, bound: usize, why: &'static str) -> Result<usize> {
        match usize::try_from(self.varint()?) {
            Ok(n) if n < bound => Ok(n),
            _ => self.malformed(why),
        }
    }

    /// A count of things of which each takes at least one of the bytes that are left.
    pub(super) fn count(&mut self) -> Result<usize> {
        match usize::try_from(self.varint()?) {
            Ok(n) if n <= self.bytes.len() => Ok(n),
            _ => Err(DecodeError::Truncated(self.part)),
        }
    }

    /// Fails unless `n` bytes are left.
    pub(super) fn need_bytes(&self, n: usize) -> Result<()> {
        if n <= self.bytes.len() { Ok(()) } else { Err(DecodeError::Truncated(self.part)) }
    }

    /// Fails unless `n` times `width` bits are left.
    pub(super) fn need_bits(&self, n: usize, width: u32) -> Result<()> {
        let needed = n.checked_mul(width as usize).and_then(|bits| bits.checked_add(self.at_bit));
        if needed.is_some_and(|end| end <= self.bits.len() * 8) {
            Ok(())
        } else {
            Err(DecodeError::Truncated(self.part))
        }
    }

    /// The next `width` bits, at most 64.
    pub(super) fn bits(&mut self, width: u32) -> Result<u64> {
        self.need_bits(1, width)?;
        let bits = self.window() & ((1 << width) - 1);
        self.at_bit += width as usize;
        Ok(bits as u64)
    }

    /// How many ones come next, at most 64. The zero behind them is taken too, unless there are `most` ones.
    pub(super) fn ones(&mut self, most: u32) -> Result<u32> {
        let ones = self.window().trailing_ones().min(most);
        let taken = ones + u32::from(ones < most);
        self.need_bits(1, taken)?;
        self.at_bit += taken as usize;
        Ok(ones)
    }

    /// The next 64 bits and more, zeros behind the last one.
    fn window(&self) -> u128 {
        let tail = self.bits.get(self.at_bit / 8..).unwrap_or_default();
        let window = tail.first_chunk().copied().unwrap_or_else(|| {
            let mut window = [0; 16];
            window[..tail.len()].copy_from_slice(tail);
            window
        });
        u128::from_le_bytes(window) >> (self.at_bit % 8)
    }

    /// Fails unless both sections were read to their ends.
    pub(super) fn finish(mut self) -> Result<()> {
        self.part = Part::Body;
        let padding = self.bits.len() * 8 - self.at_bit;
        if padding >= 8 || self.bits(padding as u32)? != 0 || !self.is_empty() {
            return self.malformed("more bytes than it announces");
        }
        Ok(())
    }
}
