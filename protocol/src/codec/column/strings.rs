//! Columns of texts or blobs.

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

/// The distinct strings of a column, ascending, where they repeat enough to be listed.
pub(in crate::codec) fn repeated<'a>(strings: &[&'a [u8]]) -> Option<Vec<&'a [u8]>> {
    let mut distinct = HashSet::new();
    for string in strings {
        // Notes rarely repeat, and are long: the first half of them says so, unsorted.
        if distinct.insert(*string) && distinct.len() > strings.len() / 2 {
            return None;
        }
    }
    let mut distinct = Vec::from_iter(distinct);
    distinct.sort_unstable();
    Some(distinct)
}

/// Writes the distinct strings once, then the place of each.
pub(in crate::codec) fn write_listed(w: &mut Writer, distinct: &[&[u8]], strings: &[&[u8]]) {
    w.count(distinct.len());
    write(w, distinct);
    let places: Vec<i64> = strings.iter().map(|s| distinct.partition_point(|d| d < s) as i64).collect();
    ints::write(w, &places);
}

/// Reads `n` strings from a list of distinct ones.
pub(in crate::codec) fn read_listed<'a>(r: &mut Reader<'a>, n: usize) -> Result<Vec<&'a [u8]>> {
    let count = r.below(n + 1, "more distinct values than values")?;
    let distinct = read(r, count)?;
    let places = ints::read(r, n)?;
    places.into_iter().map(|place| at(r, &distinct, place).copied()).collect()
}

/// The element at a place that a peer named.
pub(in crate::codec) fn at<'l, T>(r: &Reader<'_>, list: &'l [T], place: i64) -> Result<&'l T> {
    let found = usize::try_from(place).ok().and_then(|place| list.get(place));
    found.map_or_else(|| r.malformed("a place outside its list"), Ok)
}
