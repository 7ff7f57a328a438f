//! A session is committed exactly once, whatever is lost or repeated.

use crate::Bench;
use crate::device::{Device, committed, id};
use crate::domain::{CATTLE, FARM, NAME};
use windrow::hub::HubError;
use windrow_protocol::message::{Answer, ProblemKind};
use windrow_protocol::value::Value;

pub(crate) async fn a_commit_happens_once(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let mut farm = a.farm(1, "Kongo");
    farm.writes[CATTLE].what = windrow_protocol::change::What::Add(7);
    let sent = a.send(vec![farm]);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared, "lost and repeated");
    let first = committed(hub.commit(sent.commit(&a)).await.unwrap());
    let head = hub.head().await.unwrap();
    assert_eq!(first.0, Some(head));
    for _ in 0..3 {
        assert_eq!(committed(hub.commit(sent.commit(&a)).await.unwrap()).0, Some(head));
        assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    }
    assert_eq!(hub.head().await.unwrap(), head);
    assert_eq!(Device::mirror(&*hub).await[&(FARM, id(1))][CATTLE], Value::Integer(7));
}

/// A device that had overheard a session's id and digest committed it in its own name, and was told what another may see.
pub(crate) async fn only_the_device_that_prepared_commits(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    match hub.commit(sent.commit(&b)).await {
        Err(HubError::Problem(problem)) => assert_eq!(problem.kind, ProblemKind::Forbidden),
        other => panic!("{other:?}"),
    }
    assert!(committed(hub.commit(sent.commit(&a)).await.unwrap()).0.is_some());
}

pub(crate) async fn a_repeated_commit_hears_what_is_new_by_then(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    hub.prepare(sent.prepare()).await.unwrap();
    let at = committed(hub.commit(sent.commit(&a)).await.unwrap()).0;
    let other = b.farm(2, "Elbe");
    b.sync(&*hub, vec![other]).await;
    let (again, page) = committed(hub.commit(sent.commit(&a)).await.unwrap());
    assert_eq!(again, at);
    a.acknowledge(&sent, again);
    a.take(&*hub, page).await;
    assert_eq!(a.checkpoint, hub.head().await.unwrap());
    assert_eq!(a.rows[&(FARM, id(2))][NAME], Value::Text("Elbe".into()));
}

pub(crate) async fn what_was_never_prepared_is_unknown(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    assert_eq!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::UnknownSession);
    assert!(Device::mirror(&*hub).await.is_empty());
}

pub(crate) async fn an_id_stands_for_one_payload(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm.clone()]);
    let second = a.farm(2, "Elbe");
    let mut other = a.send(vec![farm, second]);
    other.session = sent.session;
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    assert_eq!(hub.prepare(other.prepare()).await.unwrap(), Answer::Reused);
    assert_eq!(hub.commit(other.commit(&a)).await.unwrap(), Answer::Reused);
    committed(hub.commit(sent.commit(&a)).await.unwrap());
    assert_eq!(hub.prepare(other.prepare()).await.unwrap(), Answer::Reused);
    assert_eq!(hub.commit(other.commit(&a)).await.unwrap(), Answer::Reused);
    assert_eq!(Device::mirror(&*hub).await.len(), 1);
}

pub(crate) async fn what_is_not_committed_expires(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    hub.prepare(sent.prepare()).await.unwrap();
    bench.clock().pass_days(6);
    hub.prepare(sent.prepare()).await.unwrap();
    bench.clock().pass_days(6);
    // Prepared again, it is counted anew.
    assert!(matches!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::Committed { .. }));
    let farm = a.farm(2, "Elbe");
    a.acknowledge(&sent, Some(hub.head().await.unwrap()));
    let sent = a.send(vec![farm]);
    hub.prepare(sent.prepare()).await.unwrap();
    bench.clock().pass_days(8);
    assert_eq!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::UnknownSession);
    hub.prepare(sent.prepare()).await.unwrap();
    committed(hub.commit(sent.commit(&a)).await.unwrap());
}

pub(crate) async fn a_forgotten_outcome_does_not_commit_again(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    hub.prepare(sent.prepare()).await.unwrap();
    committed(hub.commit(sent.commit(&a)).await.unwrap());
    bench.clock().pass_days(31);
    let other = b.farm(2, "Elbe");
    b.sync(&*hub, vec![other]).await;
    let head = hub.head().await.unwrap();
    assert_eq!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::UnknownSession);
    let stands = Answer::Known { covers: vec![(a.origin, sent.upto)], missing: vec![] };
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), stands, "the cover stands");
    assert_eq!(hub.head().await.unwrap(), head);
}

pub(crate) async fn nothing_to_say_is_no_commit(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    let head = hub.head().await.unwrap();
    assert_eq!(a.sync(&*hub, vec![]).await, None);
    assert_eq!((hub.head().await.unwrap(), a.checkpoint), (head, head));
}

pub(crate) async fn shortened_ids_are_made_whole_or_asked_for(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let (mut near, mut farms) = (id(3), vec![a.farm(1, "Kongo"), a.farm(3, "Elbe")]);
    near.0[15] = 77;
    let mut twin = a.farm(3, "Oder");
    twin.id = near;
    farms.push(twin);
    a.sync(&*hub, farms).await;
    let edit = a.set((FARM, id(1)), NAME, Value::Text("Congo".into()));
    let changeset = a.changeset(vec![edit]);
    let sent = a.seal(&changeset, 1);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    let (at, page) = committed(hub.commit(sent.commit(&a)).await.unwrap());
    a.acknowledge(&sent, at);
    a.take(&*hub, page).await;
    assert_eq!(Device::mirror(&*hub).await[&(FARM, id(1))][NAME], Value::Text("Congo".into()));
    let edit = a.set((FARM, id(3)), NAME, Value::Text("Labe".into()));
    let changeset = a.changeset(vec![edit]);
    let sent = a.seal(&changeset, 15);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::WholeIds, "two begin so");
    let sent = a.seal(&changeset, 16);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    // The id was unambiguous when it was prepared; by the time of the commit another record begins so.
    let edit = a.set((FARM, id(1)), NAME, Value::Text("Zaire".into()));
    let changeset = a.changeset(vec![edit]);
    let sent = a.seal(&changeset, 1);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    let mut b = Device::new(2);
    let mut twin = b.farm(1, "Havel");
    twin.id.0[15] = 99;
    b.sync(&*hub, vec![twin]).await;
    assert_eq!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::WholeIds);
}
