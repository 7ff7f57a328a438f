//! Columns of integers that go along with an earlier one: when a visit was written down, beside when it was.

use super::alike::{Alike, Manner};
use super::ints::{self, Cheapest};
use crate::codec::read::{Reader, Result};
use crate::value::Value;
use std::collections::VecDeque;

/// How many earlier columns of each kind are looked at.
const MOST: usize = 4;
/// Bits a value from which it is worth looking for integers.
const LONG: u64 = 10;
/// Bits a value from which it is worth looking for lists.
const SOME: u64 = 4;

/// The last columns of a group that are without a gap, the nearest first.
#[derive(Debug, Default)]
pub(in crate::codec) struct Beside {
    integers: VecDeque<Vec<i64>>,
    /// Of columns that list what they hold, the place of each record's value in that list.
    listed: VecDeque<Vec<usize>>,
}

/// Integers as they are shorter than by themselves, and which earlier column makes them so.
#[derive(Debug)]
pub(super) enum Shorter {
    /// Their distances from these integers.
    Distances(usize, Cheapest),
    /// The firsts, and the distances from the last beside the same place.
    Alike(usize, [Cheapest; 2]),
}

impl Shorter {
    fn cost(&self) -> u64 {
        // The place is a byte; the alike name their class too.
        match self {
            Shorter::Distances(_, distances) => 8 + distances.cost(),
            Shorter::Alike(_, parts) => 16 + parts.iter().map(Cheapest::cost).sum::<u64>(),
        }
    }
}

impl Beside {
    /// How these integers are shortest beside an earlier column; nothing where they are no longer by themselves, which takes
    /// `alone` bits. Only those that are `values` may be distances from others.
    pub(super) fn shorter(&self, integers: &[i64], alone: u64, values: bool) -> Option<Shorter> {
        let each = alone / (integers.len() as u64).max(1);
        let distances = if values && each >= LONG { self.distances(integers) } else { None };
        let alike = if each >= SOME { self.alike(integers, alone, each) } else { None };
        let best = distances.into_iter().chain(alike).min_by_key(Shorter::cost)?;
        (best.cost() < alone).then_some(best)
    }

    fn distances(&self, integers: &[i64]) -> Option<Shorter> {
        let distances = |earlier: &Vec<i64>| -> Vec<i64> {
            integers.iter().zip(earlier).map(|(value, earlier)| value.wrapping_sub(*earlier)).collect()
        };
        let columns = self.integers.iter().map(|earlier| Cheapest::of(&distances(earlier)));
        let (place, column) = columns.enumerate().min_by_key(|(_, column)| column.cost())?;
        Some(Shorter::Distances(place, column))
    }

    fn alike(&self, integers: &[i64], alone: u64, each: u64) -> Option<Shorter> {
        let parts = self.listed.iter().map(|places| Alike::of(integers, places));
        let rough = parts.map(|parts| (parts.rough(each), parts)).enumerate();
        let (place, (rough, parts)) = rough.min_by_key(|(_, (rough, _))| *rough)?;
        (rough < alone).then(|| Shorter::Alike(place, parts.cheapest()))
    }

    /// Reads `n` values that are distances.
    pub(super) fn read(&self, r: &mut Reader<'_>, n: usize) -> Result<Vec<Value>> {
        let place = r.below(self.integers.len(), "beside a column that is not there")?;
        let distances = ints::read(r, n)?.into_iter();
        let earlier = &self.integers[place];
        Ok(distances.zip(earlier).map(|(d, earlier)| Value::Integer(earlier.wrapping_add(d))).collect())
    }

    /// Reads which list the alike stand beside.
    pub(super) fn manner(&self, r: &mut Reader<'_>) -> Result<Manner<'_>> {
        let place = r.below(self.listed.len(), "beside a column that is not there")?;
        Ok(Manner::Alike(&self.listed[place]))
    }

    /// Takes in a column of integers.
    pub(super) fn add(&mut self, integers: Vec<i64>) {
        self.integers.truncate(MOST - 1);
        self.integers.push_front(integers);
    }

    /// Takes in the places of a column that lists what it holds; all are places of its list.
    pub(super) fn list(&mut self, places: &[i64]) {
        self.listed.truncate(MOST - 1);
        self.listed.push_front(places.iter().map(|&place| place as usize).collect());
    }

    /// Memory that a record may take here.
    pub(in crate::codec) fn memory() -> usize {
        MOST * (size_of::<i64>() + size_of::<usize>())
    }
}
