//! Columns of differences, for fields that add up.

use super::ints;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;

const NARROW: u8 = 0;
const WIDE: u8 = 1;

/// Writes a column of differences: of integers where all fit 64 bits, else of varints of 128.
pub(in crate::codec) fn write(w: &mut Writer, sums: &[i128]) {
    match sums.iter().map(|&n| i64::try_from(n)).collect::<std::result::Result<Vec<_>, _>>() {
        Ok(narrow) => {
            w.byte(NARROW);
            ints::write(w, &narrow);
        }
        Err(_) => {
            w.byte(WIDE);
            sums.iter().for_each(|&n| w.signed_wide(n));
        }
    }
}

/// Reads `n` differences.
pub(in crate::codec) fn read(r: &mut Reader<'_>, n: usize) -> Result<Vec<i128>> {
    match r.byte()? {
        NARROW => Ok(ints::read(r, n)?.into_iter().map(i128::from).collect()),
        WIDE => {
            r.need_bytes(n)?;
            (0..n).map(|_| r.signed_wide()).collect()
        }
        _ => r.malformed("an unknown kind of sums"),
    }
}
