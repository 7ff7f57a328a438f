//! The extremes of a record that is deleted and inserted again within one net change, while others do something to it.

use crate::hub::{FARM, GAUGE, Hub, Say, at, change, int, key, sent};
use windrow_protocol::change::{Change, Changeset, Key};
use windrow_protocol::clock::{Mark, Point, Seq};
use windrow_protocol::value::Value;

const HIGH: usize = 0;
const LOW: usize = 1;
const NOTE: usize = 2;

fn gauge() -> Key {
    key(GAUGE, 1)
}

/// A hub whose only gauge has been as high as 50 and as low as 10. Its seq is 1.
fn measured() -> Hub {
    let mut hub = Hub::new();
    let born = change(gauge(), 0, at(0)).born().set(HIGH, int(50)).set(LOW, int(10)).set(NOTE, int(0));
    hub.commit(sent(9, 0, vec![born]));
    hub
}

/// A change of the gauge by somebody who stands at that base.
fn of(base: u64, second: i64) -> Change {
    change(gauge(), base, at(second))
}

/// Deleted, and inserted again with this for both extremes.
fn again(base: u64, second: i64, value: i64) -> Change {
    let change = of(base, second).set(HIGH, int(value)).set(LOW, int(value)).set(NOTE, int(value));
    Change { again: true, ..change }
}

fn extremes(hub: &Hub) -> (Value, Value) {
    (hub.shows(gauge(), HIGH), hub.shows(gauge(), LOW))
}

fn orders(of: usize) -> Vec<Vec<usize>> {
    match of {
        0 => vec![vec![]],
        _ => (0..of)
            .flat_map(|at| {
                orders(of - 1).into_iter().map(move |mut order| {
                    order.insert(at, of - 1);
                    order
                })
            })
            .collect(),
    }
}

/// What these, each by a device of its own that knows of none of the others, come to in every order.
fn in_every_order(changes: &[Change], high: i64, low: i64) {
    for order in orders(changes.len()) {
        let mut hub = measured();
        for no in &order {
            hub.commit(sent(*no as u64 + 1, 1, vec![changes[*no].clone()]));
        }
        assert_eq!(extremes(&hub), (int(high), int(low)), "in the order {order:?}");
    }
}

/// A gauge had been as low as 10. Ann replaced it by one that had been no lower than 38, while Bob, in the next valley,
/// wrote 20 to the old one. If Bob's phone found the network first, everybody saw 10; if Ann's did, 20.
#[test]
fn an_edit_that_knew_of_no_new_life_keeps_the_old_one_whoever_is_first() {
    in_every_order(&[again(1, 5, 38), of(1, 6).set(LOW, int(20))], 50, 10);
    // Of whatever field the edit is: it needs the record as its author saw it.
    in_every_order(&[again(1, 5, 38), of(1, 6).set(NOTE, int(7))], 50, 10);
    in_every_order(&[again(1, 5, 38), of(1, 6).set(LOW, int(3)), of(1, 7).set(HIGH, int(70))], 70, 3);
}

/// Bob wrote 70 to the gauge that Ann replaced, and then deleted it. The record stayed, for Ann's sake; and whether she was
/// first decided whether her new gauge had ever shown 70.
#[test]
fn what_goes_with_a_delete_is_about_the_life_that_it_ends() {
    in_every_order(&[again(1, 5, 38), of(1, 6).set(HIGH, int(70)).deleted()], 38, 38);
    in_every_order(&[again(1, 5, 38), of(1, 6).deleted()], 38, 38);
    // Should the old life count again, all of it does.
    in_every_order(&[again(1, 5, 38), of(1, 6).set(HIGH, int(70)).deleted(), of(1, 7).set(NOTE, int(1))], 70, 10);
}

#[test]
fn two_who_both_began_it_anew_knew_nothing_of_each_other() {
    in_every_order(&[again(1, 5, 38), again(1, 6, 40)], 50, 10);
    in_every_order(&[again(1, 5, 38), again(1, 6, 40), again(1, 7, 9)], 50, 9);
    in_every_order(&[again(1, 5, 38), again(1, 6, 40), of(1, 7).set(HIGH, int(60)).deleted()], 60, 10);
}

/// Inserted again and then deleted after all, it begins no life; were it to stay for somebody, it is the old one that stays.
#[test]
fn an_insert_that_ends_in_a_delete_begins_nothing() {
    in_every_order(&[again(1, 5, 38).deleted(), of(1, 6).set(NOTE, int(7))], 50, 10);
    in_every_order(&[again(1, 5, 38), again(1, 6, 80).deleted()], 38, 38);
}

fn by(device: u64, checkpoint: u64, own: &[Seq], change: Change) -> Changeset {
    let own = own.iter().map(|seq| Point { seq: *seq, mark: Mark(1) }).collect();
    Changeset { own, ..sent(device, checkpoint, vec![change]) }
}

#[test]
fn an_edit_keeps_just_those_lives_whose_end_its_author_had_not_seen() {
    let thrice = || {
        let mut hub = measured();
        let first = hub.commit(sent(1, 1, vec![again(1, 5, 38)]));
        hub.commit(by(1, 1, &[first], again(1, 6, 30)));
        assert_eq!(extremes(&hub), (int(30), int(30)));
        hub
    };
    for (base, high, low) in [(1, 50, 10), (2, 38, 30), (3, 30, 30)] {
        let mut hub = thrice();
        let checkpoint = hub.commit(sent(2, base, vec![of(base, 9).set(NOTE, int(7))]));
        assert_eq!(extremes(&hub), (int(high), int(low)), "who stands at {base}");
        // And once they count, they count.
        hub.commit(sent(3, checkpoint.bits(), vec![of(checkpoint.bits(), 10).set(NOTE, int(8))]));
        assert_eq!(extremes(&hub), (int(high), int(low)), "who stands at {base}");
    }
    // What one's own commit ended one has seen, whatever the base.
    let mut hub = thrice();
    let own: Vec<Seq> = [2, 3].map(crate::hub::seq).to_vec();
    hub.commit(by(1, 1, &own, of(1, 9).set(NOTE, int(7))));
    assert_eq!(extremes(&hub), (int(30), int(30)));
}

/// A device that replaces a record every minute must not make it grow for ever.
#[test]
fn no_more_than_sixteen_lives_are_remembered() {
    let mut hub = measured();
    for n in 0..40 {
        let base = hub.moment.head.bits();
        hub.commit(sent(1, base, vec![again(base, n, 100 - n)]));
    }
    assert_eq!(hub.record(gauge()).fields[HIGH].former.len(), 16);
    hub.commit(sent(2, 1, vec![of(1, 90).set(NOTE, int(7))]));
    assert_eq!(extremes(&hub), (int(77), int(61)), "of the last sixteen lives and this one");
    assert!(hub.record(gauge()).fields[HIGH].former.is_empty());
}

/// Deleted in one session and inserted in the next is another life, whatever any edit knew: it begins from nothing.
#[test]
fn a_life_that_begins_after_a_death_forgets_what_was_before() {
    let mut hub = measured();
    hub.commit(sent(1, 1, vec![again(1, 5, 38)]));
    hub.commit(sent(1, 2, vec![of(2, 6).deleted()]));
    hub.commit(sent(1, 3, vec![of(3, 7).born().set(HIGH, int(5)).set(LOW, int(5)).set(NOTE, int(5))]));
    hub.commit(sent(2, 1, vec![of(1, 8).set(NOTE, int(7))]));
    assert_eq!(extremes(&hub), (int(5), int(5)));
}

/// Begun anew with nothing, the extremes are nothing. The hub forgot to say so to those who showed the old ones, if one of
/// them had been written meanwhile by somebody who then deleted the record.
#[test]
fn who_shows_the_extremes_of_the_old_life_is_told_of_none() {
    let mut hub = measured();
    let blank = Change { again: true, ..of(1, 5).set(HIGH, Value::Null).set(LOW, Value::Null) };
    hub.commit(sent(2, 1, vec![of(1, 4).set(HIGH, int(70)).deleted()]));
    let seq = hub.commit(sent(1, 1, vec![blank]));
    assert_eq!(extremes(&hub), (Value::Null, Value::Null));
    assert_eq!(hub.record(gauge()).fields[HIGH].seq, seq);
}

/// Ann and Bob both deleted a farm of 10 cows, unaware of each other, and the answers to both were lost. Whoever of them then
/// inserted it again, with 3, meant a new farm. The hub remembered one of the two deletes: to the other's farm it
/// added the 10 cows of the old one.
#[test]
fn whoever_deleted_it_knows_of_the_death() {
    for second in [1, 2] {
        let (mut hub, farm) = (Hub::new(), key(FARM, 1));
        hub.commit(sent(9, 0, vec![change(farm, 0, at(0)).born().set(0, int(1)).add(1, 10).set(3, int(1))]));
        let deletes = [1, 2].map(|device| hub.commit(sent(device, 1, vec![change(farm, 1, at(1)).deleted()])));
        let own = deletes[second as usize - 1];
        let anew = change(farm, 1, at(2)).born().set(0, int(2)).add(1, 3).set(3, int(2));
        hub.commit(by(second, 1, &[own], anew));
        assert_eq!(hub.shows(farm, 1), int(3), "by device {second}");
    }
}

/// Who only edited the farm did not know: what it inserts under the old id is an edit of the old farm, as it always was.
#[test]
fn who_did_not_delete_it_does_not_know_of_the_death() {
    let (mut hub, farm) = (Hub::new(), key(FARM, 1));
    hub.commit(sent(9, 0, vec![change(farm, 0, at(0)).born().set(0, int(1)).add(1, 10).set(3, int(1))]));
    hub.commit(sent(1, 1, vec![change(farm, 1, at(1)).deleted()]));
    hub.commit(sent(2, 0, vec![change(farm, 0, at(2)).born().set(0, int(2)).add(1, 3).set(3, int(2))]));
    assert_eq!(hub.shows(farm, 1), int(13));
}
