//! Records that refer to each other in a ring, or in a very long chain: a peer may send both.

use crate::hub::{Hub, LINK, PART, Say, at, change, key, refers, sent, seq};
use windrow_protocol::change::{Change, End};
use windrow_protocol::fold::net_changes;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::{Entry, Op};
use windrow_protocol::message::RefusalCode;
use windrow_protocol::value::Value;

fn part(n: u8, within: u8) -> Change {
    change(key(PART, n), 0, at(0)).born().set(0, refers(within))
}

/// SQLite deletes a ring as a whole, each row because another went: nobody's delete would reach the hub.
#[test]
fn of_a_ring_that_went_by_cascade_the_last_is_sent_as_deleted() {
    let hub = Hub::new();
    let gone = |n: u8, within: u8, i: i64| {
        let op = Op::Cascade { last: vec![refers(within)], via: 0 };
        Entry { hlc: at(i), table: PART, id: RecordId([n; 16]), base: seq(1), op }
    };
    // 3 hangs below the ring of 1 and 2. Foreign keys act before the trigger of what made them act: 2 was deleted.
    let changes = net_changes(&hub.schema, [gone(3, 1, 1), gone(1, 2, 2), gone(2, 1, 3)]);
    let ends: Vec<_> = changes.iter().map(|c| c.end).collect();
    assert_eq!(ends, [End::Cascade, End::Delete, End::Cascade]);
}

/// Somebody inserted a part, closed a ring with it, deleted it again, and inserted one of the others anew. By then the ring
/// could not be seen any more: the part that was born and dead offline was sent, as gone with its parent, and came to life
/// when somebody else had edited that parent. World 33 of the simulator.
#[test]
fn who_was_deleted_in_a_ring_is_known_though_another_came_back() {
    let hub = Hub::new();
    let entry = |n: u8, i: i64, op: Op| Entry { hlc: at(i), table: PART, id: RecordId([n; 16]), base: seq(1), op };
    let gone = |n: u8, within: u8, i: i64| entry(n, i, Op::Cascade { last: vec![refers(within)], via: 0 });
    let changes = net_changes(
        &hub.schema,
        [
            entry(3, 1, Op::Insert(vec![refers(2)])),
            entry(1, 2, Op::Update(vec![(0, refers(3))])),
            gone(1, 3, 3),
            gone(2, 1, 4),
            gone(3, 2, 5),
            entry(1, 6, Op::Insert(vec![Value::Null])),
        ],
    );
    let ends: Vec<_> = changes.iter().map(|c| (c.id.0[0], c.end)).collect();
    assert_eq!(ends, [(1, End::Alive), (2, End::Delete)], "3 was never the hub's, and is not sent");
}

#[test]
fn a_ring_lives_and_dies_together() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![part(1, 2), part(2, 3), part(3, 1), part(4, 3)]));
    assert!((1..=4).all(|n| hub.record(key(PART, n)).alive));
    hub.commit(sent(1, 1, vec![change(key(PART, 1), 1, at(1)).deleted()]));
    assert!((1..=4).all(|n| !hub.record(key(PART, n)).alive));
    // An edit that the deleter had not seen brings the whole ring back with it.
    hub.commit(sent(2, 1, vec![change(key(PART, 1), 1, at(2)).set(0, refers(4))]));
    assert!((1..=4).all(|n| hub.record(key(PART, n)).alive), "the edit wins over the delete");
}

/// Judging a record asks its children, and theirs: without a bound the hub's stack would be a peer's to break.
#[test]
fn a_chain_too_long_is_refused_and_breaks_nothing() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, (0..600).map(|n| chained(PART, n)).collect()));
    let root = change((PART, id(0)), 1, at(1)).deleted();
    let refusals = hub.try_commit(sent(1, 1, vec![root])).unwrap_err();
    assert_eq!(refusals[0].code, RefusalCode::TooDeep);
    assert!(refusals[0].sentence.contains("shorten the chain"), "{}", refusals[0].sentence);
    // Further down it is short enough.
    hub.commit(sent(1, 1, vec![change((PART, id(500)), 1, at(2)).deleted()]));
    assert!(!hub.record((PART, id(599))).alive);
    assert!(hub.record((PART, id(499))).alive);
}

#[test]
fn what_the_next_record_needs_is_told_without_walking_the_chain() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, (0..2_000).map(|n| chained(LINK, n)).collect()));
    hub.commit(sent(1, 1, vec![change((LINK, id(0)), 1, at(1)).deleted()]));
    assert!(hub.record((LINK, id(0))).alive, "the next one holds it");
    hub.commit(sent(1, 2, vec![change((LINK, id(1_999)), 2, at(2)).deleted()]));
    assert!(!hub.record((LINK, id(1_999))).alive);
}

fn id(n: u32) -> RecordId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    RecordId(id)
}

/// A new record that refers to the one before it.
fn chained(table: usize, n: u32) -> Change {
    let before = n.checked_sub(1).map_or(Value::Null, |m| Value::Blob(id(m).0.to_vec()));
    change((table, id(n)), 0, at(0)).born().set(0, before)
}
