//! Columns in every coding: the shortest that have something to go wrong. The encoder takes the cheapest, so that for
//! integers the columns are written by hand.

use crate::domain::{FARM, change, changeset, id, page, schema, text, writes};
use windrow_protocol::change::What;
use windrow_protocol::codec::{Effort, Limits, decode_changeset, decode_page, encode_changeset, encode_page};
use windrow_protocol::told::{News, Told};
use windrow_protocol::value::Value;

/// Rows of each column.
const ROWS: usize = 8;
const SEEN: usize = 6;

/// Messages with one column each, by names.
pub(crate) fn pages() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (n, (column, bits)) in integers().into_iter().enumerate() {
        all.push((format!("integers-{n}-coding-{:02x}", column[0]), with_column(&[&[1], &column[..]].concat(), &bits)));
    }
    all.push(("column-words".to_owned(), with_column(&words(), &[])));
    all.extend(classes().map(|(name, field, values)| (format!("column-{name}"), told(field, &values))));
    for (name, delta) in [("narrow", 3), ("wide", i128::MAX - 3)] {
        let one = |n: usize| writes(change(FARM, id(n as u128)), [(1, What::Add(delta + n as i128 % 3))]);
        let bytes = encode_changeset(&schema(), &changeset((0..ROWS).map(one).collect()), &[], Effort::Page);
        assert!(decode_changeset(&schema(), &bytes, &Limits::default()).is_ok());
        all.push((format!("differences-{name}"), bytes));
    }
    all
}

/// A page that tells this field of some farms.
fn told(field: usize, values: &[Value]) -> Vec<u8> {
    let one = |(n, value): (usize, &Value)| {
        let what = News::Patch(vec![(field, value.clone())]);
        Told { table: FARM, id: id(n as u128 + 1), held: false, what, conflicts: None }
    };
    encode_page(&schema(), &page(values.iter().enumerate().map(one).collect()), &[], Effort::Page)
}

/// The same with this column in the place of zeros.
fn with_column(column: &[u8], bits: &[u8]) -> Vec<u8> {
    let head = encode_page(&schema(), &page(vec![]), &[], Effort::Page).len() - 1;
    let zeros = told(SEEN, &vec![Value::Integer(0); ROWS]);
    let body = zeros[head + 1..].strip_suffix(&[1, 0]).expect("integers that are zero");
    assert_eq!(usize::from(zeros[head]), body.len() + 2, "neither bits nor compression");
    let len = u8::try_from(body.len() + column.len()).expect("a short body");
    let bytes = [&zeros[..head], &[len], body, column, bits].concat();
    decode_page(&schema(), &bytes, &Limits::default()).expect("a page");
    bytes
}

/// First byte, parameters and what else is among the bytes; and the bits. As `codec` describes them.
fn integers() -> Vec<(Vec<u8>, Vec<u8>)> {
    let varints = |n| (0..n).map(|n| n as u8 * 3).collect::<Vec<_>>();
    let small = |width| bits(&[1, 0, 2, 3, 1, 2, 0, 1], width);
    let column = |first: &[u8], rest: Vec<u8>, bits| ([first, &rest].concat(), bits);
    vec![
        column(&[0x00], vec![], vec![]),
        column(&[0x01, 10], vec![], vec![]),
        column(&[0x02], varints(ROWS), vec![]),
        column(&[0x03, 2], vec![], small(2)),
        // Up to 10: three bits for those below 5.
        column(&[0x04, 9, 10], vec![], small(3)),
        // One bit of quotient, two of remainder.
        column(&[0x05, 9, 2], vec![], bits(&[0, 2, 4, 6, 0, 2, 4, 6], 3)),
        column(&[0x06, 2], vec![], bits(&[0, 2, 4, 6, 0, 2, 4, 6], 3)),
        // Four distinct values, and the place of each.
        column(&[0x07, 4, 0x02, 2, 9, 40, 77, 0x03, 2], vec![], small(2)),
        column(&[0x07, 2, 0x02, 2, 9, 0x02], vec![0, 2, 0, 0, 2, 2, 0, 2], vec![]),
        column(&[0x11, 7, 2], vec![], vec![]),
        column(&[0x12, 7], varints(ROWS - 1), vec![]),
        column(&[0x15, 7, 2, 1], vec![], bits(&[0, 2, 0, 2, 0, 2, 0], 2)),
        column(&[0x22, 7, 5], varints(ROWS - 2), vec![]),
        column(&[0x26, 7, 5, 1], vec![], bits(&[0, 2, 0, 2, 0, 2], 2)),
        // Three bits that are 5 in all stand above the two lowest.
        column(&[0x08, 2, 3, 5, 0x03, 2], vec![], small(2)),
    ]
}

/// Texts of two listed words and two that are spelled.
fn words() -> Vec<u8> {
    let lists = [&[11, 2][..], b"a b ", &[2], b"c d "].concat();
    let texts: [&[u8]; ROWS] = [&[2], &[3, 2], &[1], &[], &[2, 2, 2], &[1, 3], &[3], &[2]];
    lists.into_iter().chain(texts.into_iter().flat_map(|text| text.iter().copied().chain([0]))).collect()
}

/// Numbers of so many bits each, low bits first.
fn bits(all: &[u64], width: usize) -> Vec<u8> {
    let mut out = vec![0; (all.len() * width).div_ceil(8)];
    let places = (0..all.len() * width).filter(|at| all[at / width] >> (at % width) & 1 == 1);
    places.for_each(|at| out[at / 8] |= 1 << (at % 8));
    out
}

/// Values that the encoder writes in every class of columns.
fn classes() -> impl Iterator<Item = (&'static str, usize, Vec<Value>)> {
    let of = |f: fn(usize) -> Value| (0..ROWS).map(f).collect::<Vec<_>>();
    let all: [(&str, usize, Vec<Value>); 12] = [
        ("empty", 0, of(|_| Value::Null)),
        ("integers", SEEN, of(|n| Value::Integer(n as i64 * 31 % 7))),
        ("nulls", SEEN, of(|n| if n % 3 == 1 { Value::Null } else { Value::Integer(n as i64) })),
        ("decimals", 4, of(|n| Value::Real(n as f64 / 100.0))),
        ("reals", 4, of(|n| Value::Real(1.0 / (n as f64 + 3.0)))),
        ("texts", 0, of(|n| text(&"abcdefghij"[n..n + 2]))),
        ("texts-listed", 0, of(|n| text(["barley", "maize"][n % 2]))),
        ("variants", 8, of(|n| text(["draft", "submitted", "verified"][n % 3]))),
        ("blobs", 5, of(|n| Value::Blob(vec![n as u8; n]))),
        ("blobs-listed", 5, of(|n| Value::Blob(vec![n as u8 % 2; 5]))),
        ("ids", 5, of(|n| Value::Blob(id(n as u128 % 3).0.to_vec()))),
        ("mixed", 9, of(|n| [Value::Integer(7), Value::Real(0.5), text("x"), Value::Blob(vec![1])][n % 4].clone())),
    ];
    all.into_iter()
}
