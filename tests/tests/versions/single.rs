//! What becomes of fields, tables and values that the other side does not know.

use crate::world::{World, id, text};
use windrow::rusqlite::types::Value;
use windrow_protocol::message::{ProblemKind, Retry};

const FOUND: &str = "INSERT INTO FARM (id, name, cattle) VALUES (x'01010101010101010101010101010101', 'Oak', 1)";

fn visit(fields: &str, values: &str) -> String {
    format!("INSERT INTO visit (id, farm_id, {fields}) VALUES ({}, {}, {values})", id(9), id(1))
}

#[test]
fn a_field_that_the_old_device_does_not_know_survives_its_edits() {
    let world = World::new(2);
    let (old, new) = (world.device(1), world.device(2));
    new.run(FOUND);
    new.run(&visit("weather, notes, score", "'storm', 'none', 3"));
    world.quiet(&[&old, &new]);
    old.run("UPDATE visit SET notes = 'much', score = 4");
    world.quiet(&[&old, &new]);
    assert_eq!(new.shows("SELECT weather, notes, score FROM visit"), [[text("storm"), text("much"), 4.into()]]);
    // Deleted and inserted again by who does not know it: the record lives on.
    old.run("DELETE FROM visit");
    old.run(&visit("notes, score", "'again', 5"));
    world.quiet(&[&old, &new]);
    assert_eq!(new.shows("SELECT notes, score FROM visit"), [[text("again"), 5.into()]]);
}

#[test]
fn a_table_that_the_old_device_does_not_know_is_not_told() {
    let world = World::new(2);
    let (old, new) = (world.device(1), world.device(2));
    new.run(FOUND);
    new.run(&visit("weather, score", "'sun', 1"));
    for n in 20..40 {
        new.run(&format!("INSERT INTO photo (id, visit_id) VALUES ({}, {})", id(n), id(9)));
    }
    world.quiet(&[&old, &new]);
    // The old device deletes what the photographs hang on.
    old.run("DELETE FROM visit");
    world.quiet(&[&old, &new]);
    assert_eq!(new.shows("SELECT count(*) FROM photo"), [[Value::Integer(0)]]);
}

#[test]
fn what_is_said_of_a_field_or_a_table_that_is_gone_is_ignored() {
    let world = World::new(5);
    let (old, new) = (world.device(2), world.device(5));
    old.run(FOUND);
    old.run(&visit("weather, legacy, score", "'sun', 'ancient', 1"));
    old.run(&format!("INSERT INTO photo (id, visit_id) VALUES ({}, {})", id(20), id(9)));
    world.sync(&old);
    world.quiet(&[&new]);
    assert_eq!(new.shows("SELECT weather, score FROM visit"), [[text("sun"), 1.into()]]);
    // The hub has nothing to tell of the table, and nobody is told what he inserted: the author shows what it wrote.
    assert_eq!(old.shows("SELECT legacy, (SELECT count(*) FROM photo) FROM visit"), [[text("ancient"), 1.into()]]);
    let sibling = world.device(2);
    world.sync(&sibling);
    assert_eq!(sibling.shows("SELECT legacy FROM visit"), [[Value::Null]], "the hub holds nothing");
    // Changes of nothing else, also of a record that the hub does not have under a shortened id.
    old.run("UPDATE visit SET legacy = 'older'; DELETE FROM photo");
    old.run(&format!("INSERT INTO photo (id, visit_id) VALUES ({}, {})", id(21), id(9)));
    world.sync(&old);
    assert_eq!(old.store.status().unwrap().pending_entries, 0);
    // Until somebody asks whether device and hub are equal: the hub has neither.
    old.store.verify().unwrap();
    world.sync(&old);
    assert!(old.store.status().unwrap().differed.is_some());
    assert_eq!(old.shows("SELECT legacy, (SELECT count(*) FROM photo) FROM visit"), [[Value::Null, 0.into()]]);
    assert_eq!(old.shows("SELECT weather, score FROM visit"), [[text("sun"), 1.into()]]);
}

#[test]
fn what_the_old_device_could_not_store_is_told_as_the_nearest() {
    let world = World::new(5);
    let (old, new) = (world.device(2), world.device(5));
    new.run(FOUND);
    new.run(&visit("weather, score", "NULL, 1000"));
    world.quiet(&[&old, &new]);
    assert_eq!(old.shows("SELECT weather, score FROM visit"), [[text(""), 255.into()]]);
    // What it shows instead is never sent.
    old.run("UPDATE visit SET notes = 'seen'");
    world.quiet(&[&old, &new]);
    assert_eq!(new.shows("SELECT weather, score, NOTES FROM visit"), [[Value::Null, 1000.into(), text("seen")]]);
    new.run("UPDATE visit SET score = -7");
    world.quiet(&[&old, &new]);
    assert_eq!(old.shows("SELECT score FROM visit"), [[Value::Integer(0)]]);
}

#[test]
fn a_refusal_names_the_record_as_its_device_does() {
    let world = World::new(5);
    let old = world.device(1);
    old.run(&format!("PRAGMA foreign_keys = OFF; {}", visit("notes, score", "'nowhere', 1")));
    world.sync(&old);
    let refused = old.store.refused().unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].table.as_str(), refused[0].field.as_deref()), ("visit", Some("farm_id")), "{refused:?}");
}

#[test]
fn a_device_newer_than_the_hub_waits_and_loses_nothing() {
    let world = World::new(2);
    let new = world.device(3);
    new.run(FOUND);
    let problem = world.try_sync(&new).unwrap_err();
    assert_eq!((problem.kind, problem.retry), (ProblemKind::UnknownVersion, Retry::Later));
    assert!(problem.detail.contains("update the older"), "{problem}");
    assert_eq!(new.store.status().unwrap().pending_entries, 1);
}
