//! Fields that some leave empty, and what stands there for those who do not know them.

use crate::world::{World, id, text};
use windrow::Domain;
use windrow::rusqlite::types::Value;
use windrow_schema::lock::{Choices, Column, Holds, Literal, Lock, Reference, Table, compare};
use windrow_schema::{Deletes, OnDelete, Strategy};
use windrow_tests::descriptors;

fn column(name: &str, holds: Holds) -> Column {
    let (strategy, parent, was, default) = (Strategy::Lww, None, None, None);
    Column { name: name.into(), holds, nullable: true, strategy, parent, unique: false, indexed: false, was, default }
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    let type_name = format!("S{name}");
    Table { name: name.into(), type_name, deletes: Deletes::Keep, whole: false, scope: false, was: None, columns }
}

/// Two versions of these tables.
fn versions(before: Vec<Table>, after: Vec<Table>, drop: &[&str]) -> (&'static Domain, &'static Domain) {
    let made = successive(vec![before, after], drop);
    (made[0], made[1])
}

/// Successive versions of these tables, and what the last one drops.
fn successive(tables: Vec<Vec<Table>>, drop: &[&str]) -> Vec<&'static Domain> {
    let (mut lock, last) = (Lock::new("EMPTY"), tables.len());
    for (number, tables) in (1..).zip(tables) {
        let mut choices = Choices::default();
        let drop = if number == last { drop } else { &[] };
        drop.iter().for_each(|said| choices.drop(lock.last().unwrap(), said).unwrap());
        let plan = compare(lock.last(), tables, &choices).unwrap().named(format!("v{number}"));
        lock.push(&plan);
    }
    descriptors::versions(&lock).unwrap()
}

/// Of a gauge the note must say something from now on, and a peak is new that is 5 where nobody knew of it.
fn gauges() -> (&'static Domain, &'static Domain) {
    let number = || Holds::Integer { min: i64::MIN, max: i64::MAX };
    let note = column("note", Holds::Text);
    let filled = Column { nullable: false, default: Some(Literal::Text("none".into())), ..note.clone() };
    let peak = Column { strategy: Strategy::Max, default: Some(Literal::Integer(5)), ..column("peak", number()) };
    let mark = Column { default: Some(Literal::Text("old".into())), ..column("mark", Holds::Text) };
    let before = vec![table("gauge", vec![note, column("place", Holds::Text)])];
    versions(before, vec![table("gauge", vec![peak, filled, column("place", Holds::Text), mark])], &[])
}

fn gauge(n: u8, fields: &str, values: &str) -> String {
    format!("INSERT INTO gauge (id, {fields}) VALUES ({}, {values})", id(n))
}

/// A tablet that was not updated yet writes a visit without a note. It was refused, and lay in `windrow_refused` though the
/// tablet's own migration, a day later, would have put the default there.
#[test]
fn what_an_old_device_leaves_empty_is_the_default_where_something_must_stand() {
    let (one, two) = gauges();
    let world = World::of(two);
    let (old, new) = (world.device_of(one), world.device_of(two));
    old.run(&gauge(1, "note, place", "NULL, 'well'"));
    old.run(&gauge(2, "note, place", "'wet', 'pond'"));
    world.quiet(&[&old, &new]);
    assert_eq!(old.store.refused().unwrap(), []);
    let notes = "SELECT note FROM gauge ORDER BY id";
    for device in [&old, &new] {
        assert_eq!(device.shows(notes), [[text("none")], [text("wet")]]);
    }
    old.run("UPDATE gauge SET note = NULL");
    world.quiet(&[&old, &new]);
    for device in [&old, &new] {
        assert_eq!(device.shows(notes), [[text("none")], [text("none")]]);
    }
    assert_eq!(old.store.refused().unwrap(), []);
}

/// A note had to say something in version 2, and need not any more in version 3. A hub that went from 1 to 3 in one step
/// showed the default of version 2, as every tablet does that goes the same way, and told it to nobody: tablets that had
/// not gone yet showed nothing for good.
#[test]
fn a_field_that_had_to_be_filled_for_a_while_is_told_of_to_those_who_left_it_empty() {
    let open = column("note", Holds::Text);
    let filled = Column { nullable: false, default: Some(Literal::Text("none".into())), ..open.clone() };
    for again in [open.clone(), Column { default: filled.default.clone(), ..open.clone() }] {
        let gauge = |note: &Column| vec![table("gauge", vec![note.clone(), column("place", Holds::Text)])];
        let made = successive(vec![gauge(&open), gauge(&filled), gauge(&again)], &[]);
        let world = World::of(made[0]);
        let (early, late) = (world.device_of(made[0]), world.device_of(made[0]));
        early.run(&"INSERT INTO gauge (id, note, place) VALUES (ID, NULL, 'well')".replace("ID", &id(1)));
        world.quiet(&[&early, &late]);
        let (world, early) = (world.becomes(made[2]), early.becomes(made[2]));
        world.quiet(&[&early, &late]);
        for device in [&early, &late] {
            assert_eq!(device.shows("SELECT note FROM gauge"), [[text("none")]]);
        }
        let late = late.becomes(made[2]);
        early.run("UPDATE gauge SET note = NULL");
        world.quiet(&[&early, &late]);
        assert_eq!(late.shows("SELECT note FROM gauge"), [[Value::Null]]);
    }
}

/// A new gauge peaked at 3. The default of 5, meant for gauges whose peak nobody noted, won as the higher one.
#[test]
fn a_default_is_no_extreme_beside_what_a_record_was_inserted_with() {
    let (one, two) = gauges();
    let world = World::of(two);
    let (old, new) = (world.device_of(one), world.device_of(two));
    new.run(&gauge(1, "note, peak", "'a', 3"));
    old.run(&gauge(2, "note", "'b'"));
    world.quiet(&[&old, &new]);
    let peaks = "SELECT peak FROM gauge ORDER BY id";
    assert_eq!(new.shows(peaks), [[Value::Integer(3)], [Value::Integer(5)]]);
    // Nobody wrote the default, so whatever anybody writes takes its place.
    new.run("UPDATE gauge SET peak = 4");
    world.quiet(&[&old, &new]);
    assert_eq!(new.shows(peaks), [[Value::Integer(4)], [Value::Integer(4)]]);
    // A new life begins anew, for whoever knows of the death.
    new.run(&format!("DELETE FROM gauge WHERE id = {}", id(2)));
    world.quiet(&[&old, &new]);
    new.run(&gauge(2, "note, peak", "'b', 1"));
    world.quiet(&[&old, &new]);
    assert_eq!(new.shows(peaks), [[Value::Integer(4)], [Value::Integer(1)]]);
}

/// A hub was put back to before a gauge that somebody had left without a mark. Another tablet, which had heard of it, offered
/// it as it showed it; the hub took the default for the mark.
#[test]
fn what_was_left_empty_is_offered_as_empty() {
    let (_, two) = gauges();
    let (lost, restored) = (World::of(two), World::of(two));
    let (author, other) = (lost.device_of(two), lost.device_of(two));
    author.run(&gauge(1, "note, mark", "'a', NULL"));
    lost.quiet(&[&author, &other]);
    restored.sync(&other);
    assert_eq!(restored.hub_shows("SELECT note, mark FROM gauge"), [[text("a"), Value::Null]]);
}

/// Sheds are no more, but a tablet of before still has some. When somebody deleted a farm that one stood on, the tablet could
/// not take that in, and never synced again.
#[test]
fn what_hangs_on_a_record_in_a_table_that_is_gone_stops_nobody() {
    for on_delete in [OnDelete::Restrict, OnDelete::Cascade, OnDelete::SetNull] {
        let farm = table("farm", vec![column("name", Holds::Text)]);
        let parent = Some(Reference { table: "farm".into(), on_delete });
        let shed = table("shed", vec![Column { parent, ..column("farm", Holds::Id) }, column("size", Holds::Text)]);
        let (one, two) = versions(vec![farm.clone(), shed], vec![farm], &["shed"]);
        let world = World::of(two);
        let (old, new) = (world.device_of(one), world.device_of(two));
        old.run(&format!("INSERT INTO farm (id, name) VALUES ({}, 'a')", id(1)));
        old.run(&format!("INSERT INTO shed (id, farm) VALUES ({}, {})", id(2), id(1)));
        world.sync(&old);
        world.sync(&new);
        new.run("DELETE FROM farm");
        world.sync(&new);
        old.run(&format!("INSERT INTO farm (id, name) VALUES ({}, 'b')", id(3)));
        world.sync(&old);
        world.sync(&new);
        for device in [&old, &new] {
            assert_eq!(device.shows("SELECT name FROM farm"), [[text("b")]], "{on_delete:?}");
        }
    }
}
