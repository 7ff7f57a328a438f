//! Whether device and hub are equal, and what mends it where they are not.

use crate::world::{Device, World};
use windrow_protocol::session::Finish;

/// Something wrote to the file behind the triggers' back: a bad sector, an editor that opened it with the triggers off.
fn behind_the_triggers(device: &Device, sql: &str) {
    let conn = device.store.connection().unwrap();
    let spoil = format!(
        "PRAGMA foreign_keys = OFF; BEGIN; UPDATE windrow_state SET applying = 1; {sql};
         UPDATE windrow_state SET applying = 0; COMMIT"
    );
    conn.execute_batch(&spoil).unwrap();
}

#[test]
fn equal_tables_are_found_equal() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    (1..20).for_each(|n| a.insert(n, n.into(), 0));
    world.sync(&a);
    assert_eq!(b.store.status().unwrap().verified, None, "an empty queue is no proof");
    b.store.verify().unwrap();
    assert_eq!(world.sync(&b), Finish::InSync);
    let status = b.store.status().unwrap();
    assert!(status.verified.is_some() && status.differed.is_none());
}

#[test]
fn a_table_that_differs_is_told_whole_and_mended() {
    for sql in [
        "UPDATE plot SET v = 99 WHERE id = (SELECT min(id) FROM plot)",
        "DELETE FROM plot WHERE id = (SELECT max(id) FROM plot)",
        "INSERT INTO plot (id, n) VALUES (x'00000000000000000000000000000077', 5)",
    ] {
        let mut world = World::new();
        let (a, b) = (world.device(), world.device());
        (1..20).for_each(|n| a.insert(n, n.into(), 0));
        world.sync(&a);
        world.sync(&b);
        behind_the_triggers(&b, sql);
        assert_ne!(b.shown(), a.shown());
        assert_eq!(world.sync(&b), Finish::InSync, "an ordinary pull has nothing to say");
        assert_ne!(b.shown(), a.shown());
        b.store.verify().unwrap();
        assert_eq!(world.sync(&b), Finish::InSync);
        assert_eq!(b.shown(), a.shown(), "{sql}");
        let status = b.store.status().unwrap();
        assert!(status.verified.is_some() && status.differed.is_some(), "both are said: {status:?}");
    }
}

/// A write made while the hub was asked is pending, and no reason to doubt the rest.
#[test]
fn pending_writes_put_the_question_off() {
    let mut world = World::new();
    let a = world.device();
    a.insert(1, 1, 1);
    world.sync(&a);
    a.store.verify().unwrap();
    a.insert(2, 1, 1);
    world.session(&a, None, || a.insert(3, 1, 1));
    assert_eq!(a.store.status().unwrap().verified, None);
    assert_eq!(world.sync(&a), Finish::InSync);
    assert!(a.store.status().unwrap().verified.is_some());
}
