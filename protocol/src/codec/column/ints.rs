//! Columns of integers: the cheapest of a few codings, which the column names in its first byte.
//!
//! The low half of that byte is the coding ([`Coding`], or 7: the distinct values ascending, then the place of each; or 8:
//! bits that all have in common, then the values without them), the high half how often neighbours were subtracted before:
//! the values, their deltas, or the deltas of their deltas. The first value of each subtraction stands before the rest. All
//! arithmetic wraps at 64 bits. A column of one value is just a signed varint.

use super::coding::Coding;
use super::gap::Gap;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;

const LISTED: u8 = 7;
const CLOSED: u8 = 8;
const MOST_DELTAS: u8 = 2;

/// Writes a column; nothing where it is empty.
pub(in crate::codec) fn write(w: &mut Writer, values: &[i64]) {
    Cheapest::of(values).write(w);
}

/// A column as it is shortest.
#[derive(Debug)]
pub(super) enum Cheapest {
    Nothing,
    One(i64),
    Deltas(Deltas),
    List(List),
    Closed(Closed),
}

impl Cheapest {
    pub(super) fn of(values: &[i64]) -> Cheapest {
        match values {
            [] => Cheapest::Nothing,
            [one] => Cheapest::One(*one),
            _ => {
                let others = [List::of(values).map(Cheapest::List), Closed::of(values).map(Cheapest::Closed)];
                let deltas = Cheapest::Deltas(Deltas::best(values));
                others
                    .into_iter()
                    .flatten()
                    .fold(deltas, |best, other| if other.cost() < best.cost() { other } else { best })
            }
        }
    }

    /// About how many bits it takes.
    pub(super) fn cost(&self) -> u64 {
        match self {
            Cheapest::Nothing => 0,
            Cheapest::One(value) => signed_cost(*value),
            Cheapest::Deltas(deltas) => deltas.cost,
            Cheapest::List(list) => list.cost(),
            Cheapest::Closed(closed) => closed.cost(),
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Cheapest::Nothing => {}
            Cheapest::One(value) => w.signed(*value),
            Cheapest::Deltas(deltas) => deltas.write(w),
            Cheapest::List(list) => list.write(w),
            Cheapest::Closed(closed) => closed.write(w),
        }
    }
}

fn signed_cost(value: i64) -> u64 {
    let mut w = Writer::default();
    w.signed(value);
    w.cost()
}

/// Reads a column of `n` values. The caller has charged for records in this number.
pub(in crate::codec) fn read(r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
    match n {
        0 => Ok(Vec::new()),
        1 => Ok(vec![r.signed()?]),
        _ => match r.byte()? {
            LISTED => read_list(r, n),
            CLOSED => read_closed(r, n),
            first => read_deltas(r, n, first),
        },
    }
}

/// Values, subtracted from their neighbours some times.
#[derive(Debug)]
pub(super) struct Deltas {
    heads: Vec<i64>,
    rest: Vec<i64>,
    coding: Coding,
    cost: u64,
}

impl Deltas {
    fn best(values: &[i64]) -> Deltas {
        let mut best = Deltas::coded(Vec::new(), values.to_vec());
        while let Some(deltas) = best.less().filter(|deltas| deltas.cost < best.cost) {
            best = deltas;
        }
        best
    }

    /// The same with neighbours subtracted once more; `None` where that is pointless.
    fn less(&self) -> Option<Deltas> {
        let (&head, tail) = self.rest.split_first()?;
        if self.heads.len() >= MOST_DELTAS.into() || tail.is_empty() {
            return None;
        }
        let rest = self.rest.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        let heads = self.heads.iter().copied().chain([head]).collect();
        Some(Deltas::coded(heads, rest))
    }

    /// These values with the cheapest coding.
    fn coded(heads: Vec<i64>, rest: Vec<i64>) -> Deltas {
        let (coding, cost) = Coding::cheapest(&rest);
        let mut first = Writer::default();
        heads.iter().for_each(|&head| first.signed(head));
        Deltas { heads, rest, coding, cost: cost + first.cost() }
    }

    fn write(&self, w: &mut Writer) {
        w.byte(self.coding.tag() | (self.heads.len() as u8) << 4);
        self.heads.iter().for_each(|&head| w.signed(head));
        self.coding.write(w, &self.rest);
    }
}

fn read_deltas(r: &mut Reader<'_>, n: usize, first: u8) -> Result<Vec<i64>> {
    let order = first >> 4;
    if order > MOST_DELTAS || usize::from(order) >= n {
        return r.malformed("too many subtractions");
    }
    let heads = (0..order).map(|_| r.signed()).collect::<Result<Vec<_>>>()?;
    let rest = Coding::read(r, first & 15)?.values(r, n - heads.len())?;
    Ok(heads.into_iter().rev().fold(rest, |deltas, head| sums(head, &deltas)))
}

fn sums(head: i64, deltas: &[i64]) -> Vec<i64> {
    let mut last = head;
    let rest = deltas.iter().map(|delta| {
        last = last.wrapping_add(*delta);
        last
    });
    std::iter::once(head).chain(rest).collect()
}

/// Distinct values, and which of them stands where.
#[derive(Debug)]
pub(super) struct List {
    distinct: Deltas,
    places: Deltas,
}

impl List {
    /// `None` unless values repeat enough.
    fn of(values: &[i64]) -> Option<List> {
        let mut distinct = values.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 2 || distinct.len() > values.len() / 2 {
            return None;
        }
        let places: Vec<i64> = values.iter().map(|v| distinct.partition_point(|d| d < v) as i64).collect();
        Some(List { distinct: Deltas::best(&distinct), places: Deltas::best(&places) })
    }

    fn cost(&self) -> u64 {
        self.distinct.cost + self.places.cost
    }

    fn write(&self, w: &mut Writer) {
        w.byte(LISTED);
        w.count(self.distinct.heads.len() + self.distinct.rest.len());
        self.distinct.write(w);
        self.places.write(w);
    }
}

fn read_list(r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
    let count = r.below(n + 1, "more distinct values than values")?;
    let first = r.byte()?;
    let distinct = read_deltas(r, count, first)?;
    let first = r.byte()?;
    let places = read_deltas(r, n, first)?;
    let at = |place: i64| usize::try_from(place).ok().and_then(|place| distinct.get(place).copied());
    places.into_iter().map(|place| at(place).map_or_else(|| r.malformed("a place outside its list"), Ok)).collect()
}

/// Values without the bits that all have in common.
#[derive(Debug)]
pub(super) struct Closed {
    gap: Gap,
    values: Deltas,
}

impl Closed {
    /// `None` where they have none in common.
    fn of(values: &[i64]) -> Option<Closed> {
        let gap = Gap::of(values)?;
        let values: Vec<i64> = values.iter().map(|&value| gap.close(value)).collect();
        Some(Closed { gap, values: Deltas::best(&values) })
    }

    fn cost(&self) -> u64 {
        let mut w = Writer::default();
        self.gap.write(&mut w);
        w.cost() + self.values.cost
    }

    fn write(&self, w: &mut Writer) {
        w.byte(CLOSED);
        self.gap.write(w);
        self.values.write(w);
    }
}

fn read_closed(r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
    let gap = Gap::read(r)?;
    let first = r.byte()?;
    Ok(read_deltas(r, n, first)?.into_iter().map(|value| gap.open(value)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::codec::error::Part;
    use proptest::prelude::*;

    fn written(values: &[i64]) -> (Vec<u8>, Vec<u8>) {
        let mut w = Writer::default();
        write(&mut w, values);
        w.finish()
    }

    fn back(values: &[i64]) -> Vec<i64> {
        let (bytes, bits) = written(values);
        let mut r = Reader::new(&bytes, &bits, 0, Part::Body);
        let out = read(&mut r, values.len()).unwrap();
        r.finish().unwrap();
        out
    }

    /// The first byte of a column, and all that it takes.
    fn cost(values: impl IntoIterator<Item = i64>) -> (u8, usize) {
        let (bytes, bits) = written(&values.into_iter().collect::<Vec<_>>());
        (bytes[0], bytes.len() + bits.len())
    }

    fn scattered(n: i64) -> i64 {
        let n = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (n ^ n >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) as i64
    }

    #[test]
    fn each_coding_has_its_data() {
        assert_eq!(cost([0; 100]), (0x00, 1));
        assert_eq!(cost([7; 100]), (0x01, 2));
        assert_eq!(cost([0x1234_5678, 0x2345_6789, 0x3123_4567, 0x0fff_ffff]).0, 0x03);
        assert_eq!(cost((0..1000).map(|n| scattered(n) >> 40)).0, 0x04, "evenly spread");
        assert_eq!(cost((0..1000).map(|n| n * 600_000 + 5)), (0x11, 5), "an even pace");
        let mut ids: Vec<i64> = (0..1000).map(|n| scattered(n) >> 32).collect();
        ids.sort_unstable();
        let (first, len) = cost(ids);
        assert!(first == 0x15 && len < 3_000, "gaps between random numbers: {first:#x}, {len}");
        assert_eq!(cost((0..1000).map(|n| scattered(n % 20))).0, 0x07, "repeated");
        assert_eq!(cost((0..1000).map(|n| i64::from(scattered(n) % 30 == 0))).0, 0x02, "for zstd");
    }

    /// The version stands in the midst of an id's random bits, and cost as much as they.
    #[test]
    fn what_all_have_in_common_is_written_once() {
        let ids = |common: u64, fixed: u64| {
            let mut ids: Vec<u64> = (0..1000).map(|n| scattered(n) as u64 & !common | fixed).collect();
            ids.sort_unstable();
            cost(ids.into_iter().map(|id| id as i64))
        };
        let ((_, random), (first, versioned)) = (ids(0, 0), ids(0xf000, 0x4000));
        assert!(first == 0x08 && versioned + 490 < random, "{first:#x}: {versioned} bytes, {random} without a version");
        assert_eq!(ids(0xffff, 0).0, 0x08, "the lowest");
    }

    #[test]
    fn extremes_come_back() {
        let all = [i64::MIN, i64::MAX, 0, -1, 1, i64::MIN, i64::MAX];
        for n in 0..all.len() {
            assert_eq!(back(&all[..n]), all[..n]);
        }
    }

    proptest! {
        #[test]
        fn any_column_comes_back(
            values in proptest::collection::vec(prop_oneof![any::<i64>(), -9..9i64, 1_000_000..1_000_500i64], 0..80),
            shift in 0..63u32,
            sorted in any::<bool>(),
            common in prop_oneof![Just(0), any::<i64>()],
        ) {
            let mut values: Vec<i64> = values.into_iter().map(|v| v >> shift | common).collect();
            if sorted {
                values.sort_unstable();
            }
            prop_assert_eq!(back(&values), values);
        }
    }
}
