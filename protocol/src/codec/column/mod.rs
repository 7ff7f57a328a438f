//! Columns of values: what one field holds in all records of a group.
//!
//! A tag names the storage class of all values that are not NULL, and how they are written. Its high bit says that a
//! bitmap of the NULLs comes first (the lowest bit of a byte first). Any class may stand in any column: whether it suits the
//! field is judged elsewhere.

pub(in crate::codec) mod beside;
mod coding;
pub(in crate::codec) mod ids;
mod ints;
mod reals;
pub(in crate::codec) mod refs;
pub(in crate::codec) mod stamps;
mod strings;
pub(in crate::codec) mod sums;
mod words;

use self::beside::Beside;
use self::ints::Cheapest;
use self::refs::Known;
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
        let nulls = some.len() < values.len() && !some.is_empty();
        match Coded::of(self, &some) {
            Coded::Integers(integers) if !nulls => write_integers(w, beside, integers),
            coded => {
                w.byte(coded.tag() | if nulls { NULLS } else { 0 });
                if nulls {
                    write_bitmap(w, values);
                }
                coded.write(w, self);
            }
        }
    }

    /// Reads a column of `n` values, `beside` others of its group.
    pub(in crate::codec) fn read(self, r: &mut Reader<'_>, beside: &mut Beside, n: usize) -> Result<Vec<Value>> {
        let values = match r.byte()? {
            BESIDE => beside.read(r, n)?,
            tag if tag & NULLS == 0 => self.read_some(r, tag, n)?,
            tag => self.read_with_nulls(r, tag, n)?,
        };
        if let Some(integers) = values.iter().map(Value::as_integer).collect() {
            beside.add(integers);
        }
        Ok(values)
    }

    fn read_with_nulls(self, r: &mut Reader<'_>, tag: u8, n: usize) -> Result<Vec<Value>> {
        let bitmap = r.slice(n.div_ceil(8))?;
        let is_null = |i: usize| bitmap[i / 8] >> (i % 8) & 1 == 1;
        let nulls = (0..n).filter(|&i| is_null(i)).count();
        let mut some = self.read_some(r, tag & !NULLS, n - nulls)?.into_iter();
        Ok((0..n).map(|i| if is_null(i) { Value::Null } else { some.next().unwrap_or_default() }).collect())
    }

    fn read_some(self, r: &mut Reader<'_>, tag: u8, n: usize) -> Result<Vec<Value>> {
        Ok(match tag {
            EMPTY => vec![Value::Null; n],
            INTEGERS => ints::read(r, n)?.into_iter().map(Value::Integer).collect(),
            REALS => reals::read(r, n)?.into_iter().map(Value::Real).collect(),
            TEXTS => owned(strings::read(r, n)?, r, rows::text)?,
            LISTED_TEXTS => owned(strings::read_listed(r, n)?, r, rows::text)?,
            VARIANTS => owned(self.read_variants(r, n)?, r, rows::text)?,
            WORDS => words::read(r, n)?,
            BLOBS => owned(strings::read(r, n)?, r, rows::blob)?,
            LISTED_BLOBS => owned(strings::read_listed(r, n)?, r, rows::blob)?,
            IDS => refs::read(r, self.known, n)?.iter().map(|id| rows::blob(r, &id.0)).collect::<Result<_>>()?,
            MIXED => (0..n).map(|_| rows::read_value(r)).collect::<Result<_>>()?,
            _ => return r.malformed("an unknown kind of column"),
        })
    }

    fn read_variants(self, r: &mut Reader<'_>, n: usize) -> Result<Vec<&'static [u8]>> {
        let variants = self.variants();
        let places = ints::read(r, n)?;
        places.into_iter().map(|place| Ok(strings::at(r, variants, place)?.as_bytes())).collect()
    }
}

/// Writes a column of integers without NULLs, by themselves or beside an earlier one.
fn write_integers(w: &mut Writer, beside: &mut Beside, integers: Vec<i64>) {
    let alone = Cheapest::of(&integers);
    match beside.shorter(&integers, alone.cost()) {
        Some((place, distances)) => {
            w.byte(BESIDE);
            w.count(place);
            distances.write(w);
        }
        None => {
            w.byte(INTEGERS);
            alone.write(w);
        }
    }
    beside.add(integers);
}

fn owned(
    strings: Vec<&[u8]>,
    r: &mut Reader<'_>,
    of: fn(&mut Reader<'_>, &[u8]) -> Result<Value>,
) -> Result<Vec<Value>> {
    strings.into_iter().map(|s| of(r, s)).collect()
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
    Reals(Vec<f64>),
    Variants(Vec<i64>),
    Words(Words<'v>),
    Strings { first: u8, all: Vec<&'v [u8]>, distinct: Option<Vec<&'v [u8]>> },
    Ids(Vec<RecordId>),
    Mixed(&'v [&'v Value]),
}

impl<'v> Coded<'v> {
    fn of(column: Column<'_>, values: &'v [&'v Value]) -> Coded<'v> {
        let coded = match values.first() {
            None | Some(Value::Null) => Some(Coded::Empty),
            Some(Value::Integer(_)) => all(values, Value::as_integer).map(Coded::Integers),
            Some(Value::Real(_)) => all(values, as_real).map(Coded::Reals),
            Some(Value::Text(_)) => all(values, as_text).map(|texts| Coded::of_texts(column, texts)),
            Some(Value::Blob(_)) => all(values, as_blob).map(Coded::of_blobs),
        };
        coded.unwrap_or(Coded::Mixed(values))
    }

    fn of_texts(column: Column<'_>, texts: Vec<&'v str>) -> Coded<'v> {
        let variants = column.variants();
        let place = |text: &&str| variants.iter().position(|v| v == text).map(|place| place as i64);
        match texts.iter().map(place).collect() {
            Some(places) => Coded::Variants(places),
            None => Coded::of_words(Coded::of_strings(TEXTS, texts.into_iter().map(str::as_bytes).collect())),
        }
    }

    /// Texts word by word, unless they are shorter otherwise.
    fn of_words(texts: Coded<'v>) -> Coded<'v> {
        match &texts {
            Coded::Strings { all, distinct: None, .. } => Words::of(all).map_or(texts, Coded::Words),
            _ => texts,
        }
    }

    fn of_blobs(blobs: Vec<&'v [u8]>) -> Coded<'v> {
        match blobs.iter().map(|blob| RecordId::from_slice(blob)).collect() {
            Some(ids) => Coded::Ids(ids),
            None => Coded::of_strings(BLOBS, blobs),
        }
    }

    fn of_strings(first: u8, all: Vec<&'v [u8]>) -> Coded<'v> {
        Coded::Strings { first, distinct: strings::repeated(&all), all }
    }

    fn tag(&self) -> u8 {
        match self {
            Coded::Empty => EMPTY,
            Coded::Integers(_) => INTEGERS,
            Coded::Reals(_) => REALS,
            Coded::Variants(_) => VARIANTS,
            Coded::Strings { first, distinct, .. } => first + u8::from(distinct.is_some()),
            Coded::Words(_) => WORDS,
            Coded::Ids(_) => IDS,
            Coded::Mixed(_) => MIXED,
        }
    }

    fn write(&self, w: &mut Writer, column: Column<'_>) {
        match self {
            Coded::Empty => {}
            Coded::Integers(values) | Coded::Variants(values) => ints::write(w, values),
            Coded::Reals(values) => reals::write(w, values),
            Coded::Strings { all, distinct: None, .. } => strings::write(w, all),
            Coded::Strings { all, distinct: Some(distinct), .. } => strings::write_listed(w, distinct, all),
            Coded::Words(words) => words.write(w),
            Coded::Ids(ids) => refs::write(w, column.known, ids),
            Coded::Mixed(values) => values.iter().for_each(|value| rows::write_value(w, value)),
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
