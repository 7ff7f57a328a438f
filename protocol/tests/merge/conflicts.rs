use crate::hub::{CASE, FARM, FORM, Hub, Say, TAG, at, change, int, key, sent, seq};
use windrow_protocol::change::{Change, End, Resolve};
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::log::About;
use windrow_protocol::told::{News, tell};
use windrow_protocol::value::Value;

fn tag(n: u8, code: i64, hlc: Hlc) -> Change {
    change(key(TAG, n), 0, hlc).born().set(0, int(code)).set(1, int(0))
}

fn conflicts(hub: &Hub, of: (usize, u8)) -> Vec<windrow_protocol::told::Conflict> {
    let key = key(of.0, of.1);
    hub.record(key).conflicts(hub.schema.table(key.0))
}

fn resolve(about: About, base: Seq, chosen: Vec<(usize, Value)>) -> Resolve {
    Resolve { about, chosen, hlc: Hlc::ZERO, base }
}

#[test]
fn a_clash_of_unique_values_keeps_both_and_opens_on_the_later_insert() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![tag(1, 77, at(20))]));
    let clash = hub.commit(sent(2, 0, vec![tag(2, 77, at(10))]));
    assert_eq!((hub.shows(key(TAG, 1), 0), hub.shows(key(TAG, 2), 0)), (int(77), int(77)));
    assert!(conflicts(&hub, (TAG, 2)).is_empty());
    let open = conflicts(&hub, (TAG, 1));
    assert_eq!((open[0].about, open[0].other, open[0].seq), (About::Unique(0), Some(key(TAG, 2).1), clash));

    // Whoever holds the record hears of it, though none of its fields changed.
    let table = hub.schema.table(TAG);
    let told = tell((TAG, table), key(TAG, 1).1, hub.record(key(TAG, 1)), seq(1), &|_| false, false).unwrap();
    assert_eq!((told.what, told.conflicts.map(|c| c.len())), (News::Patch(vec![]), Some(1)));

    hub.resolve(key(TAG, 1), resolve(About::Unique(0), clash, vec![]));
    assert!(conflicts(&hub, (TAG, 1)).is_empty());
    // Another field's edit does not open it again.
    hub.commit(sent(1, 3, vec![change(key(TAG, 1), 3, at(30)).set(1, int(5))]));
    assert!(conflicts(&hub, (TAG, 1)).is_empty());
}

#[test]
fn a_clash_within_one_changeset_is_found_too() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![tag(1, 5, at(1)), tag(2, 6, at(2)), tag(3, 5, at(3))]));
    assert_eq!(conflicts(&hub, (TAG, 3))[0].other, Some(key(TAG, 1).1));
    assert!(conflicts(&hub, (TAG, 1)).is_empty() && conflicts(&hub, (TAG, 2)).is_empty());
}

/// One device deleted a record and gave its unique value to another, in one session. The hub looked at one other holder of
/// the value only, the very one that went; a third that had it too clashed unseen.
#[test]
fn a_clash_is_found_behind_a_record_that_goes_in_the_same_commit() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![tag(1, 5, at(1)), tag(2, 6, at(2)), tag(3, 5, at(3))]));
    let gone = Change { end: End::Delete, ..change(key(TAG, 1), 1, at(4)) };
    let taken = change(key(TAG, 2), 1, at(5)).set(0, int(5));
    hub.commit(sent(1, 1, vec![gone, taken]));
    assert_eq!(conflicts(&hub, (TAG, 3)).last().and_then(|c| c.other), Some(key(TAG, 2).1));
}

/// Three records with one value: the conflict stood on the one that went, and the two that stayed were silent.
#[test]
fn those_who_stay_still_clash_when_the_one_in_conflict_goes() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![tag(1, 5, at(1))]));
    hub.commit(sent(2, 0, vec![tag(2, 5, at(9))]));
    hub.commit(sent(3, 0, vec![tag(3, 5, at(5))]));
    hub.commit(sent(2, 3, vec![Change { end: End::Delete, ..change(key(TAG, 2), 3, at(10)) }]));
    assert_eq!(conflicts(&hub, (TAG, 3))[0].other, Some(key(TAG, 1).1));
}

#[test]
fn null_clashes_with_nothing() {
    let mut hub = Hub::new();
    let empty = |n| change(key(TAG, n), 0, at(1)).born().set(0, Value::Null).set(1, int(0));
    hub.commit(sent(1, 0, vec![empty(1), empty(2)]));
    assert!(conflicts(&hub, (TAG, 1)).is_empty() && conflicts(&hub, (TAG, 2)).is_empty());
}

#[test]
fn a_form_under_review_is_one_conflict_with_whole_candidates() {
    let mut hub = Hub::new();
    let form = |base, hlc, a, b| change(key(FORM, 1), base, hlc).set(0, int(a)).set(1, int(b));
    hub.commit(sent(1, 0, vec![form(0, at(0), 1, 1).born()]));
    hub.commit(sent(2, 1, vec![form(1, at(2), 2, 1)]));
    let last = hub.commit(sent(3, 1, vec![form(1, at(3), 1, 3)]));
    let open = conflicts(&hub, (FORM, 1));
    assert_eq!(open.len(), 1);
    let values: Vec<_> = open[0].candidates.iter().map(|c| c.values.clone()).collect();
    assert_eq!(values, [vec![int(2), int(1)], vec![int(1), int(3)]]);
    assert_eq!(hub.record(key(FORM, 1)).shown().unwrap(), [int(1), int(3)], "the latest shows meanwhile");

    hub.resolve(key(FORM, 1), resolve(About::Fields, last, vec![(0, int(2)), (1, int(3))]));
    assert!(conflicts(&hub, (FORM, 1)).is_empty());
    assert_eq!(hub.record(key(FORM, 1)).shown().unwrap(), [int(2), int(3)]);
}

/// A device of before a field was added says nothing of it: whoever chooses what it wrote takes nothing away.
#[test]
fn a_candidate_that_says_nothing_of_a_field_leaves_it_as_it_is() {
    let mut hub = Hub::new();
    let form = |base, hlc| change(key(FORM, 1), base, hlc);
    hub.commit(sent(1, 0, vec![form(0, at(0)).born().set(0, int(1)).set(1, int(1))]));
    hub.commit(sent(2, 1, vec![form(1, at(2)).set(0, int(2))]));
    hub.commit(sent(3, 1, vec![form(1, at(3)).set(0, int(1)).set(1, int(3))]));
    let values: Vec<_> = conflicts(&hub, (FORM, 1))[0].candidates.iter().map(|c| c.values.clone()).collect();
    assert_eq!(values, [vec![int(2), int(3)], vec![int(1), int(3)]]);
}

/// From a device: its decision settles what it had seen, and its later write replaces its decision.
#[test]
fn a_device_resolves_what_it_had_seen() {
    let mut hub = Hub::new();
    let owner = |base, hlc, value| change(key(FARM, 1), base, hlc).set(2, int(value));
    hub.commit(sent(
        1,
        0,
        vec![change(key(FARM, 1), 0, at(0)).born().set(0, int(0)).add(1, 0).set(2, int(1)).set(3, int(0))],
    ));
    hub.commit(sent(2, 1, vec![owner(1, at(2), 2)]));
    hub.commit(sent(3, 1, vec![owner(1, at(3), 3)]));
    hub.commit(sent(4, 1, vec![owner(1, at(4), 4)])); // the reviewer never saw this one
    let decided = change(key(FARM, 1), 3, at(9)).resolving(About::Fields, vec![(2, int(2))]);
    hub.commit(sent(5, 3, vec![decided]));
    let open = conflicts(&hub, (FARM, 1));
    let values: Vec<_> = open[0].candidates.iter().map(|c| c.values[0].clone()).collect();
    assert_eq!(values, [int(4), int(2)]);
    assert_eq!(hub.shows(key(FARM, 1), 2), int(2));
}

#[test]
fn a_delete_that_an_unseen_edit_undoes_is_asked_about() {
    let mut hub = Hub::new();
    let state = |base, hlc, n| change(key(CASE, 1), base, hlc).set(0, int(n));
    hub.commit(sent(1, 0, vec![state(0, at(0), 1).born()]));
    hub.commit(sent(2, 1, vec![state(1, at(1), 2)]));
    let undone = hub.commit(sent(3, 1, vec![change(key(CASE, 1), 1, at(2)).deleted()]));
    assert_eq!(hub.shows(key(CASE, 1), 0), int(2));
    assert_eq!(conflicts(&hub, (CASE, 1))[0].about, About::Delete);

    // One device answers "keep" ...
    let keep = change(key(CASE, 1), undone.bits(), at(5)).resolving(About::Delete, vec![]);
    let mut other = hub.records.clone();
    hub.commit(sent(4, undone.bits(), vec![keep]));
    assert!(conflicts(&hub, (CASE, 1)).is_empty());
    assert!(hub.record(key(CASE, 1)).alive);
    // ... or, in another world, "delete".
    std::mem::swap(&mut hub.records, &mut other);
    let delete = change(key(CASE, 1), undone.bits(), at(5)).resolving(About::Delete, vec![]).deleted();
    hub.commit(sent(4, undone.bits(), vec![delete]));
    assert!(!hub.record(key(CASE, 1)).alive);
    assert_eq!(hub.record(key(CASE, 1)).undone, None);
}

/// A tag was deleted; its number was given to another; an edit that had not seen the delete brought the first one back.
/// Both then had the number, and nobody was told.
#[test]
fn a_record_that_comes_back_with_a_value_given_away_meanwhile_clashes() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![tag(1, 77, at(1))]));
    hub.commit(sent(1, 1, vec![change(key(TAG, 1), 1, at(2)).deleted()]));
    hub.commit(sent(1, 2, vec![tag(2, 77, at(3))]));
    hub.commit(sent(2, 1, vec![change(key(TAG, 1), 1, at(4)).set(1, int(5))]));
    assert_eq!((hub.shows(key(TAG, 1), 0), hub.shows(key(TAG, 2), 0)), (int(77), int(77)));
    assert_eq!(conflicts(&hub, (TAG, 2)).iter().map(|c| c.other).collect::<Vec<_>>(), [Some(key(TAG, 1).1)]);
}

/// A reviewer had looked at one undone delete; before the answer came, a second delete was undone. The answer closed a
/// conflict that nobody had seen.
#[test]
fn an_answer_closes_no_conflict_that_came_after_the_reviewer_looked() {
    let mut hub = Hub::new();
    let case = key(CASE, 1);
    hub.commit(sent(1, 0, vec![change(case, 0, at(1)).born().set(0, int(1))]));
    hub.commit(sent(2, 1, vec![change(case, 1, at(2)).set(0, int(2))]));
    let first = hub.commit(sent(3, 1, vec![change(case, 1, at(3)).deleted()]));
    let second = hub.commit(sent(4, 1, vec![change(case, 1, at(4)).deleted()]));
    hub.resolve(case, resolve(About::Delete, first, vec![]));
    assert_eq!(conflicts(&hub, (CASE, 1)).len(), 1, "the later one is open");
    let after = hub.moment.head;
    hub.resolve(case, resolve(About::Delete, after, vec![]));
    assert!(second < after && conflicts(&hub, (CASE, 1)).is_empty());
}
