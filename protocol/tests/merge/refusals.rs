use crate::hub::{FARM, Hub, PART, Say, at, change, int, key, refers, sent, seq};
use std::collections::HashSet;
use windrow_protocol::change::{Change, Changeset};
use windrow_protocol::clock::{Mark, Point};
use windrow_protocol::id::RecordId;
use windrow_protocol::merge::MOST_REFUSALS;
use windrow_protocol::message::{Past, ProblemKind, RefusalCode};
use windrow_protocol::value::Value;

fn new_farm(n: u8, herd: i128) -> Change {
    change(key(FARM, n), 0, at(0)).born().set(0, int(0)).add(1, herd).set(2, int(0)).set(3, int(0))
}

fn refused(hub: &mut Hub, change: Change) -> (RefusalCode, String) {
    let before = hub.records.clone();
    let refusals = hub.try_commit(sent(9, 1, vec![change])).unwrap_err();
    assert_eq!(hub.records, before, "nothing of a refused changeset is applied");
    assert_eq!(refusals.len(), 1);
    (refusals[0].code, refusals[0].sentence.clone())
}

#[test]
fn a_sum_that_would_overflow_is_refused_and_never_rounded() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(1, i128::from(i64::MAX))]));
    let (code, sentence) = refused(&mut hub, change(key(FARM, 1), 1, at(1)).add(1, 1));
    assert_eq!(code, RefusalCode::Overflow);
    assert!(
        sentence.starts_with("farm 01010101-0101-0101-0101-010101010101, field herd: the sum would leave"),
        "{sentence}"
    );
    hub.commit(sent(1, 1, vec![change(key(FARM, 1), 1, at(2)).add(1, -1)]));
    assert_eq!(hub.shows(key(FARM, 1), 1), int(i64::MAX - 1));
}

/// Differences may add up to more than the field holds, as long as the total is within.
#[test]
fn a_difference_wider_than_the_field_counts() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(1, i128::from(i64::MIN))]));
    hub.commit(sent(1, 1, vec![change(key(FARM, 1), 1, at(1)).add(1, i128::from(u64::MAX))]));
    assert_eq!(hub.shows(key(FARM, 1), 1), int(i64::MAX));
}

#[test]
fn what_does_not_fit_is_refused_with_record_field_and_remedy() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(1, 0)]));
    let of = |n| change(key(FARM, n), 1, at(1));
    let cases = [
        (of(1).set(3, int(128)), RefusalCode::WrongType, "not of the field's type or range"),
        (of(1).set(3, Value::Text("7".into())), RefusalCode::WrongType, "not of the field's type or range"),
        (of(1).set(3, Value::Null), RefusalCode::Missing, "required"),
        (of(1).set(1, int(5)), RefusalCode::WrongStrategy, "different strategies"),
        (of(1).add(0, 5), RefusalCode::WrongStrategy, "different strategies"),
        (of(2).set(0, int(5)), RefusalCode::UnknownRecord, "insert it again"),
        (of(2).born().set(0, int(5)), RefusalCode::Missing, "required"),
        (change(key(PART, 3), 1, at(1)).born().set(0, refers(77)), RefusalCode::UnknownParent, "which nobody knows"),
    ];
    for (change, expected, words) in cases {
        let (code, sentence) = refused(&mut hub, change);
        assert_eq!(code, expected, "{sentence}");
        assert!(sentence.contains(words), "{sentence}");
    }
}

/// A base from the future would make a device know of deaths and candidates that it never saw.
#[test]
fn stamps_and_bases_ahead_of_the_device_are_no_changeset() {
    let past = Past { given: HashSet::from([point(3)]), ..Past::default() };
    let fine = || sent(1, 3, vec![change(key(FARM, 1), 3, at(5)).set(0, int(1))]);
    assert_eq!(past.continues(&fine()).unwrap(), None);
    let spoilt: [fn(&mut Changeset); 5] = [
        |c| c.changes[0].base = seq(4),
        |c| c.changes[0].hlc = at(6),
        |c| c.changes[0].writes[0].base = seq(4),
        |c| c.changes[0].writes[0].hlc = at(6),
        |c| c.upto = at(4),
    ];
    for spoil in spoilt {
        let mut changeset = fine();
        spoil(&mut changeset);
        assert_eq!(past.continues(&changeset).unwrap_err().kind, ProblemKind::Malformed, "{changeset:?}");
    }
}

fn point(n: u64) -> Point {
    Point { seq: seq(n), mark: Mark(1) }
}

#[test]
fn all_refusals_come_at_once() {
    let mut hub = Hub::new();
    let unknown = |n| change(key(FARM, n), 0, at(1)).set(0, int(5));
    let refusals = hub.try_commit(sent(1, 0, vec![unknown(1), new_farm(2, 0), unknown(3)])).unwrap_err();
    let keys: Vec<_> = refusals.iter().map(|r| r.key).collect();
    assert_eq!(keys, [key(FARM, 1), key(FARM, 3)]);
}

/// A difference may claim 128 bits: adding it to the total overflowed in the hub's own arithmetic.
#[test]
fn a_difference_at_the_end_of_its_range_overflows_and_breaks_nothing() {
    let mut hub = Hub::new();
    let farm =
        |hlc, herd| change(key(FARM, 1), 0, hlc).born().set(0, int(0)).add(1, herd).set(2, int(0)).set(3, int(0));
    hub.commit(sent(1, 0, vec![farm(at(1), 5)]));
    for herd in [i128::MAX, i128::MIN] {
        let refusals = hub.try_commit(sent(2, 1, vec![change(key(FARM, 1), 1, at(2)).add(1, herd)])).unwrap_err();
        assert_eq!(refusals[0].code, RefusalCode::Overflow);
    }
    hub.commit(sent(1, 1, vec![change(key(FARM, 1), 1, at(3)).add(1, -6)]));
    assert!(hub.try_commit(sent(2, 2, vec![change(key(FARM, 1), 2, at(4)).add(1, i128::MIN)])).is_err());
}

/// A peer sent a hundred bytes that were a hundred thousand changes of records that nobody knows, and the hub built as many
/// sentences to answer it. It says the first ten thousand; without those, the same request is told the next.
#[test]
fn refusals_come_in_portions() {
    let mut hub = Hub::new();
    let unknown = |n: u32| change((FARM, RecordId(u128::from(n).to_be_bytes())), 0, at(1)).set(0, int(5));
    let mut changes: Vec<Change> = (0..MOST_REFUSALS as u32 + 7).map(unknown).collect();
    let refusals = hub.try_commit(sent(1, 0, changes.clone())).unwrap_err();
    let first = changes.drain(..MOST_REFUSALS).map(|change| change.key());
    assert!(refusals.iter().map(|refusal| refusal.key).eq(first));
    assert_eq!(hub.try_commit(sent(1, 0, changes)).unwrap_err().len(), 7);
    let overflows = |n: u32| {
        let born = change((FARM, RecordId(u128::from(n).to_be_bytes())), 0, at(1)).born();
        born.set(0, int(0)).add(1, i128::MAX).set(2, int(0)).set(3, int(0))
    };
    let refusals = hub.try_commit(sent(1, 0, (0..MOST_REFUSALS as u32 + 7).map(overflows).collect())).unwrap_err();
    assert_eq!(refusals.len(), MOST_REFUSALS);
}
