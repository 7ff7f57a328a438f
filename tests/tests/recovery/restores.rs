//! The hub is put back as it was some time ago.

use crate::world::{Cut, Visit, World, plot};
use std::time::Duration;
use windrow::{Id, Timestamp};

/// The commit of A is lost with the hub; its copy sends the same span, but without plot 1, which it deleted. Cover and
/// checkpoint agree with A afterwards; only the mark of its own commit tells.
#[test]
fn acknowledged_in_a_lost_past() {
    let mut world = World::new();
    let a = world.device();
    world.sync(&a);
    let saved = world.backup();
    a.insert(1, 5, 1);
    world.session(&a, Some(Cut::Apply), || {});
    let b = world.copy(&a);
    let a = a.reopen();
    world.restore(&saved);
    b.delete(1);
    world.sync(&b);
    world.quiet(&[&a, &b]);
}

/// The hub is restored and another device syncs first, so that seq 2 is now another's. C has pulled seq 2 of the lost
/// past: only its mark says that it must go back.
#[test]
fn a_seq_that_was_given_again() {
    let mut world = World::new();
    let (a, b, c) = (world.device(), world.device(), world.device());
    a.insert(1, 0, 0);
    world.sync(&a);
    world.sync(&b);
    let saved = world.backup();
    a.set_n(1, 5);
    world.sync(&a);
    world.sync(&c);
    world.restore(&saved);
    b.insert(2, 1, 1);
    world.sync(&b);
    assert_eq!(world.quiet(&[&c, &b, &a]), [(1, (5, Some(0))), (2, (1, Some(1)))].into());
}

/// C wanted plot 1 whole, and the first page of its answer told it, as A had just written it. Then the hub was restored to
/// before that write, which nobody had any more. The restored hub knew the place that C's page had reached, but plot 1 stood
/// behind that place again, and was not told: C showed a lost value for good. (Simulator, world 1005.)
#[test]
fn restored_between_two_pages() {
    let mut world = World::with_pages_of(1);
    let (a, c) = (world.device(), world.device());
    for name in [1, 2, 3] {
        a.insert(name, 0, 10);
        world.sync(&a);
    }
    let saved = world.backup();
    a.sql("UPDATE plot SET v = 20 WHERE id = ?1", 1);
    world.sync(&a);
    c.sql("INSERT INTO windrow_refetch VALUES ('plot', ?1)", 1);
    world.session(&c, Some(Cut::Page), || {});
    world.restore(&saved);
    assert_eq!(world.quiet(&[&c])[&1], (0, Some(10)));
}

/// What A no longer has in its log the hub can't get back; A must not go on showing it.
#[test]
fn a_pruned_log_cannot_give_back_a_difference() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 0, 0);
    world.sync(&a);
    let saved = world.backup();
    a.set_n(1, 5);
    world.sync(&a);
    let later = Timestamp::from_millis(Timestamp::now().millis() + 1000);
    assert!(a.store.prune(later, Duration::ZERO).unwrap() > 0);
    world.restore(&saved);
    assert_eq!(world.quiet(&[&a, &b])[&1].0, 0);
}

/// The hub is put back to before anybody had synced. Nobody's log but A's has plot 1, yet B still shows it: it comes back
/// at once, below any write that A then offers again.
#[test]
fn restored_to_before_the_first_contact() {
    let mut world = World::new();
    let saved = world.backup();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 5, 1);
    world.sync(&a);
    world.sync(&b);
    world.restore(&saved);
    world.sync(&b);
    assert_eq!(world.shown(), [(1, (0, Some(1)))].into(), "the sum is A's to bring");
    assert_eq!(world.quiet(&[&a, &b]), [(1, (5, Some(1)))].into());
}

/// Born and died after the hub's backup. Its author says so, or B, which never heard of the death, brings it back.
#[test]
fn what_died_after_the_backup_stays_dead() {
    let mut world = World::new();
    let saved = world.backup();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 5, 1);
    world.sync(&a);
    world.sync(&b);
    a.delete(1);
    world.sync(&a);
    world.restore(&saved);
    assert!(world.quiet(&[&a, &b]).is_empty());
}

/// The hub is restored between PREPARE and COMMIT, between COMMIT and its repetition, and while an answer is under way.
#[test]
fn restored_in_the_middle_of_a_session() {
    for cut in [Cut::Prepare, Cut::Commit, Cut::Apply] {
        let mut world = World::new();
        let (a, b) = (world.device(), world.device());
        a.insert(1, 1, 1);
        world.sync(&a);
        world.sync(&b);
        let saved = world.backup();
        a.set_n(1, 3);
        world.session(&a, Some(cut), || {});
        b.set_n(1, 5);
        world.restore(&saved);
        a.set_n(1, 11);
        assert_eq!(world.quiet(&[&a, &b])[&1].0, 15, "{cut:?}");
    }
}

/// Both at once: the hub from one backup, the device from another, and back and forth.
#[test]
fn device_and_hub_are_both_restored() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 1, 1);
    world.sync(&a);
    let (hub, device) = (world.backup(), world.save(&a));
    a.set_n(1, 2);
    world.sync(&a);
    world.sync(&b);
    let later = world.backup();
    let a = a.put_back(&device);
    world.restore(&hub);
    a.set_n(1, 101);
    world.sync(&a);
    world.sync(&b);
    world.restore(&later);
    assert_eq!(world.quiet(&[&a, &b])[&1].0, 102, "the first +1 is in the later backup");
}

/// What a device has under review and decided survives a hub that forgot the conflict.
#[test]
fn a_conflict_that_the_hub_forgot() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 0, 0);
    world.sync(&a);
    world.sync(&b);
    let saved = world.backup();
    a.sql("UPDATE plot SET r = 1 WHERE id = ?1", 1);
    b.sql("UPDATE plot SET r = 2 WHERE id = ?1", 1);
    world.quiet(&[&a, &b]);
    assert_eq!(a.store.conflicts().unwrap().len(), 1);
    world.restore(&saved);
    world.quiet(&[&a, &b]);
    let [of_a, of_b] = [&a, &b].map(|d| d.store.conflicts().unwrap());
    assert_eq!((of_a.len(), &of_a), (1, &of_b), "both candidates come from the logs");
    assert_eq!(of_a[0].candidates.len(), 2);
    assert!(a.store.get(plot(1)).unwrap().is_some());
}

/// Ann made a visit and deleted it, but Bob's note, which she had not seen, brought it back, and she wrote a note herself. Then the
/// hub was put back to before all that. Her log now tells of a birth, a death and a note; how the visit came back it
/// does not tell, so that what she sends is born with nothing but the note. It was refused for want of a plot, though the visit
/// was offered whole beside it. (Simulator, world 41.)
#[test]
fn a_record_that_came_back_before_the_hub_lost_it() {
    let mut world = World::new();
    let (ann, bob) = (world.device(), world.device());
    ann.insert(1, 0, 0);
    world.sync(&ann);
    let saved = world.backup();
    let id = Id::new();
    ann.store.insert(&Visit { id, plot_id: plot(1), notes: None }).unwrap();
    world.sync(&ann);
    world.sync(&bob);
    let note = |device: &crate::world::Device, text: &str| {
        let mut visit = device.store.get(id).unwrap().unwrap();
        visit.notes = Some(text.into());
        device.store.update(&mut visit).unwrap();
    };
    note(&bob, "Bob's");
    ann.store.delete(id).unwrap();
    world.quiet(&[&bob, &ann]);
    note(&ann, "Ann's");
    world.quiet(&[&ann, &bob]);
    world.restore(&saved);
    world.quiet(&[&ann, &bob]);
    for device in [&ann, &bob] {
        assert_eq!(device.store.refused().unwrap(), []);
        let visit = device.store.get(id).unwrap().unwrap();
        assert_eq!((visit.plot_id, visit.notes.as_deref()), (plot(1), Some("Ann's")));
    }
}
