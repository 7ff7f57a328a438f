//! What a restored hub can't take back is kept for people to see.

use crate::world::{Device, Visit, World, plot};
use windrow::Id;
use windrow_protocol::session::Finish;

fn visit(device: &Device, name: u8) -> Id<Visit> {
    let id = Id::new();
    device.store.insert(&Visit { id, plot_id: plot(name), notes: None }).unwrap();
    id
}

/// After the hub's backup a plot was made, visited, and deleted by others with the visit that hung on it. A's log still
/// has an edit of a visit, whose insert is gone from the log and whose row is gone from the table: nobody can offer
/// that record whole. The edit is kept as refused, and everything else is sent.
#[test]
fn an_edit_of_a_record_that_nobody_has_is_kept_as_refused() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    let saved = world.backup();
    b.insert(1, 0, 0);
    b.insert(2, 0, 0);
    world.sync(&b);
    world.sync(&a);
    a.set_n(1, 4);
    world.sync(&a);
    b.delete(1);
    world.sync(&b);
    world.sync(&b);
    b.delete(1);
    world.sync(&b);
    world.sync(&a);
    assert!(!a.shown().contains_key(&1));
    // B's log is lost with its tablet.
    world.restore(&saved);
    assert_eq!(world.sync(&a), Finish::InSync);
    let refused = a.store.refused().unwrap();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].code.as_str(), refused[0].record), ("unknown-record", plot(1).record()));
    assert_eq!(refused[0].change["added"]["n"], 4);
    assert_eq!(a.shown().keys().copied().collect::<Vec<_>>(), [2], "and the rest came back");
}

/// What was refused can be written again once its reason is gone.
#[test]
fn a_refused_change_is_written_again() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    a.insert(1, 0, 0);
    a.set_n(1, i64::MAX - 1);
    world.sync(&a);
    world.sync(&b);
    a.set_n(1, i64::MAX);
    world.sync(&a);
    b.set_n(1, i64::MAX);
    assert_eq!(world.sync(&b), Finish::InSync);
    let refused = b.store.refused().unwrap();
    assert_eq!((refused.len(), refused[0].code.as_str()), (1, "overflow"));
    a.set_n(1, 10);
    world.quiet(&[&a, &b]);
    let added = refused[0].change["added"]["n"].as_i64().unwrap();
    b.set_n(1, 10 + added);
    b.store.dismiss(&refused[0]).unwrap();
    assert_eq!(world.quiet(&[&a, &b])[&1].0, 11);
    assert!(b.store.refused().unwrap().is_empty());
}

/// A visit hangs on a plot. The restored hub knows neither, and both come back, the plot first.
#[test]
fn what_hangs_on_what_was_lost_comes_back_with_it() {
    let mut world = World::new();
    let (a, b) = (world.device(), world.device());
    let saved = world.backup();
    a.insert(1, 0, 0);
    let id = visit(&a, 1);
    world.sync(&a);
    world.sync(&b);
    world.restore(&saved);
    assert_eq!(world.sync(&b), Finish::InSync);
    let c = world.device();
    world.sync(&c);
    assert_eq!(c.store.get(id).unwrap().unwrap().plot_id, plot(1));
    assert!(b.store.refused().unwrap().is_empty());
    world.quiet(&[&a, &b, &c]);
}

/// Two copies of a file: the one had sent a delete, the other inserted the record again, and that was refused. A visit to that
/// record, which the hub knew all along, was refused with it: what the copy had sent was forgotten when it was asked whose
/// insert begins a record. World 113 of the simulator.
#[test]
fn what_hangs_on_a_record_that_the_hub_knows_is_not_refused_with_it() {
    let mut world = World::new();
    let (a, c) = (world.device(), world.device());
    a.insert(1, 5, 0);
    world.sync(&a);
    world.sync(&c);
    a.delete(1);
    let b = world.copy(&a);
    world.sync(&a);
    // Nobody who deletes has seen this: the record lives, and nothing more can be added to it.
    c.set_n(1, i64::MAX);
    world.sync(&c);
    b.insert(1, 10, 0);
    let visited = visit(&b, 1);
    world.sync(&b);
    let refused: Vec<String> = b.store.refused().unwrap().into_iter().map(|r| r.table).collect();
    assert_eq!(refused, ["plot"]);
    let visits: Vec<_> = b.store.query::<Visit>("", []).unwrap().into_iter().map(|v| v.id).collect();
    assert_eq!(visits, [visited]);
}
