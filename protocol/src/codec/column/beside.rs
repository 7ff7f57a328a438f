//! Columns of integers that go along with an earlier one: when a visit was written down, beside when it was.

use super::ints;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use crate::value::Value;
use std::collections::VecDeque;

/// How many earlier columns are looked at.
const MOST: usize = 4;
/// Bits a value from which it is worth looking.
const LONG: u64 = 10;

/// The last columns of a group that are integers without a gap, the nearest first.
#[derive(Debug, Default)]
pub(in crate::codec) struct Beside(VecDeque<Vec<i64>>);

impl Beside {
    /// The earlier column, by its place, beside which these values are shortest, and the distances from it; nothing where
    /// they are no longer by themselves.
    pub(super) fn shorter(&self, values: &[i64]) -> Option<(usize, Vec<i64>)> {
        let alone = ints::cost(values);
        if alone < LONG * values.len() as u64 {
            return None;
        }
        let distances = |earlier: &Vec<i64>| values.iter().zip(earlier).map(|(v, e)| v.wrapping_sub(*e)).collect();
        let columns = self.0.iter().map(distances).enumerate();
        let costed = columns.map(|(place, column): (usize, Vec<i64>)| (ints::cost(&column), place, column));
        let best = costed.min_by_key(|(cost, ..)| *cost)?;
        // The place is a byte.
        (best.0 + 8 < alone).then_some((best.1, best.2))
    }

    pub(super) fn write(w: &mut Writer, place: usize, distances: &[i64]) {
        w.count(place);
        ints::write(w, distances);
    }

    /// Reads `n` values.
    pub(super) fn read(&self, r: &mut Reader<'_>, n: usize) -> Result<Vec<Value>> {
        let place = r.below(self.0.len(), "beside a column that is not there")?;
        let distances = ints::read(r, n)?.into_iter();
        Ok(distances.zip(&self.0[place]).map(|(d, earlier)| Value::Integer(earlier.wrapping_add(d))).collect())
    }

    /// Takes in a column, if it is one of integers.
    pub(super) fn note<'v>(&mut self, values: impl Iterator<Item = &'v Value>) {
        if let Some(integers) = values.map(Value::as_integer).collect() {
            self.0.truncate(MOST - 1);
            self.0.push_front(integers);
        }
    }

    /// Memory that a group of `n` records may take here.
    pub(in crate::codec) fn memory() -> usize {
        MOST * size_of::<i64>()
    }
}
