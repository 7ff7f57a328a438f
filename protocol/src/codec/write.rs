//! Bytes and bits going out.

/// The two sections of a body: `bytes`, which zstd compresses, and `bits`, whose numbers it could not.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    bits: Vec<u8>,
    pending: u128,
    filled: u32,
}

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn slice(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the low ones first; the high bit says that more follow.
    pub(super) fn varint(&mut self, n: u64) {
        self.wide(n.into());
    }

    pub(super) fn wide(&mut self, mut n: u128) {
        while n >= 0x80 {
            self.byte(n as u8 | 0x80);
            n >>= 7;
        }
        self.byte(n as u8);
    }

    pub(super) fn count(&mut self, n: usize) {
        self.varint(n as u64);
    }

    /// A signed number, small where it is near zero.
    pub(super) fn signed(&mut self, n: i64) {
        self.varint(zigzag(n));
    }

    pub(super) fn signed_wide(&mut self, n: i128) {
        self.wide((n << 1 ^ n >> 127) as u128);
    }

    /// The low `width` bits, at most 64, lowest first.
    pub(super) fn bits(&mut self, n: u64, width: u32) {
        self.pending |= u128::from(n) << self.filled;
        self.filled += width;
        while self.filled >= 8 {
            self.bits.push(self.pending as u8);
            self.pending >>= 8;
            self.filled -= 8;
        }
    }

    /// About how many bits this will take on the wire: those of `bits`, and of `bytes` what an entropy coder leaves.
    pub(super) fn cost(&self) -> u64 {
        self.bits.len() as u64 * 8 + u64::from(self.filled) + entropy(&self.bytes)
    }

    /// Both sections, the bits filled up with zeros.
    pub(super) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        if self.filled > 0 {
            self.bits.push(self.pending as u8);
        }
        (self.bytes, self.bits)
    }
}

/// 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
pub(super) fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

pub(super) fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// What is too short for a table of frequencies to pay.
const SHORT: usize = 64;

/// Bits that these bytes take in an ideal code for their own frequencies, its table included.
fn entropy(bytes: &[u8]) -> u64 {
    if bytes.len() < SHORT {
        return bytes.len() as u64 * 8;
    }
    let mut frequencies = [0u32; 256];
    for &byte in bytes {
        frequencies[usize::from(byte)] += 1;
    }
    let used = frequencies.iter().filter(|&&f| f > 0).map(|&f| f64::from(f));
    let bits: f64 = used.map(|f| f * (bytes.len() as f64 / f).log2() + 6.0).sum();
    bits as u64
}
