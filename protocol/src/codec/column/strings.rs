//! Columns of texts or blobs.

use super::alike::Manner;
use super::ints;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use std::collections::HashSet;

/// Writes all lengths, then all contents.
pub(in crate::codec) fn write(w: &mut Writer, strings: &[&[u8]]) {
    let lengths: Vec<i64> = strings.iter().map(|s| s.len() as i64).collect();
    ints::write(w, &lengths);
    strings.iter().for_each(|s| w.slice(s));
}

/// Reads `n` strings, borrowed from the body.
pub(in crate::codec) fn read<'a>(r: &mut Reader<'a>, n: usize) -> Result<Vec<&'a [u8]>> {
    let lengths = ints::read(r, n)?;
    lengths.into_iter().map(|len| r.slice(usize::try_from(len).unwrap_or(usize::MAX))).collect()
}

/// As many are listed by frequency.
const FEW: usize = 32;

/// Strings that repeat enough to be listed.
#[derive(Debug)]
pub(super) struct Listed<'a> {
    /// Each once: few by frequency, many ascending, because neighbours have more in common then.
    distinct: Vec<&'a [u8]>,
    /// Which of them stands where.
    pub(super) places: Vec<i64>,
}

impl<'a> Listed<'a> {
    pub(super) fn of(strings: &[&'a [u8]]) -> Option<Listed<'a>> {
        let mut distinct = HashSet::new();
        for string in strings {
            // Notes rarely repeat, and are long: the first half of them says so, unsorted.
            if distinct.insert(*string) && distinct.len() > strings.len() / 2 {
                return None;
            }
        }
        let mut distinct = Vec::from_iter(distinct);
        distinct.sort_unstable();
        let places = strings.iter().map(|s| distinct.partition_point(|d| d < s) as i64).collect();
        let ascending = Listed { distinct, places };
        Some(if ascending.distinct.len() <= FEW { ascending.by_frequency() } else { ascending })
    }

    /// The same, the most frequent first: their places are small numbers.
    fn by_frequency(self) -> Listed<'a> {
        let mut frequencies = vec![0usize; self.distinct.len()];
        self.places.iter().for_each(|&place| frequencies[place as usize] += 1);
        let mut order: Vec<usize> = (0..self.distinct.len()).collect();
        order.sort_by_key(|&place| std::cmp::Reverse(frequencies[place]));
        let mut rank = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&place, at)| rank[place] = at);
        Listed {
            distinct: order.iter().map(|&place| self.distinct[place]).collect(),
            places: self.places.iter().map(|&place| rank[place as usize]).collect(),
        }
    }

    /// Writes the distinct strings; the place of each string follows.
    pub(super) fn write_distinct(&self, w: &mut Writer) {
        w.count(self.distinct.len());
        write(w, &self.distinct);
    }
}

/// Reads `n` strings from a list of distinct ones, and their places in it.
pub(super) fn read_listed<'a>(r: &mut Reader<'a>, n: usize, manner: Manner<'_>) -> Result<(Vec<&'a [u8]>, Vec<i64>)> {
    let count = r.below(n + 1, "more distinct values than values")?;
    let distinct = read(r, count)?;
    let places = manner.read(r, n)?;
    let strings = places.iter().map(|&place| at(r, &distinct, place).copied()).collect::<Result<_>>()?;
    Ok((strings, places))
}

/// The element at a place that a peer named.
pub(in crate::codec) fn at<'l, T>(r: &Reader<'_>, list: &'l [T], place: i64) -> Result<&'l T> {
    let found = usize::try_from(place).ok().and_then(|place| list.get(place));
    found.map_or_else(|| r.malformed("a place outside its list"), Ok)
}
