use super::*;
use windrow_protocol::change::{End, What};
use windrow_protocol::clock::DeviceId;
use windrow_protocol::log::About;
use windrow_protocol::told::{Choice, Conflict as Open};

fn choice(value: Value, device: u64, millis: i64) -> Choice {
    Choice { values: vec![value], device: DeviceId::from_bits(device).unwrap(), hlc: Hlc::from_millis(millis) }
}

fn about_phone(seq: u64) -> Open {
    let candidates = vec![choice(text("1"), 5, 1000), choice(Value::Null, 0, 2000)];
    Open { about: About::Fields, fields: vec![1], seq: point(seq).seq, candidates, other: None }
}

fn with(conflicts: Vec<Open>, told: Told) -> Told {
    Told { conflicts: Some(conflicts), ..told }
}

/// A device with an open conflict about a farm's phone.
fn opened() -> (Device, Id<Farm>) {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    device.sync(1, vec![]);
    assert_eq!(device.sync(2, vec![with(vec![about_phone(2)], patch(id, vec![(1, text("1"))]))]), Applied::Applied);
    (device, id)
}

#[test]
fn conflicts_say_who_when_and_what() {
    let (device, id) = opened();
    let conflicts = device.store.conflicts().unwrap();
    let conflict = &conflicts[0];
    assert_eq!((conflict.table, conflict.record, conflict.about), ("farm", id.record(), About::Fields));
    assert_eq!(conflict.fields, ["phone"]);
    let told: Vec<_> = conflict.candidates.iter().map(|c| (c.values.clone(), c.device.bits(), c.at.millis())).collect();
    assert_eq!(told, [(vec![text("1")], 5, 1000), (vec![Value::Null], 0, 2000)]);
    assert_eq!(device.store.status().unwrap().conflicts, 1);
    let json: String = device.scalar("SELECT candidates ->> '$[0].values.phone' FROM windrow_conflicts");
    assert_eq!(json, "1");
}

#[test]
fn a_decision_shows_at_once_and_travels_as_what_it_is() {
    let (device, id) = opened();
    let conflict = device.store.conflicts().unwrap().remove(0);
    device.sync(3, vec![]);
    device.store.resolve(&conflict, Answer::Values(vec![text("42")])).unwrap();
    assert_eq!(device.get(id).unwrap().phone.as_deref(), Some("42"));
    assert_eq!(device.store.conflicts().unwrap(), []);
    assert_eq!(device.store.changelog().unwrap().last().unwrap().operation, "resolve");
    let changeset = device.changeset().unwrap();
    let change = change_of(&changeset, id);
    assert_eq!((change.writes.len(), change.resolves.len()), (0, 1));
    let resolve = &change.resolves[0];
    assert_eq!((resolve.about, &resolve.chosen), (About::Fields, &vec![(1, text("42"))]));
    assert_eq!(resolve.base, point(2).seq, "what the reviewer saw, not what came since");
    let again = device.store.resolve(&conflict, Answer::Keep).unwrap_err();
    assert!(matches!(again, StoreError::Write(WriteError::Settled { .. })), "{again}");
}

#[test]
fn a_candidate_may_be_chosen_or_the_record_kept_as_it_is() {
    for (answer, phone) in [(Answer::Candidate(1), None), (Answer::Candidate(0), Some("1")), (Answer::Keep, Some("1"))]
    {
        let (device, id) = opened();
        let conflict = device.store.conflicts().unwrap().remove(0);
        device.store.resolve(&conflict, answer).unwrap();
        assert_eq!(device.get(id).unwrap().phone.as_deref(), phone);
    }
}

#[test]
fn an_answer_that_does_not_fit_changes_nothing() {
    let (device, id) = opened();
    let conflict = device.store.conflicts().unwrap().remove(0);
    for answer in [Answer::Candidate(2), Answer::Values(vec![]), Answer::Delete] {
        let error = device.store.resolve(&conflict, answer).unwrap_err();
        assert!(matches!(error, StoreError::Write(WriteError::Unanswered { .. })), "{error}");
    }
    let error = device.store.resolve(&conflict, Answer::Values(vec![Value::Blob(vec![1])])).unwrap_err();
    assert!(matches!(error, StoreError::Write(WriteError::Rule { rule: Rule::Type, .. })), "{error}");
    assert_eq!(device.store.conflicts().unwrap().len(), 1);
    assert_eq!(device.store.pending().unwrap(), 0);
    device.store.delete(id).unwrap();
    let error = device.store.resolve(&conflict, Answer::Keep).unwrap_err();
    assert!(matches!(error, StoreError::Write(WriteError::Vanished { .. })), "{error}");
}

#[test]
fn the_hub_replaces_and_closes_conflicts() {
    let (device, id) = opened();
    let other =
        Open { fields: vec![1], seq: point(4).seq, candidates: vec![choice(text("9"), 1, 5)], ..about_phone(4) };
    device.sync(4, vec![with(vec![other], patch(id, vec![]))]);
    assert_eq!(device.store.conflicts().unwrap()[0].candidates.len(), 1);
    device.sync(5, vec![patch(id, vec![(0, text("x"))])]);
    assert_eq!(device.store.conflicts().unwrap().len(), 1, "nothing was said of it");
    device.sync(6, vec![with(vec![], patch(id, vec![]))]);
    assert_eq!(device.store.conflicts().unwrap(), []);
    device.sync(7, vec![with(vec![about_phone(7)], patch(id, vec![]))]);
    device.sync(8, vec![gone(id)]);
    assert_eq!(device.store.conflicts().unwrap(), []);
}

#[test]
fn a_decision_that_is_not_sent_yet_stays_on_top_of_an_answer() {
    let (device, id) = opened();
    let session = device.store.session();
    session.load(true, false).unwrap();
    let conflict = device.store.conflicts().unwrap().remove(0);
    device.store.resolve(&conflict, Answer::Values(vec![text("42")])).unwrap();
    let page = |seq, told| device.page(&last(seq, vec![told]));
    session.keep(&page(3, with(vec![about_phone(2)], patch(id, vec![(1, text("8"))])))).unwrap();
    assert_eq!(session.apply().unwrap(), Applied::Applied);
    assert_eq!(device.get(id).unwrap().phone.as_deref(), Some("42"));
    assert_eq!(device.store.conflicts().unwrap(), [], "answered, as far as it was seen");
    session.keep(&page(4, with(vec![about_phone(4)], patch(id, vec![(1, text("8"))])))).unwrap();
    session.apply().unwrap();
    assert_eq!(device.store.conflicts().unwrap().len(), 1, "a candidate came later");
}

#[test]
fn a_raced_delete_is_answered_by_keeping_or_deleting() {
    for (answer, end) in [(Answer::Keep, End::Alive), (Answer::Delete, End::Delete)] {
        let device = Device::new();
        let plot = device.plot(device.farm("Kibo", 1));
        device.sync(1, vec![]);
        let about = Open { about: About::Delete, fields: vec![], seq: point(2).seq, candidates: vec![], other: None };
        device.sync(2, vec![with(vec![about], patch(plot, vec![]))]);
        let conflict = device.store.conflicts().unwrap().remove(0);
        assert!(device.store.resolve(&conflict, Answer::Candidate(0)).is_err());
        device.store.resolve(&conflict, answer).unwrap();
        assert_eq!(device.get(plot).is_some(), end == End::Alive);
        let changeset = device.changeset().unwrap();
        let change = change_of(&changeset, plot);
        assert_eq!((change.end, change.base, change.resolves[0].about), (end, point(2).seq, About::Delete));
    }
}

#[test]
fn a_clash_of_unique_values_names_the_other_record() {
    let device = Device::new();
    let (mine, theirs) = (Worker { id: Id::new(), badge: "7".into() }, Worker { id: Id::new(), badge: "7".into() });
    device.store.insert(&mine).unwrap();
    let clash = Open {
        about: About::Unique(0),
        fields: vec![0],
        seq: point(1).seq,
        candidates: vec![choice(text("7"), 3, 1)],
        other: Some(theirs.id.record()),
    };
    assert_eq!(device.sync(1, vec![with(vec![clash], patch(mine.id, vec![])), whole(&theirs)]), Applied::Applied);
    let conflict = device.store.conflicts().unwrap().remove(0);
    assert_eq!((conflict.about, conflict.other), (About::Unique(0), Some(theirs.id.record())));
    device.store.resolve(&conflict, Answer::Values(vec![text("8")])).unwrap();
    assert_eq!(device.get(mine.id).unwrap().badge, "8");
    let changeset = device.changeset().unwrap();
    let change = change_of(&changeset, mine.id);
    assert_eq!((change.resolves[0].about, change.resolves[0].chosen.len()), (About::Unique(0), 0));
    assert_eq!(change.writes.iter().map(|w| (w.field, &w.what)).collect::<Vec<_>>(), [(0, &What::Set(text("8")))]);
}

/// A device deleted a farm with a conflict, and the hub was put back to a past in which the farm is dead. Of that a whole snapshot
/// says nothing, and here was no row any more that had to go: the conflict stayed for good (`simulate --world 11`).
#[test]
fn what_lives_no_more_has_no_conflict() {
    let (device, id) = opened();
    device.store.delete(id).unwrap();
    assert_eq!(device.store.status().unwrap().conflicts, 1, "until the hub has heard of it");
    device.store.connection().unwrap().execute("INSERT INTO windrow_whole VALUES ('farm')", []).unwrap();
    assert_eq!(device.sync(3, vec![]), Applied::Applied);
    assert_eq!(device.store.status().unwrap().conflicts, 0);
}
