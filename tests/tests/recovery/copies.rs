//! Two devices in copies of one file.

use crate::world::{Cut, Device, World, plot};
use windrow::store::Next;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Finish, Session};

/// A tablet's file was copied to another with +5 unsent. With a new identity for the copy and its log kept, +5 would
/// count twice.
#[test]
fn unsent_work_of_a_copy_counts_once() {
    let mut world = World::new();
    let a = world.device();
    a.insert(1, 0, 0);
    world.sync(&a);
    a.set_n(1, 5);
    let b = world.copy(&a);
    let a = a.reopen();
    a.set_n(1, 15);
    b.set_n(1, 105);
    assert_eq!(world.quiet(&[&a, &b])[&1].0, 115);
}

/// A copy was made while A ran, and A wrote on, under the origin that both share: the hub's cover of it is then later than
/// anything that the copy ever wrote. The copy, which names that cover, was told for ever that its changeset contradicts
/// itself.
#[test]
fn the_original_writes_on_beyond_its_copy() {
    let mut world = World::new();
    let a = world.device();
    a.insert(1, 0, 0);
    world.sync(&a);
    a.set_n(1, 5);
    let b = world.copy(&a);
    a.set_n(1, 15);
    world.sync(&a);
    assert_eq!(world.quiet(&[&b, &a])[&1].0, 15);
}

/// A takes the shared +5 back before it sends, so that the hub never hears of a change. Its copy, told only that those
/// entries are sent, would go on showing 5: it asks for the record whole.
#[test]
fn what_the_sibling_cancelled_is_told_again() {
    let mut world = World::new();
    let a = world.device();
    a.insert(1, 0, 0);
    world.sync(&a);
    a.set_n(1, 5);
    let b = world.copy(&a);
    let a = a.reopen();
    a.set_n(1, 0);
    a.insert(2, 1, 1);
    assert_eq!(world.quiet(&[&a, &b])[&1].0, 0);
}

/// A never sends plot 1, which was born and died there; yet its cover passes it. The copies still work on it: the first
/// offers its whole life, once.
#[test]
fn what_was_born_and_died_on_the_sibling_is_offered_whole() {
    let mut world = World::new();
    let a = world.device();
    world.sync(&a);
    a.insert(1, 5, 1);
    let (b, c) = (world.copy(&a), world.copy(&a));
    let a = a.reopen();
    a.delete(1);
    a.insert(2, 0, 0);
    world.sync(&a);
    b.set_n(1, 6);
    c.set_n(1, 7);
    assert_eq!(world.quiet(&[&b, &c, &a])[&1].0, 8);
}

/// Both copies have prepared plot 1 whole before either commits. The check at COMMIT keeps 5 from counting twice.
#[test]
fn two_copies_offer_the_same_unknown_record() {
    let mut world = World::new();
    let a = world.device();
    world.sync(&a);
    a.insert(1, 5, 1);
    let (b, c) = (world.copy(&a), world.copy(&a));
    let a = a.reopen();
    a.delete(1);
    a.insert(2, 0, 0);
    world.sync(&a);
    // c hears that the hub lacks plot 1, and its PREPARE with the offer is staged; then b commits the same offer.
    learn(&world, &c);
    world.session(&c, Some(Cut::Prepare), || {});
    world.sync(&b);
    assert_eq!(world.quiet(&[&a, &b, &c])[&1].0, 5);
}

/// Runs a session up to the first answer `known`, which is taken over.
fn learn(world: &World, device: &Device) {
    let actions = device.store.session();
    let (mut session, mut action) = Session::start(Pace::default());
    loop {
        let learns = matches!(action, Action::TakeOver { .. });
        let event = match actions.perform(action).unwrap() {
            Next::Event(event) => event,
            Next::Send(request) => Event::Answered(world.answer(request)),
            Next::Finish(finish) => panic!("nothing was learnt: {finish:?}"),
        };
        if learns {
            return;
        }
        action = session.on(event).unwrap();
    }
}

/// Both had deleted plot 1; A sends it, its copy inserts it again: the difference counts. Without the order of lives, which
/// the passed entries tell, it would be 10 + 3.
#[test]
fn reborn_over_a_delete_that_another_sent() {
    let mut world = World::new();
    let a = world.device();
    a.insert(1, 10, 1);
    world.sync(&a);
    a.delete(1);
    let b = world.copy(&a);
    let a = a.reopen();
    world.sync(&a);
    b.insert(1, 3, 2);
    assert_eq!(world.quiet(&[&a, &b])[&1].0, 3);
}

/// A device is put back to its backup of yesterday, and works on. What it had sent since is at the hub; what it writes
/// now is new.
#[test]
fn a_restored_device_gets_back_what_it_had_sent() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 10, 1);
    world.sync(&a);
    let saved = world.save(&a);
    a.set_n(1, 17);
    a.insert(2, 1, 1);
    world.sync(&a);
    let a = a.put_back(&saved);
    a.set_n(1, 11);
    assert_eq!(world.quiet(&[&a, &b]), [(1, (18, Some(1))), (2, (1, Some(1)))].into());
}

/// Written while the session was under way, so on an old base. The file's own commits are seen by it, not unseen, though
/// the file was opened anew and has another origin: no conflict opens.
#[test]
fn an_own_earlier_value_is_no_conflict() {
    let mut world = World::new();
    let a = world.device();
    world.sync(&a);
    a.insert(1, 0, 0);
    a.sql("UPDATE plot SET r = 1 WHERE id = ?1", 1);
    world.session(&a, None, || a.sql("UPDATE plot SET r = 2 WHERE id = ?1", 1));
    let a = a.reopen();
    world.quiet(&[&a]);
    assert_eq!(a.store.get(plot(1)).unwrap().unwrap().r, Some(2));
    assert!(a.store.conflicts().unwrap().is_empty());
}

/// Copies of copies, all alive and all busy: every difference counts once, and nobody stands still.
#[test]
fn many_copies_count_every_difference_once() {
    let mut world = World::new();
    let mut devices = vec![world.device()];
    devices[0].insert(1, 0, 0);
    world.sync(&devices[0]);
    let mut total = 0;
    for round in 0..6_usize {
        let added = 16_i64.pow(round as u32);
        let shown = devices[round].shown()[&1].0;
        devices[round].set_n(1, shown + added);
        total += added;
        let copy = world.copy(&devices[round]);
        devices.push(copy);
        let opened = devices.swap_remove(round).reopen();
        devices.push(opened);
        devices.swap(round, round + 1);
        if round % 2 == 1 {
            assert_eq!(world.sync(&devices[round]), Finish::InSync);
        }
    }
    let all: Vec<_> = devices.iter().collect();
    assert_eq!(world.quiet(&all)[&1].0, total);
}

/// So much was unsent when the file was copied that the copy would ask for more records by name than a hub looks up at once,
/// and be refused for ever. It asks for their tables.
#[test]
fn a_copy_of_a_large_backlog_asks_for_whole_tables() {
    let mut world = World::new();
    let a = world.device();
    world.sync(&a);
    let many = "WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < 10_500)
        INSERT INTO plot (id, n, v) SELECT randomblob(16), n, n FROM k";
    a.store.connection().unwrap().execute(many, []).unwrap();
    let b = world.copy(&a);
    let a = a.reopen();
    world.sync(&a);
    learn(&world, &b);
    let loaded = b.store.session().load(false, false).unwrap();
    assert_eq!((loaded.pull.refetch, loaded.pull.whole), (vec![], vec![0]));
    assert_eq!(world.sync(&b), Finish::InSync);
    assert_eq!(b.shown(), a.shown());
}
