//! Columns of values: what one field holds in all records of a group.
//!
//! A tag names the storage class of all values that are not NULL, and how they are written. Its high bit says that a
//! bitmap of the NULLs comes first (the lowest bit of a byte first). Any class may stand in any column: whether it suits the
//! field is judged elsewhere.

mod alike;
pub(in crate::codec) mod beside;
mod coding;
mod gap;
pub(in crate::codec) mod ids;
mod ints;
mod reals;
pub(in crate::codec) mod refs;
pub(in crate::codec) mod stamps;
mod strings;
pub(in crate::codec) mod sums;
mod words;

use self::alike::Manner;
use self::beside::{Beside, Shorter};
use self::ints::Cheapest;
use self::reals::Reals;
use self::refs::{Known, Refs};
use self::strings::Listed;
use self::words::Words;
use crate::codec::read::{Reader, Result};

use crate::codec::rows;
use crate::codec::write::Writer;

use crate::id::RecordId;
use crate::model::{FieldIx, Kind, Schema, TableIx};
use crate::value::Value;

const NULLS: u8 = 0x80;

const EMPTY: u8 = 0;
const INTEGERS: u8 = 1;
const REALS: u8 = 2;
const TEXTS: u8 = 3;
const LISTED_TEXTS: u8 = 4;
const VARIANTS: u8 = 5;
const BLOBS: u8 = 6;
const LISTED_BLOBS: u8 = 7;
const IDS: u8 = 8;
const MIXED: u8 = 9;
const BESIDE: u8 = 10;
const WORDS: u8 = 11;
const ALIKE: u8 = 12;

/// Which field a column is of, and what its values may point to.
#[derive(Debug, Clone, Copy)]
pub(in crate::codec) struct Column<'s> {
    kind: Kind,
    known: &'s [RecordId],
}

impl<'s> Column<'s> {
    pub(in crate::codec) fn new(schema: &Schema, known: &'s Known, table: TableIx, field: FieldIx) -> Column<'s> {
        let parent = schema.parents(table).iter().find(|edge| edge.field == field).map(|edge| edge.parent);
        Column { kind: schema.field(table, field).kind, known: known.of(parent) }
    }

    fn variants(self) -> &'static [&'static str] {
        match self.kind {
            Kind::Enum(variants) => variants,
            _ => &[],
        }
    }

    /// Writes a column, `beside` others of its group.
    pub(in crate::codec) fn write(self, w: &mut Writer, beside: &mut Beside, values: &[&Value]) {
        let some: Vec<&Value> = values.iter().copied().filter(|v| !v.is_null()).collect();
        let coded = Coded::of(self, &some);
        if some.len() == values.len() {
            coded.write_beside(w, beside);
        } else if some.is_empty() {
            w.byte(EMPTY);
        } else {
            w.byte(coded.tag() | NULLS);
            write_bitmap(w, values);
            coded.write_head(w);
            ints::write(w, coded.integers());
        }
    }

    /// Reads a column of `n` values, `beside` others of its group.
    pub(in crate::codec) fn read(self, r: &mut Reader<'_>, beside: &mut Beside, n: usize) -> Result<Vec<Value>> {
        let (values, places) = match r.byte()? {
            BESIDE => (beside.read(r, n)?, None),
            ALIKE => self.read_alike(r, beside, n)?,
            tag if tag & NULLS == 0 => self.read_some(r, tag, n, Manner::Alone)?,
            tag => (self.read_with_nulls(r, tag, n)?, None),
        };
        if let Some(integers) = values.iter().map(Value::as_integer).collect() {
            beside.add(integers);
        }
        if let Some(places) = places {
            beside.list(&places);
        }
        Ok(values)
    }

    fn read_alike(self, r: &mut Reader<'_>, beside: &Beside, n: usize) -> Result<Filled> {
        let manner = beside.manner(r)?;
        match r.byte()? {
            tag @ (INTEGERS | REALS | LISTED_TEXTS | VARIANTS | LISTED_BLOBS | IDS) => {
                self.read_some(r, tag, n, manner)
            }
            _ => r.malformed("not a kind of column whose values are alike"),
        }
    }

    fn read_with_nulls(self, r: &mut Reader<'_>, tag: u8, n: usize) -> Result<Vec<Value>> {
        let bitmap = r.slice(n.div_ceil(8))?;
        let is_null = |i: usize| bitmap[i / 8] >> (i % 8) & 1 == 1;
        let nulls = (0..n).filter(|&i| is_null(i)).count();
        let (some, _) = self.read_some(r, tag & !NULLS, n - nulls, Manner::Alone)?;
        let mut some = some.into_iter();
        Ok((0..n).map(|i| if is_null(i) { Value::Null } else { some.next().unwrap_or_default() }).collect())
    }

    fn read_some(self, r: &mut Reader<'_>, tag: u8, n: usize, manner: Manner<'_>) -> Result<Filled> {
        let values = match tag {
            EMPTY => vec![Value::Null; n],
            INTEGERS => manner.read(r, n)?.into_iter().map(Value::Integer).collect(),
            REALS => reals::read(r, n, manner)?.into_iter().map(Value::Real).collect(),
            TEXTS => owned(&strings::read(r, n)?, r, rows::text)?,
            WORDS => words::read(r, n)?,
            BLOBS => owned(&strings::read(r, n)?, r, rows::blob)?,
            MIXED => (0..n).map(|_| rows::read_value(r)).collect::<Result<_>>()?,
            _ => return self.read_listed(r, tag, n, manner).map(|(values, places)| (values, Some(places))),
        };
        Ok((values, None))
    }

    /// Values, and their places in a list.
    fn read_listed(self, r: &mut Reader<'_>, tag: u8, n: usize, manner: Manner<'_>) -> Result<(Vec<Value>, Vec<i64>)> {
        if tag == IDS {
            let (ids, places) = refs::read(r, self.known, n, manner)?;
            return Ok((owned(&ids, r, |r, id| rows::blob(r, &id.0))?, places));
        }
        let (strings, places) = match tag {
            LISTED_TEXTS | LISTED_BLOBS => strings::read_listed(r, n, manner)?,
            VARIANTS => self.read_variants(r, n, manner)?,
            _ => return r.malformed("an unknown kind of column"),
        };
        let of = if tag == LISTED_BLOBS { rows::blob } else { rows::text };
        Ok((owned(&strings, r, of)?, places))
    }

    fn read_variants(self, r: &mut Reader<'_>, n: usize, manner: Manner<'_>) -> Result<(Vec<&'static [u8]>, Vec<i64>)> {
        let places = manner.read(r, n)?;
        let variant = |place: &i64| strings::at(r, self.variants(), *place).map(|variant| variant.as_bytes());
        let variants = places.iter().map(variant).collect::<Result<_>>()?;
        Ok((variants, places))
    }
}

/// Values, and their places where they are listed.
type Filled = (Vec<Value>, Option<Vec<i64>>);

fn owned<T: Copy>(all: &[T], r: &mut Reader<'_>, of: fn(&mut Reader<'_>, T) -> Result<Value>) -> Result<Vec<Value>> {
    all.iter().map(|&one| of(r, one)).collect()
}

fn write_bitmap(w: &mut Writer, values: &[&Value]) {
    for eight in values.chunks(8) {
        let bits = eight.iter().zip(0..).map(|(v, bit)| u8::from(v.is_null()) << bit);
        w.byte(bits.sum());
    }
}

/// The values of a column that are not NULL, as they will be written.
#[derive(Debug)]
enum Coded<'v> {
    Empty,
    Integers(Vec<i64>),
    Reals(Reals),
    Variants(Vec<i64>),
    Words(Words<'v>),
    Strings { tag: u8, all: Vec<&'v [u8]> },
    Listed { tag: u8, listed: Listed<'v> },
    Ids(Refs),
    Mixed(&'v [&'v Value]),
}

impl<'v> Coded<'v> {
    fn of(column: Column<'_>, values: &'v [&'v Value]) -> Coded<'v> {
        let coded = match values.first() {
            None | Some(Value::Null) => Some(Coded::Empty),
            Some(Value::Integer(_)) => all(values, Value::as_integer).map(Coded::Integers),
            Some(Value::Real(_)) => all(values, as_real).map(|reals| Coded::Reals(Reals::of(&reals))),
            Some(Value::Text(_)) => all(values, as_text).map(|texts| Coded::of_texts(column, texts)),
            Some(Value::Blob(_)) => all(values, as_blob).map(|blobs| Coded::of_blobs(column, blobs)),
        };
        coded.unwrap_or(Coded::Mixed(values))
    }

    fn of_texts(column: Column<'_>, texts: Vec<&'v str>) -> Coded<'v> {
        let variants = column.variants();
        let place = |text: &&str| variants.iter().position(|v| v == text).map(|place| place as i64);
        if let Some(places) = texts.iter().map(place).collect() {
            return Coded::Variants(places);
        }
        match Coded::of_strings(TEXTS, texts.into_iter().map(str::as_bytes).collect()) {
            Coded::Strings { tag, all } => Words::of(&all).map_or(Coded::Strings { tag, all }, Coded::Words),
            listed => listed,
        }
    }

    fn of_blobs(column: Column<'_>, blobs: Vec<&'v [u8]>) -> Coded<'v> {
        match blobs.iter().map(|blob| RecordId::from_slice(blob)).collect::<Option<Vec<_>>>() {
            Some(ids) => Coded::Ids(Refs::of(column.known, &ids)),
            None => Coded::of_strings(BLOBS, blobs),
        }
    }

    /// `tag` is that of strings that are not listed; that of listed ones comes after it.
    fn of_strings(tag: u8, all: Vec<&'v [u8]>) -> Coded<'v> {
        match Listed::of(&all) {
            Some(listed) => Coded::Listed { tag: tag + 1, listed },
            None => Coded::Strings { tag, all },
        }
    }

    fn tag(&self) -> u8 {
        match self {
            Coded::Empty => EMPTY,
            Coded::Integers(_) => INTEGERS,
            Coded::Reals(_) => REALS,
            Coded::Variants(_) => VARIANTS,
            Coded::Words(_) => WORDS,
            Coded::Strings { tag, .. } | Coded::Listed { tag, .. } => *tag,
            Coded::Ids(_) => IDS,
            Coded::Mixed(_) => MIXED,
        }
    }

    /// The integers that are written last; none where there are none.
    fn integers(&self) -> &[i64] {
        match self {
            Coded::Integers(values) => values,
            Coded::Reals(reals) => &reals.integers,
            Coded::Ids(refs) if !refs.several() => &[],
            _ => self.places().unwrap_or(&[]),
        }
    }

    /// Where the values stand in their list.
    fn places(&self) -> Option<&[i64]> {
        match self {
            Coded::Variants(places) => Some(places),
            Coded::Listed { listed, .. } => Some(&listed.places),
            Coded::Ids(refs) => Some(&refs.places),
            _ => None,
        }
    }

    /// Writes what stands between the tag and the integers.
    fn write_head(&self, w: &mut Writer) {
        match self {
            Coded::Empty | Coded::Integers(_) | Coded::Variants(_) => {}
            Coded::Reals(reals) => reals.write_places(w),
            Coded::Words(words) => words.write(w),
            Coded::Strings { all, .. } => strings::write(w, all),
            Coded::Listed { listed, .. } => listed.write_distinct(w),
            Coded::Ids(refs) => refs.write_distinct(w),
            Coded::Mixed(values) => values.iter().for_each(|value| rows::write_value(w, value)),
        }
    }

    /// Writes a column without NULLs as it is shortest, by itself or beside an earlier one.
    fn write_beside(self, w: &mut Writer, beside: &mut Beside) {
        let values = matches!(self, Coded::Integers(_));
        let alone = Cheapest::of(self.integers());
        match beside.shorter(self.integers(), alone.cost(), values) {
            Some(Shorter::Distances(place, distances)) => {
                w.byte(BESIDE);
                w.count(place);
                distances.write(w);
            }
            Some(Shorter::Alike(place, parts)) => {
                w.byte(ALIKE);
                w.count(place);
                w.byte(self.tag());
                self.write_head(w);
                parts.iter().for_each(|part| part.write(w));
            }
            None => {
                w.byte(self.tag());
                self.write_head(w);
                alone.write(w);
            }
        }
        match self {
            Coded::Integers(integers) => beside.add(integers),
            coded => coded.places().into_iter().for_each(|places| beside.list(places)),
        }
    }
}

/// All values as one class; `None` where one is of another.
fn all<'v, T>(values: &[&'v Value], one: impl Fn(&'v Value) -> Option<T>) -> Option<Vec<T>> {
    values.iter().map(|value| one(value)).collect()
}

fn as_real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(x) => Some(*x),
        _ => None,
    }
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn as_blob(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Blob(bytes) => Some(bytes),
        _ => None,
    }
}
