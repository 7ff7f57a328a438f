//! An answer that would delete much, where no mark proves that the hub is the same, waits for a person.

use crate::world::{Device, World};
use windrow_protocol::session::Finish;

fn fill(device: &Device, many: u64) {
    let all = format!(
        "WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {many}) \
        INSERT INTO plot (id, n, v) SELECT randomblob(16), 0, n FROM k"
    );
    device.store.connection().unwrap().execute(&all, []).unwrap();
}

fn count(device: &Device) -> u64 {
    device.store.count::<crate::world::Plot>("", []).unwrap()
}

/// A hub whose records were lost behind the devices' backs (restored, then emptied by other means) answers that nothing
/// lives. B's 150 rows, which are known there as dead, would be gone in an instant.
#[test]
fn most_of_a_table_goes_only_when_somebody_says_so() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    fill(&a, 150);
    world.sync(&a);
    world.sync(&b);
    let saved = world.backup();
    a.insert(1, 0, 0);
    world.sync(&a);
    world.sync(&b);
    world.restore(&saved);
    // On the restored hub somebody deletes everything.
    let c = world.device();
    world.sync(&c);
    c.store.connection().unwrap().execute("DELETE FROM plot", []).unwrap();
    world.sync(&c);

    b.insert(2, 7, 7);
    assert_eq!(world.sync(&b), Finish::Waits);
    assert!(world.shown().contains_key(&2), "sending never waits");
    let status = b.store.status().unwrap();
    assert_eq!((status.waits, status.recovering, status.pending_entries), (true, true, 0));
    assert_eq!(count(&b), 152, "nothing is gone");
    assert_eq!(world.sync(&b), Finish::Waits, "and it goes on waiting");

    b.store.confirm_deletion().unwrap();
    assert_eq!(world.sync(&b), Finish::InSync);
    assert_eq!(world.sync(&b), Finish::InSync);
    assert!(!b.store.status().unwrap().waits);
    assert_eq!(b.shown(), world.shown());
}

/// A deletion that the hub's own past proves is nobody's business: it is applied like any other.
#[test]
fn an_ordinary_deletion_of_most_of_a_table_does_not_wait() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    fill(&a, 150);
    world.sync(&a);
    world.sync(&b);
    a.store.connection().unwrap().execute("DELETE FROM plot", []).unwrap();
    world.sync(&a);
    assert_eq!(world.sync(&b), Finish::InSync);
    assert_eq!(count(&b), 0);
}

/// A hub restored to before most of the records were made gets them back from whoever shows them; nothing is deleted and
/// nothing waits.
#[test]
fn what_a_device_shows_is_offered_before_anything_is_deleted() {
    let mut world = World::new();
    let saved = world.backup();
    let (a, b) = (world.device(), world.device());
    fill(&a, 150);
    world.sync(&a);
    world.sync(&b);
    world.restore(&saved);
    assert_eq!(world.sync(&b), Finish::InSync);
    assert_eq!(count(&b), 150);
    assert_eq!(world.sync(&a), Finish::InSync);
    assert_eq!((count(&a), world.shown()), (150, a.shown()));
}
