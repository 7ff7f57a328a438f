//! Shortened ids: what names one record comes back whole, what does not is noticed.

use crate::domain::{FARM, change, changeset, id, schema, writes};
use std::collections::BTreeSet;
use windrow_protocol::change::{Changeset, What};
use windrow_protocol::codec::{Ambiguous, DecodeError, Effort, Limits, decode_changeset, encode_changeset};
use windrow_protocol::id::RecordId;
use windrow_protocol::model::TableIx;

/// Finds the one record in a range, as a hub does.
pub(crate) fn finder(
    keys: impl IntoIterator<Item = (TableIx, RecordId)>,
) -> impl FnMut(TableIx, RecordId, RecordId) -> Option<RecordId> {
    let keys: BTreeSet<_> = keys.into_iter().collect();
    move |table, low, high| {
        let mut found = keys.range((table, low)..=(table, high));
        let (first, second) = (found.next(), found.next());
        first.filter(|_| second.is_none()).map(|(_, id)| *id)
    }
}

/// How many leading bits tell each record from the others of its table; at least so many.
pub(crate) fn lens(keys: &[(TableIx, RecordId)], least: u8) -> Vec<u8> {
    let same = |a: &RecordId, b: &RecordId| (u128::from_be_bytes(a.0) ^ u128::from_be_bytes(b.0)).leading_zeros() as u8;
    let one = |(table, id): &(TableIx, RecordId)| {
        let others = keys.iter().filter(|other| other.0 == *table && other.1 != *id);
        others.map(|(_, other)| same(id, other) + 1).max().unwrap_or(1).max(least)
    };
    keys.iter().map(one).collect()
}

fn edits(ids: &[u128]) -> Changeset {
    changeset(ids.iter().map(|n| writes(change(FARM, id(*n)), [(1, What::Add(3))])).collect())
}

fn encoded(ids: &[u128], len: u8) -> Vec<u8> {
    encode_changeset(&schema(), &edits(ids), &vec![len; ids.len()], Effort::Upload)
}

const A: u128 = 0x11111111_00000000_00000000_00000001;
const B: u128 = 0x22222222_00000000_00000000_00000002;
/// Begins like A.
const A2: u128 = 0x11111111_00000000_00000000_00000009;

fn resolve(bytes: &[u8], held: &[u128]) -> Result<Changeset, Ambiguous> {
    let decoded = decode_changeset(&schema(), bytes, &Limits::default()).unwrap();
    decoded.resolve(finder(held.iter().map(|n| (FARM, id(*n)))))
}

#[test]
fn shortened_ids_come_back_whole() {
    let bytes = encoded(&[A, B], 32);
    assert_eq!(resolve(&bytes, &[A, B, 7]), Ok(edits(&[A, B])));
    let decoded = decode_changeset(&schema(), &bytes, &Limits::default()).unwrap();
    let ranges: Vec<_> = decoded.shortened().map(|(table, short)| (table, short.low(), short.high())).collect();
    let range = |n: u128| (FARM, id(n & !(u128::MAX >> 32)), id(n | u128::MAX >> 32));
    assert_eq!(ranges, [range(A), range(B)]);
    assert_eq!(decoded.unresolved().upto, edits(&[]).upto);
}

#[test]
fn an_id_that_names_none_or_several_is_ambiguous() {
    assert_eq!(resolve(&encoded(&[A, B], 32), &[A]), Err(Ambiguous));
    assert_eq!(resolve(&encoded(&[A, B], 32), &[A, A2, B]), Err(Ambiguous));
}

#[test]
fn another_record_under_the_same_bytes_is_noticed() {
    assert_eq!(resolve(&encoded(&[A, B], 32), &[A2, B]), Err(Ambiguous));
}

#[test]
fn an_answer_outside_the_range_is_refused() {
    let decoded = decode_changeset(&schema(), &encoded(&[A], 32), &Limits::default()).unwrap();
    assert_eq!(decoded.resolve(|_, _, _| Some(id(B))), Err(Ambiguous));
}

#[test]
fn whole_ids_ask_nobody() {
    let decoded = decode_changeset(&schema(), &encoded(&[A, A2, B], 128), &Limits::default()).unwrap();
    assert_eq!(decoded.resolve(|_, _, _| panic!("asked")), Ok(edits(&[A, A2, B])));
}

#[test]
fn two_changes_of_one_record_are_refused() {
    assert_eq!(resolve(&encoded(&[A, A], 32), &[A]), Err(Ambiguous));
    let decoded = decode_changeset(&schema(), &encoded(&[A, A], 128), &Limits::default());
    assert!(matches!(decoded, Err(DecodeError::Malformed(_, "a record that is named twice"))));
}
