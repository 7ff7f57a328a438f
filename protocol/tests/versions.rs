//! Which field of an earlier version is which of the last one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_protocol::change::{Change, Changeset, End, Recovery, Resolve, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::model::{Deletes, Field, Kind, Literal, OnDelete, Parent, Schema, Strategy, Table};
use windrow_protocol::told::{News, Told};
use windrow_protocol::value::Value;
use windrow_protocol::versions::{Earlier, Lineage, Renamed};

const fn text(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Text,
        nullable: true,
        strategy: Strategy::Lww,
        parent: None,
        unique: false,
        default: None,
    }
}

fn table(name: &'static str, fields: &[Field]) -> Table {
    let fields = fields.to_vec().leak();
    Table { name, type_name: name, fields, deletes: Deletes::Keep, whole: false, scope: false }
}

fn earlier(tables: &[Table], renamed: &[Renamed]) -> Earlier {
    Earlier { tables: tables.to_vec().leak(), renamed: renamed.to_vec().leak() }
}

const fn refers(name: &'static str, table: &'static str) -> Field {
    Field { kind: Kind::Id, parent: Some(Parent { table, on_delete: OnDelete::Cascade }), ..text(name) }
}

/// Where each field of the oldest version's first table is in the last.
fn followed(last: &[Table], earlier: &[Earlier]) -> Vec<Option<usize>> {
    let last = Schema::new(last.to_vec()).unwrap();
    let lineage = Lineage::new(&last, earlier).unwrap();
    let oldest = Schema::new(earlier[0].tables.to_vec()).unwrap();
    let version = lineage.version(oldest.digest()).unwrap();
    let follow = |field| version.changeset(empties(field)).changes.first().map(|c| c.writes[0].field);
    (0..oldest.table(0).fields.len()).map(follow).collect()
}

/// What a device says that empties a field of a record.
fn empties(field: usize) -> Changeset {
    let write = Write { field, what: What::Set(Value::Null), hlc: Hlc::ZERO, base: Seq::ZERO };
    let change = Change {
        table: 0,
        id: RecordId([7; 16]),
        resolves: Vec::new(),
        writes: vec![write],
        hlc: Hlc::ZERO,
        base: Seq::ZERO,
        born: false,
        end: End::Alive,
        again: false,
        stale: Vec::new(),
    };
    Changeset {
        device: DeviceId::ZERO,
        author: Origin(1),
        checkpoint: Point::START,
        own: Vec::new(),
        spans: Vec::new(),
        upto: Hlc::ZERO,
        changes: vec![change],
        recovery: Recovery::default(),
    }
}

/// A field had to be filled from version 2 on, with a default for the records that left it open. A tablet of version 1 left
/// it open in a new record, and all that it said of that record was refused: it was required.
#[test]
fn what_an_old_device_leaves_open_is_filled_and_told() {
    const FILLED: Field = Field { nullable: false, default: Some(Literal::Text("none")), ..text("a") };
    let old = earlier(&[table("t", &[text("a")])], &[]);
    let filled = [table("t", &[FILLED])];
    // A later version may fill it otherwise: it is as in a file that went from version to version.
    const OTHER: Field = Field { default: Some(Literal::Text("other")), ..FILLED };
    for (last, between) in [(FILLED, vec![]), (OTHER, vec![earlier(&filled, &[])])] {
        let change = emptied(last, &[&[old], &between[..]].concat());
        assert_eq!((change.writes[0].field, &change.writes[0].what), (1, &What::Set(Value::Text("none".into()))));
        assert_eq!(change.stale, [1], "the device shows nothing there");
    }
    let change = emptied(text("a"), &[old, earlier(&filled, &[])]);
    assert_eq!((&change.writes[0].what, &change.stale[..]), (&What::Set(Value::Null), &[][..]), "it may be open again");
}

/// Somebody decides a conflict on such a tablet, for nothing: it shows nothing from then on, and must hear of the default.
#[test]
fn what_an_old_device_decides_to_leave_open_is_filled_and_told() {
    const FILLED: Field = Field { nullable: false, default: Some(Literal::Text("none")), ..text("a") };
    let last = Schema::new(vec![table("t", &[text("b"), FILLED])]).unwrap();
    let lineage = Lineage::new(&last, &[earlier(&[table("t", &[text("a")])], &[])]).unwrap();
    let mut said = empties(0);
    let chosen = vec![(0, Value::Null)];
    said.changes[0].writes.clear();
    said.changes[0].resolves = vec![Resolve { about: About::Fields, chosen, hlc: Hlc::ZERO, base: Seq::ZERO }];
    let change = lineage.numbered(1).unwrap().changeset(said).changes.remove(0);
    assert_eq!(change.resolves[0].chosen, [(1, Value::Text("none".into()))]);
    assert_eq!(change.stale, [1]);
}

/// What a hub reads where a device of version 1 empties its one field.
fn emptied(last: Field, earlier: &[Earlier]) -> Change {
    let last = Schema::new(vec![table("t", &[text("b"), last])]).unwrap();
    let lineage = Lineage::new(&last, earlier).unwrap();
    lineage.numbered(1).unwrap().changeset(empties(0)).changes.remove(0)
}

#[test]
fn names_that_change_places_are_followed() {
    let tables = [table("t", &[text("a"), text("b"), text("c")])];
    let swapped =
        [Renamed { table: "t", field: Some("a"), to: "b" }, Renamed { table: "t", field: Some("b"), to: "a" }];
    let last = [table("t", &[text("c"), text("b"), text("a")])];
    assert_eq!(followed(&last, &[earlier(&tables, &swapped)]), [Some(1), Some(2), Some(0)]);
}

/// Dropped in one version, and another of that name in a later one.
#[test]
fn a_name_that_comes_back_is_another_field() {
    let with = [table("t", &[text("a"), text("b")])];
    let without = [table("t", &[text("b")])];
    let versions = [earlier(&with, &[]), earlier(&without, &[])];
    let last = [table("t", &[text("a"), text("b"), text("c")])];
    assert_eq!(followed(&last, &versions), [None, Some(1)]);
    // Unless all is as it was: then so is the field.
    assert_eq!(followed(&with, &versions), [Some(0), Some(1)]);
}

/// What had the name before was dropped in the same step.
#[test]
fn a_name_taken_over_by_another_field_is_that_one_alone() {
    let before = [table("t", &[text("a"), text("b")])];
    let renamed = [Renamed { table: "t", field: Some("a"), to: "b" }];
    assert_eq!(followed(&[table("t", &[text("b")])], &[earlier(&before, &renamed)]), [Some(0), None]);
}

#[test]
fn another_kind_target_or_way_of_counting_is_another_field() {
    const NUMBER: Field = Field { kind: Kind::Integer { min: 0, max: 9 }, ..text("a") };
    const WIDER: Field = Field { kind: Kind::Integer { min: 0, max: 99 }, ..text("a") };
    const SUM: Field = Field { strategy: Strategy::Sum, ..NUMBER };
    let one = |before: &[Field], after: &[Field]| {
        let (base, other) = (table("base", &[text("x")]), table("other", &[text("x")]));
        let last = [base, other, table("t", after)];
        let before = [base, other, table("t", before)];
        let last = Schema::new(last.to_vec()).unwrap();
        let lineage = Lineage::new(&last, &[earlier(&before, &[])]).unwrap();
        let version = lineage.version(Schema::new(before.to_vec()).unwrap().digest()).unwrap();
        let what = News::Patch(vec![(0, Value::Null)]);
        version.told(Told { table: 2, id: RecordId([1; 16]), held: true, what, conflicts: None }).is_some()
    };
    assert!(one(&[NUMBER], &[WIDER]));
    assert!(!one(&[NUMBER], &[text("a")]));
    assert!(!one(&[NUMBER], &[SUM]));
    assert!(!one(&[refers("a", "base")], &[refers("a", "other")]));
    assert!(one(&[refers("a", "base")], &[refers("a", "base")]));
}

#[test]
fn references_follow_renamed_tables() {
    let before = [table("child", &[text("x")]), table("t", &[refers("up", "child")])];
    let renamed = [Renamed { table: "child", field: None, to: "kid" }];
    let last = Schema::new(vec![table("kid", &[text("x")]), table("t", &[refers("up", "kid")])]).unwrap();
    let lineage = Lineage::new(&last, &[earlier(&before, &renamed)]).unwrap();
    let version = lineage.version(Schema::new(before.to_vec()).unwrap().digest()).unwrap();
    let news = News::Whole(vec![Value::Blob(vec![1; 16])]);
    let told = Told { table: 1, id: RecordId([1; 16]), held: false, what: news.clone(), conflicts: None };
    assert_eq!(version.told(told).unwrap().what, news);
}

/// A device can't hold a record without a reference that it needs.
#[test]
fn a_record_that_the_old_device_could_not_hold_is_gone_for_it() {
    const NEEDS: Field = Field { nullable: false, ..refers("up", "base") };
    let before = [table("base", &[text("x")]), table("t", &[NEEDS])];
    let last = Schema::new(vec![table("base", &[text("x")]), table("t", &[refers("up", "base")])]).unwrap();
    let lineage = Lineage::new(&last, &[earlier(&before, &[])]).unwrap();
    let version = lineage.version(Schema::new(before.to_vec()).unwrap().digest()).unwrap();
    let told = |what| Told { table: 1, id: RecordId([1; 16]), held: true, what, conflicts: None };
    for what in [News::Whole(vec![Value::Null]), News::Patch(vec![(0, Value::Null)])] {
        let told = version.told(told(what)).unwrap();
        assert_eq!((told.what, told.held), (News::Gone, false));
    }
    assert_eq!(version.row(1, vec![Value::Null]), None, "and no row of its digest");
}
