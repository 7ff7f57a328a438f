//! Columns of integers that go along with their own last value: where a visit was, near the last one to the same farm.

use super::ints::{self, Cheapest};
use crate::codec::read::{Reader, Result};
use crate::codec::write::zigzag;

/// How the integers of a column are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner<'a> {
    /// By themselves.
    Alone,
    /// Each as its distance from the last among those that stand beside the same place of a list.
    Alike(&'a [usize]),
}

impl Manner<'_> {
    /// Reads `n` integers, as many as there are places.
    pub(super) fn read(self, r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
        match self {
            Manner::Alone => ints::read(r, n),
            Manner::Alike(places) => read(r, places),
        }
    }
}

/// Integers apart: the first of each place, the places ascending, and of all others the distance from the last.
#[derive(Debug)]
pub(super) struct Alike {
    firsts: Vec<i64>,
    distances: Vec<i64>,
}

impl Alike {
    pub(super) fn of(values: &[i64], places: &[usize]) -> Alike {
        let mut last: Vec<Option<i64>> = vec![None; end(places)];
        let mut firsts = last.clone();
        let mut distances = Vec::with_capacity(values.len());
        for (&value, &place) in values.iter().zip(places) {
            match last[place].replace(value) {
                Some(last) => distances.push(value.wrapping_sub(last)),
                None => firsts[place] = Some(value),
            }
        }
        Alike { firsts: firsts.into_iter().flatten().collect(), distances }
    }

    /// About how many bits it takes where integers alone take so many each: soon counted, fit to choose by.
    pub(super) fn rough(&self, each: u64) -> u64 {
        let distances = self.distances.iter().map(|&distance| u64::from(64 - zigzag(distance).leading_zeros()));
        distances.sum::<u64>() + self.firsts.len() as u64 * each
    }

    /// Both columns as they are shortest.
    pub(super) fn cheapest(&self) -> [Cheapest; 2] {
        [Cheapest::of(&self.firsts), Cheapest::of(&self.distances)]
    }
}

fn read(r: &mut Reader<'_>, places: &[usize]) -> Result<Vec<i64>> {
    let mut ahead = vec![false; end(places)];
    places.iter().for_each(|&place| ahead[place] = true);
    let count = ahead.iter().filter(|ahead| **ahead).count();
    let mut firsts = ints::read(r, count)?.into_iter();
    let mut distances = ints::read(r, places.len() - count)?.into_iter();
    let mut last: Vec<i64> = ahead.iter().map(|ahead| if *ahead { firsts.next().unwrap_or(0) } else { 0 }).collect();
    let mut next = |place: usize| {
        if !std::mem::take(&mut ahead[place]) {
            last[place] = last[place].wrapping_add(distances.next().unwrap_or(0));
        }
        last[place]
    };
    Ok(places.iter().map(|&place| next(place)).collect())
}

/// One more than the greatest place.
fn end(places: &[usize]) -> usize {
    places.iter().max().map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::error::Part;
    use crate::codec::write::Writer;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_integers_come_back(
            rows in proptest::collection::vec((prop_oneof![any::<i64>(), -9..9i64], 0..6usize), 1..40),
        ) {
            let (values, places): (Vec<i64>, Vec<usize>) = rows.into_iter().unzip();
            let mut w = Writer::default();
            Alike::of(&values, &places).cheapest().iter().for_each(|part| part.write(&mut w));
            let (bytes, bits) = w.finish();
            let mut r = Reader::new(&bytes, &bits, 0, Part::Body);
            prop_assert_eq!(Manner::Alike(&places).read(&mut r, values.len()).unwrap(), values);
            r.finish().unwrap();
        }
    }
}
