use super::*;
use crate::Timestamp;
use std::time::Duration;

fn log(device: &Device) -> i64 {
    device.scalar("SELECT count(*) FROM windrow_changelog")
}

fn prune_all(device: &Device) -> u64 {
    let now = Timestamp::from_millis(Timestamp::now().millis() + 1000);
    device.store.prune(now, Duration::ZERO).unwrap()
}

#[test]
fn only_old_entries_that_a_checkpoint_vouches_for_are_pruned() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    device.plot(id);
    assert_eq!(prune_all(&device), 0, "pending");
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.acknowledge(Some(point(1)), &device.page(&last(1, vec![]))).unwrap();
    assert_eq!(prune_all(&device), 0, "no checkpoint vouches for it");
    session.apply().unwrap();
    device.edit(id, |f| f.cattle += 1);
    assert_eq!(device.store.prune(Timestamp::now(), RETENTION).unwrap(), 0, "young");
    assert_eq!(prune_all(&device), 2);
    assert_eq!((log(&device), device.store.pending().unwrap()), (1, 1));
}

#[test]
fn more_than_a_step_is_pruned_and_empty_origins_go() {
    let device = Device::new();
    device
        .store
        .transaction(|tx| {
            for i in 0..1203 {
                tx.insert(&Farm { id: Id::new(), name: format!("farm {i}"), phone: None, cattle: i })?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let device = device.reopened();
    device.farm("late", 1);
    device.sync(1, vec![]);
    let device = device.reopened();
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM windrow_origins"), 3);
    assert_eq!(prune_all(&device), 1204);
    assert_eq!((log(&device), device.scalar::<i64>("SELECT count(*) FROM windrow_origins")), (0, 1));
    assert_eq!(
        device.scalar::<String>("SELECT group_concat(number || ' ' || operation) FROM windrow_log"),
        "1204 0",
        "the last number"
    );
    assert_eq!(prune_all(&device), 0);
    device.farm("later", 1);
    let changeset = device.changeset().unwrap();
    assert_eq!((changeset.spans.len(), changeset.spans[0].after), (1, Hlc::ZERO));
    assert_eq!(changeset.author, changeset.spans[0].origin);
}
