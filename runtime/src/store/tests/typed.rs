use super::*;
use std::sync::mpsc;
use windrow_protocol::change::{End, What};
use windrow_protocol::clock::Seq;

#[test]
fn records_come_back_as_they_were_inserted() {
    let device = Device::new();
    let farm = Farm { id: Id::new(), name: "Ol \"Kalou'; --".into(), phone: Some(String::new()), cattle: i64::MIN };
    device.store.insert(&farm).unwrap();
    assert_eq!(device.get(farm.id), Some(farm.clone()));
    assert_eq!(device.store.count::<Farm>("WHERE phone IS NULL", []).unwrap(), 0);
    assert_eq!(device.store.query::<Farm>("WHERE cattle < ?1 LIMIT 5", [0]).unwrap().len(), 1);
    assert_eq!(device.get(Id::<Farm>::new()), None);
}

#[test]
fn an_update_writes_only_what_was_changed() {
    let device = Device::new();
    let id = device.farm("Kibo", 5);
    let mut read = device.store.get(id).unwrap().unwrap();
    device.edit(id, |f| f.name = "Mawenzi".into());
    device.edit(id, |f| f.cattle += 100);
    read.phone = Some("1".into());
    read.cattle -= 2;
    device.store.update(&mut read).unwrap();
    let farm = device.get(id).unwrap();
    assert_eq!((farm.name.as_str(), farm.phone.as_deref(), farm.cattle), ("Mawenzi", Some("1"), 103));
}

#[test]
fn a_record_can_be_updated_again_without_counting_twice() {
    let device = Device::new();
    let id = device.farm("Kibo", 0);
    let mut farm = device.store.get(id).unwrap().unwrap();
    for _ in 0..3 {
        farm.cattle += 1;
        device.store.update(&mut farm).unwrap();
    }
    assert_eq!(device.get(id).unwrap().cattle, 3);
    device.store.update(&mut farm).unwrap();
    assert_eq!(device.store.changelog().unwrap().len(), 4);
}

#[test]
fn an_update_that_was_rolled_back_is_made_again() {
    let device = Device::new();
    let id = device.farm("Kibo", 0);
    let mut farm = device.store.get(id).unwrap().unwrap();
    farm.cattle += 1;
    let failed = device.store.transaction(|tx| {
        tx.update(&mut farm)?;
        farm.cattle += 1;
        tx.update(&mut farm)?;
        assert_eq!(tx.get(id)?.unwrap().cattle, 2);
        Err::<(), _>(StoreError::Overtaken)
    });
    assert!(failed.is_err());
    assert_eq!(device.get(id).unwrap().cattle, 0);
    device.store.update(&mut farm).unwrap();
    assert_eq!(device.get(id).unwrap().cattle, 2);
    device.store.update(&mut farm).unwrap();
    assert_eq!(device.get(id).unwrap().cattle, 2);
}

#[test]
fn a_panic_in_a_transaction_rolls_back_and_the_store_goes_on() {
    let device = Device::new();
    let store = device.store.clone();
    let panicked = std::thread::spawn(move || {
        store.transaction(|tx| -> Result<(), StoreError> {
            tx.insert(&Farm { id: Id::new(), name: String::new(), phone: None, cattle: 0 })?;
            panic!("the application's own")
        })
    });
    assert!(panicked.join().is_err());
    assert_eq!(device.store.count::<Farm>("", []).unwrap(), 0);
    device.farm("Kibo", 0);
}

#[test]
fn what_a_table_refuses_is_told_by_kind() {
    let device = Device::new();
    let (farm, worker) = (device.farm("Kibo", 0), Worker { id: Id::new(), badge: "7".into() });
    let plot = device.plot(farm);
    device.visit(plot, None);
    device.store.insert(&worker).unwrap();
    let rule = |result: Result<(), StoreError>| match result {
        Err(StoreError::Write(WriteError::Rule { rule, .. })) => rule,
        other => panic!("{other:?}"),
    };
    let insert = |id, farm_id| device.store.insert(&Plot { id, farm_id, variety: String::new(), best_yield: None });
    assert_eq!(rule(insert(plot, farm)), Rule::Exists);
    assert_eq!(rule(insert(Id::new(), Id::new())), Rule::Reference);
    assert_eq!(rule(device.store.delete(plot).map(|_| ())), Rule::Reference);
    let twin = Worker { id: Id::new(), badge: "7".into() };
    let refused = device.store.insert(&twin).unwrap_err();
    let said = format!("worker {}: refused: another worker has this badge: choose another value", twin.id);
    assert_eq!(refused.to_string(), said);
    assert_eq!(rule(Err(refused)), Rule::Trigger);
    device.edit(farm, |f| f.cattle = i64::MAX);
    let mut old = device.store.get(farm).unwrap().unwrap();
    device.edit(farm, |f| f.cattle -= 1);
    device.edit(farm, |f| f.cattle += 1);
    old.cattle -= 1;
    device.store.update(&mut old).unwrap();
    old.cattle = i64::MIN;
    let overflow = device.store.update(&mut old);
    assert!(matches!(overflow, Err(StoreError::Write(WriteError::Overflow { field: "cattle", .. }))), "{overflow:?}");
}

#[test]
fn a_vanished_record_and_a_changed_id_are_errors() {
    let device = Device::new();
    let id = device.farm("Kibo", 0);
    let mut farm = device.store.get(id).unwrap().unwrap();
    assert!(device.store.delete(id).unwrap());
    assert!(!device.store.delete(id).unwrap());
    farm.name = "x".into();
    let vanished = device.store.update(&mut farm);
    assert!(matches!(vanished, Err(StoreError::Write(WriteError::Vanished { table: "farm", .. }))), "{vanished:?}");
    farm.id = Id::new();
    let changed = device.store.update(&mut farm);
    assert!(matches!(changed, Err(StoreError::Write(WriteError::IdChanged { .. }))), "{changed:?}");
}

#[test]
fn the_store_within_its_own_transaction_is_an_error_and_no_deadlock() {
    let device = Device::new();
    let nested = device.store.transaction(|_| device.store.count::<Farm>("", []));
    assert!(matches!(nested, Err(StoreError::Write(WriteError::Nested))), "{nested:?}");
    assert_eq!(device.store.count::<Farm>("", []).unwrap(), 0);
}

#[test]
fn other_threads_wait_for_a_transaction() {
    let device = Device::new();
    let (begun, wait) = mpsc::channel();
    let store = device.store.clone();
    let writer = std::thread::spawn(move || {
        store.transaction(|tx| {
            begun.send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(50));
            tx.insert(&Farm { id: Id::new(), name: String::new(), phone: None, cattle: 0 })
        })
    });
    wait.recv().unwrap();
    assert_eq!(device.store.count::<Farm>("", []).unwrap(), 1);
    writer.join().unwrap().unwrap();
}

#[test]
fn a_type_that_is_not_in_the_domain_is_named() {
    /// Nobody's.
    #[derive(Debug, Clone, PartialEq, Syncable)]
    struct Stranger {
        id: Id<Stranger>,
        name: String,
    }
    let error = Device::new().store.get(Id::<Stranger>::new()).unwrap_err();
    assert_eq!(error.to_string(), "Stranger is not in the domain SURVEY; add it to `domain!`");
}

#[test]
fn an_update_names_the_base_at_which_the_record_was_read() {
    let device = Device::new();
    let id = device.farm("Kibo", 0);
    assert_eq!(device.sync(3, vec![]), Applied::Applied);
    let mut read = device.store.get(id).unwrap().unwrap();
    assert_eq!(device.sync(9, vec![patch(id, vec![(1, text("9"))])]), Applied::Applied);
    read.phone = Some("old".into());
    device.store.update(&mut read).unwrap();
    device.edit(id, |f| f.cattle += 1);
    let changeset = device.changeset().unwrap();
    let change = change_of(&changeset, id);
    let bases: Vec<u64> = change.writes.iter().map(|w| w.base.bits()).collect();
    assert_eq!((change.base, bases), (Seq::from_bits(3).unwrap(), vec![3, 9]));
    assert_eq!(changeset.checkpoint, point(9));
    assert_eq!(device.scalar::<i64>("SELECT base FROM windrow_state"), 9);
}

#[test]
fn the_base_returns_even_when_the_write_is_refused() {
    let device = Device::new();
    let (a, b) = (Worker { id: Id::new(), badge: "a".into() }, Worker { id: Id::new(), badge: "b".into() });
    device.store.insert(&a).unwrap();
    device.store.insert(&b).unwrap();
    let mut old = device.store.get(a.id).unwrap().unwrap();
    device.sync(4, vec![]);
    old.badge = "b".into();
    device
        .store
        .transaction(|tx| {
            assert!(tx.update(&mut old).is_err());
            tx.insert(&Worker { id: Id::new(), badge: "c".into() })
        })
        .unwrap();
    assert_eq!(device.store.changelog().unwrap().last().unwrap().base, Seq::from_bits(4).unwrap());
}

#[test]
fn writes_are_announced_and_reads_are_not() {
    let device = Device::new();
    let mut changes = device.store.changes();
    let marker = device.store.pending_marker().unwrap();
    device.store.count::<Farm>("", []).unwrap();
    assert!(!changes.has_changed().unwrap());
    device.farm("Kibo", 0);
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), 1);
    let written = device.store.pending_marker().unwrap();
    assert!(written > marker);
    device.store.connection().unwrap().execute("DELETE FROM farm", []).unwrap();
    assert!(!changes.has_changed().unwrap());
    assert!(device.store.pending_marker().unwrap() > written);
}

#[test]
fn the_changelog_tells_what_was_done_in_order() {
    let device = Device::new();
    let farm = device.farm("Kibo", 2);
    let plot = device.plot(farm);
    device.edit(farm, |f| f.cattle += 1);
    device.store.delete(farm).unwrap();
    let log = device.store.changelog().unwrap();
    let told: Vec<_> = log.iter().map(|e| (e.table.as_str(), e.operation.as_str(), e.fields.join(" "))).collect();
    assert_eq!(
        told[..3],
        [
            ("farm", "insert", "name phone cattle".to_owned()),
            ("plot", "insert", "farm_id variety best_yield".to_owned()),
            ("farm", "update", "cattle".to_owned()),
        ]
    );
    let mut ends: Vec<_> = told[3..].iter().map(|(table, operation, _)| (*table, *operation)).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("farm", "delete"), ("plot", "cascade")]);
    assert!(log.windows(2).all(|w| w[0].stamp < w[1].stamp));
    assert!(log.iter().all(|e| e.device == device.store.device_id() && e.origin == log[0].origin));
    assert_eq!(log[1].record, plot.record());
}

#[test]
fn pending_writes_fold_into_net_changes() {
    let device = Device::new();
    let id = device.farm("Kibo", 2);
    device.edit(id, |f| f.cattle += 5);
    let status = device.store.status().unwrap();
    assert_eq!((status.pending_records, status.pending_entries), (1, 2));
    let changeset = device.changeset().unwrap();
    let change = change_of(&changeset, id);
    assert_eq!((change.born, change.end), (true, End::Alive));
    assert_eq!(change.writes[2].what, What::Add(7));
    assert_eq!(changeset.upto, status.clock);
}
