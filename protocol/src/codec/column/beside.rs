//! Columns of integers that go along with an earlier one: when a visit was written down, beside when it was.

use super::ints::{self, Cheapest};
use crate::codec::read::{Reader, Result};
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
    /// they are no longer by themselves, which takes `alone` bits.
    pub(super) fn shorter(&self, values: &[i64], alone: u64) -> Option<(usize, Cheapest)> {
        if alone < LONG * values.len() as u64 {
            return None;
        }
        let distances = |earlier: &Vec<i64>| -> Vec<i64> {
            values.iter().zip(earlier).map(|(value, earlier)| value.wrapping_sub(*earlier)).collect()
        };
        let columns = self.0.iter().map(|earlier| Cheapest::of(&distances(earlier)));
        let best = columns.enumerate().min_by_key(|(_, column)| column.cost())?;
        // The place is a byte.
        (best.1.cost() + 8 < alone).then_some(best)
    }

    /// Reads `n` values.
    pub(super) fn read(&self, r: &mut Reader<'_>, n: usize) -> Result<Vec<Value>> {
        let place = r.below(self.0.len(), "beside a column that is not there")?;
        let distances = ints::read(r, n)?.into_iter();
        Ok(distances.zip(&self.0[place]).map(|(d, earlier)| Value::Integer(earlier.wrapping_add(d))).collect())
    }

    /// Takes in a column of integers.
    pub(super) fn add(&mut self, integers: Vec<i64>) {
        self.0.truncate(MOST - 1);
        self.0.push_front(integers);
    }

    /// Memory that a group of `n` records may take here.
    pub(in crate::codec) fn memory() -> usize {
        MOST * size_of::<i64>()
    }
}
