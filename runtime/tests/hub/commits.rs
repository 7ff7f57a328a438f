//! A commit is merged and kept, all of it or nothing.

use crate::Bench;
use crate::device::{Device, committed, id};
use crate::domain::{CATTLE, FARM, NAME, PLOT, VISIT, WORKER};
use std::collections::BTreeSet;
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::message::{Answer, RefusalCode};
use windrow_protocol::value::Value;

fn reference(n: u8) -> Value {
    Value::Blob(id(n).0.to_vec())
}

pub(crate) async fn what_is_refused_leaves_nothing_behind(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    let plot = a.insert((PLOT, id(2)), vec![reference(9), Value::Null]);
    let sent = a.send(vec![farm, plot]);
    let Answer::Refused(refusals) = hub.prepare(sent.prepare()).await.unwrap() else { panic!("not refused") };
    let [refusal] = refusals.as_slice() else { panic!("{refusals:?}") };
    assert_eq!((refusal.key, refusal.code), ((PLOT, id(2)), RefusalCode::UnknownParent));
    assert_eq!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::UnknownSession);
    assert_eq!(hub.head().await.unwrap().seq, Seq::ZERO);
    assert!(Device::mirror(&*hub).await.is_empty());
}

pub(crate) async fn a_commit_may_refuse_what_was_prepared(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    b.fetch(&*hub).await;
    let farm = (FARM, id(1));
    let (more, most) = (a.add(farm, CATTLE, 10), b.add(farm, CATTLE, i64::MAX.into()));
    let sent = a.send(vec![more]);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    b.sync(&*hub, vec![most]).await;
    let head = hub.head().await.unwrap();
    let Answer::Refused(refusals) = hub.commit(sent.commit(&a)).await.unwrap() else { panic!("not refused") };
    assert_eq!((refusals[0].key, refusals[0].code), (farm, RefusalCode::Overflow));
    assert_eq!(hub.head().await.unwrap(), head);
    assert_eq!(Device::mirror(&*hub).await[&farm][CATTLE], Value::Integer(i64::MAX));
}

pub(crate) async fn many_devices_commit_at_once(bench: &dyn Bench) {
    const DEVICES: u64 = 24;
    let hub = bench.open(100);
    let mut first = Device::new(99);
    let farm = first.farm(1, "Kongo");
    first.sync(&*hub, vec![farm]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=DEVICES {
        let hub = hub.clone();
        tasks.spawn(async move {
            let mut device = Device::new(n);
            device.fetch(&*hub).await;
            let add = device.add((FARM, id(1)), CATTLE, i128::from(n));
            let own = device.farm(10 + n as u8, "of my own");
            device.sync(&*hub, vec![add, own]).await.unwrap().seq
        });
    }
    let seqs: BTreeSet<Seq> = tasks.join_all().await.into_iter().collect();
    assert_eq!(seqs.len() as u64, DEVICES, "each commit has a seq of its own");
    let rows = Device::mirror(&*hub).await;
    assert_eq!(rows[&(FARM, id(1))][CATTLE], Value::Integer((DEVICES * (DEVICES + 1) / 2) as i64));
    assert_eq!(rows.len() as u64, 1 + DEVICES);
}

pub(crate) async fn a_hub_that_opens_again_knows_everything(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    let at = a.sync(&*hub, vec![farm]).await;
    let edit = a.add((FARM, id(1)), CATTLE, 3);
    let staged = a.send(vec![edit]);
    hub.prepare(staged.prepare()).await.unwrap();
    let rows = Device::mirror(&*hub).await;
    drop(hub);
    let hub = bench.open(100);
    assert_eq!(Some(hub.head().await.unwrap()), at);
    assert_eq!(Device::mirror(&*hub).await, rows);
    committed(hub.commit(staged.commit(&a)).await.unwrap());
    assert_eq!(Device::mirror(&*hub).await[&(FARM, id(1))][CATTLE], Value::Integer(3));
}

pub(crate) async fn a_dead_parent_takes_its_children(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let changes = vec![
        a.farm(1, "Kongo"),
        a.insert((WORKER, id(4)), vec![Value::Text("Ada".into()), Value::Null]),
        a.insert((PLOT, id(2)), vec![reference(1), Value::Real(1.5)]),
        a.insert((VISIT, id(3)), vec![reference(4), reference(2)]),
    ];
    a.sync(&*hub, changes).await;
    let mut b = Device::new(2);
    b.fetch(&*hub).await;
    assert_eq!(b.rows.len(), 4);
    let delete = b.delete((WORKER, id(4)));
    b.sync(&*hub, vec![delete]).await;
    assert_eq!(Device::mirror(&*hub).await[&(VISIT, id(3))][0], Value::Null);
    let delete = b.delete((FARM, id(1)));
    b.sync(&*hub, vec![delete]).await;
    assert!(Device::mirror(&*hub).await.is_empty());
    // An edit that had not heard of the deletes brings back what it needs: the farm, and with it what it took.
    let edit = a.set((FARM, id(1)), NAME, Value::Text("Congo".into()));
    a.sync(&*hub, vec![edit]).await;
    let rows = Device::mirror(&*hub).await;
    let tables: Vec<_> = rows.keys().map(|(table, _)| *table).collect();
    assert_eq!(tables, [FARM, PLOT, VISIT]);
    assert_eq!(rows[&(PLOT, id(2))], [reference(1), Value::Real(1.5)]);
}

pub(crate) async fn a_stamp_from_the_future_wins_nothing_for_long(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.hlc = Hlc::from_millis(crate::NOON + 1_000 * crate::DAY);
    let farm = a.farm(1, "from 2029");
    a.sync(&*hub, vec![farm]).await;
    b.fetch(&*hub).await;
    b.hlc = Hlc::from_millis(bench.clock().now() + 60_000);
    let edit = b.set((FARM, id(1)), NAME, Value::Text("a minute later".into()));
    b.sync(&*hub, vec![edit]).await;
    assert_eq!(Device::mirror(&*hub).await[&(FARM, id(1))][NAME], Value::Text("a minute later".into()));
}

/// The hub's machine came up again with a clock two days behind. To go by that would bring back every stamp of the devices,
/// whose clocks are right.
pub(crate) async fn the_hubs_clock_does_not_go_back_with_its_machine(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    drop(hub);
    bench.clock().pass_days(-2);
    let hub = bench.open(100);
    b.fetch(&*hub).await;
    b.hlc = Hlc::from_millis(crate::NOON + 60_000);
    let edit = b.set((FARM, id(1)), NAME, Value::Text("a minute later".into()));
    b.sync(&*hub, vec![edit]).await;
    let lines = hub.history((FARM, id(1)), 100).await.unwrap();
    assert_eq!(lines.last().unwrap().stamp.hlc, b.hlc, "as it was written");
}
