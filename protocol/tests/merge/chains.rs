//! A chain too long, and who is to blame for it.

use crate::hub::{ANIMAL, Hub, PART, Say, at, change, sent};
use windrow_protocol::change::Change;
use windrow_protocol::clock::{Origin, Seq, Stamp};
use windrow_protocol::id::RecordId;
use windrow_protocol::merge::{Merge, Outcome, Step, World};
use windrow_protocol::record::Record;
use windrow_protocol::value::Value;

fn id(n: u32) -> RecordId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    RecordId(id)
}

/// A new part within the one before it.
fn chained(n: u32) -> Change {
    let before = n.checked_sub(1).map_or(Value::Null, |m| Value::Blob(id(m).0.to_vec()));
    change((PART, id(n)), 0, at(0)).born().set(0, before)
}

/// The refusal named a record deep in the chain, of which the device had sent nothing that could be taken out: it sent
/// the same delete again and again, and no other work of its ever arrived.
#[test]
fn the_refusal_names_the_change_that_asked_for_it() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, (0..600).map(chained).collect()));
    let (root, leaf) = (change((PART, id(0)), 1, at(1)).deleted(), change((PART, id(599)), 1, at(1)).deleted());
    let refusals = hub.try_commit(sent(1, 1, vec![root, leaf])).unwrap_err();
    assert_eq!(refusals.iter().map(|r| r.key).collect::<Vec<_>>(), [(PART, id(0))]);
    hub.commit(sent(1, 1, vec![change((PART, id(599)), 1, at(1)).deleted()]));
}

/// Two parents for each record: twenty generations took the hub's only writer a second, and each one more twice as long:
/// it asked once for each line of descent.
#[test]
fn lines_of_descent_are_not_counted_one_by_one() {
    let mut hub = Hub::new();
    let animal = |n: u32| (ANIMAL, id(n));
    let parent = |n: u32, of: u32| if n < 2 { Value::Null } else { Value::Blob(id((n / 2 - 1) * 2 + of).0.to_vec()) };
    let born = |n| change(animal(n), 0, at(0)).born().set(0, parent(n, 0)).set(1, parent(n, 1));
    hub.commit(sent(1, 0, (0..60).map(born).collect()));
    hub.commit(sent(1, 1, (0..60).map(|n| change(animal(n), 1, at(1)).deleted()).collect()));
    assert!((0..60).all(|n| !hub.record(animal(n)).alive));
    // The youngest comes back, and with it all that it descends from.
    hub.commit(sent(2, 1, vec![change(animal(58), 1, at(2)).set(0, parent(58, 0))]));
    assert!((0..59).all(|n| hub.record(animal(n)).alive) && !hub.record(animal(59)).alive);
}

/// A device deleted all that its survey had gathered, fifty thousand records. The hub asked for the children of each,
/// and looked each question up in the list of those that it had asked already: its only writer was gone for minutes.
#[test]
fn many_deletes_ask_for_their_children_once_each() {
    let (hub, count) = (Hub::new(), 50_000);
    let (deleted, mut world) = (|n| change((PART, id(n)), 1, at(1)).deleted(), World::default());
    let stamp = Stamp { hlc: at(0), author: Origin(1) };
    let record = Record::new(hub.schema.table(PART), Seq::ZERO, stamp);
    (0..count).for_each(|n| world.add_record((PART, id(n)), Some(record.clone())));
    let mut merge = Merge::new(&hub.schema, sent(1, 1, (0..count).map(deleted).collect()), hub.moment);
    let mut asked = 0;
    let merged = loop {
        match merge.step(&world) {
            Step::Done(outcome) => break outcome,
            Step::Load(wants) => {
                asked += wants.children.len();
                wants.children.into_iter().for_each(|(child, field, id)| world.add_children(child, field, id, vec![]));
                assert!(wants.records.is_empty() && wants.same.is_empty());
            }
        }
    };
    assert!(matches!(merged, Outcome::Merged(merged) if merged.records.len() == count as usize));
    assert_eq!(asked, count as usize);
}
