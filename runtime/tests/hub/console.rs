//! Conflicts are seen and decided, and history keeps everything.

use crate::Bench;
use crate::device::{Device, id};
use crate::domain::{CODE, FARM, NAME, PHONE, PLOT};
use windrow::hub::{Decision, HubStore, OpenConflict, Verdict};
use windrow_protocol::clock::Seq;
use windrow_protocol::log::About;
use windrow_protocol::message::ProblemKind;
use windrow_protocol::value::Value;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Two devices that gave farm 1 two phone numbers, unknown to each other.
async fn two_numbers(hub: &dyn HubStore) -> (Device, Device) {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    a.sync(hub, vec![farm]).await;
    b.fetch(hub).await;
    let (one, two) = (a.set((FARM, id(1)), PHONE, text("1")), b.set((FARM, id(1)), PHONE, text("2")));
    a.sync(hub, vec![one]).await;
    b.sync(hub, vec![two]).await;
    (a, b)
}

async fn open(hub: &dyn HubStore) -> Vec<OpenConflict> {
    hub.conflicts(None, 100).await.unwrap().open
}

pub(crate) async fn a_conflict_opens_and_is_decided(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, _) = two_numbers(&*hub).await;
    let conflicts = open(&*hub).await;
    let [OpenConflict { record, conflict }] = conflicts.as_slice() else { panic!("{conflicts:?}") };
    assert_eq!((*record, conflict.about, conflict.fields.as_slice()), ((FARM, id(1)), About::Fields, &[PHONE][..]));
    let mut values: Vec<_> = conflict.candidates.iter().map(|c| (c.device.bits(), c.values.clone())).collect();
    values.sort_by_key(|(device, _)| *device);
    assert_eq!(values, [(1, vec![text("1")]), (2, vec![text("2")])]);
    let verdict = Verdict::Values(vec![(PHONE, text("3"))]);
    let decision = Decision { record: *record, about: About::Fields, base: conflict.seq, verdict, by: None };
    let at = hub.resolve(decision.clone()).await.unwrap();
    assert_eq!(hub.head().await.unwrap(), at);
    assert_eq!(open(&*hub).await, []);
    a.fetch(&*hub).await;
    assert_eq!(a.rows[&(FARM, id(1))][PHONE], text("3"));
    let problem = hub.resolve(decision).await.unwrap_err().into_problem();
    assert_eq!(problem.kind, ProblemKind::NotFound, "it is decided already");
}

pub(crate) async fn a_decision_that_does_not_fit_is_told_so(bench: &dyn Bench) {
    let hub = bench.open(100);
    two_numbers(&*hub).await;
    let head = hub.head().await.unwrap();
    let record = (FARM, id(1));
    let decide = async |verdict, about, record| {
        let decision = Decision { record, about, base: head.seq, verdict, by: None };
        hub.resolve(decision).await.unwrap_err().into_problem().kind
    };
    let values = |field, value| Verdict::Values(vec![(field, value)]);
    assert_eq!(decide(values(PHONE, Value::Integer(5)), About::Fields, record).await, ProblemKind::Malformed);
    assert_eq!(decide(values(NAME, text("x")), About::Fields, record).await, ProblemKind::NotFound);
    assert_eq!(decide(Verdict::Keep, About::Delete, record).await, ProblemKind::NotFound);
    assert_eq!(decide(values(PHONE, text("3")), About::Fields, (FARM, id(9))).await, ProblemKind::NotFound);
    let both = Verdict::Values(vec![(NAME, text("x")), (PHONE, text("3"))]);
    assert_eq!(decide(both, About::Fields, record).await, ProblemKind::Malformed);
    assert_eq!((hub.head().await.unwrap(), open(&*hub).await.len()), (head, 1));
    // A reviewer who had seen less than all leaves the conflict open.
    let decision =
        Decision { record, about: About::Fields, base: Seq::ZERO, verdict: values(PHONE, text("3")), by: None };
    hub.resolve(decision).await.unwrap();
    assert_eq!(open(&*hub).await[0].conflict.candidates.len(), 3);
}

pub(crate) async fn an_undone_delete_and_a_shared_value_are_conflicts(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    let plot = a.insert((PLOT, id(2)), vec![Value::Blob(id(1).0.to_vec()), Value::Null]);
    a.sync(&*hub, vec![farm, plot]).await;
    b.fetch(&*hub).await;
    let (delete, edit) = (a.delete((PLOT, id(2))), b.set((PLOT, id(2)), 1, Value::Real(4.5)));
    a.sync(&*hub, vec![delete]).await;
    b.sync(&*hub, vec![edit]).await;
    let (one, mut two) = (a.set((FARM, id(1)), CODE, text("K")), b.farm(3, "Elbe"));
    two.writes[CODE].what = windrow_protocol::change::What::Set(text("K"));
    a.sync(&*hub, vec![one]).await;
    b.sync(&*hub, vec![two]).await;
    let conflicts = open(&*hub).await;
    let about: Vec<_> = conflicts.iter().map(|o| (o.record.0, o.conflict.about)).collect();
    assert_eq!(about, [(FARM, About::Unique(CODE)), (PLOT, About::Delete)]);
    let decide = |n: usize, verdict| {
        let OpenConflict { record, conflict } = conflicts[n].clone();
        hub.resolve(Decision { record, about: conflict.about, base: conflict.seq, verdict, by: None })
    };
    decide(0, Verdict::Keep).await.unwrap();
    decide(1, Verdict::Delete).await.unwrap();
    assert_eq!(open(&*hub).await, []);
    let rows = Device::mirror(&*hub).await;
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), [(FARM, id(1)), (FARM, id(3))]);
}

pub(crate) async fn history_keeps_what_lost(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    b.fetch(&*hub).await;
    let (early, late) = (a.set((FARM, id(1)), NAME, text("early")), b.farm(3, "none"));
    let later = b.set((FARM, id(1)), NAME, text("late"));
    b.sync(&*hub, vec![late, later]).await;
    a.sync(&*hub, vec![early]).await;
    let lines = hub.history((FARM, id(1)), 100).await.unwrap();
    let outcomes: Vec<_> = lines.iter().map(|l| (l.device.bits(), l.detail["writes"]["name"].clone())).collect();
    let wrote = |value: &str, outcome: &str| serde_json::json!({ "set": value, "outcome": outcome });
    let expected = [(1, wrote("Kongo", "accepted")), (2, wrote("late", "accepted")), (1, wrote("early", "superseded"))];
    assert_eq!(outcomes, expected);
    assert!(lines.iter().all(|l| l.at == crate::NOON));
    assert_eq!(hub.history((FARM, id(1)), 1).await.unwrap(), lines[2..]);
    assert_eq!(hub.history((FARM, id(9)), 9).await.unwrap(), []);
}

pub(crate) async fn conflicts_come_in_parts(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farms = (1..=5).map(|n| a.farm(n, "Kongo")).collect();
    a.sync(&*hub, farms).await;
    b.fetch(&*hub).await;
    for (device, number) in [(&mut a, "1"), (&mut b, "2")] {
        let edits = (1..=5).map(|n| device.set((FARM, id(n)), PHONE, text(number))).collect();
        device.sync(&*hub, edits).await;
    }
    let (mut after, mut seen) = (None, vec![]);
    loop {
        let part = hub.conflicts(after, 2).await.unwrap();
        assert!(part.open.len() <= 2);
        seen.extend(part.open.into_iter().map(|o| o.record.1));
        match part.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (1..=5).map(id).collect::<Vec<_>>());
}
