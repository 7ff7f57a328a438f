//! A domain with every kind of field, and small ways to write messages down.

use windrow_protocol::change::{Change, Changeset, End, Recovery, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::id::RecordId;
use windrow_protocol::model::{Deletes, Field, FieldIx, Kind, OnDelete, Parent, Schema, Strategy, Table, TableIx};
use windrow_protocol::told::{News, Page, Told};
use windrow_protocol::value::Value;

pub(crate) const FARM: TableIx = 0;
pub(crate) const PLOT: TableIx = 1;
pub(crate) const EMPTY: TableIx = 2;

const fn field(name: &'static str, kind: Kind, strategy: Strategy) -> Field {
    Field { name, kind, nullable: true, strategy, parent: None, unique: false, default: None }
}

const fn parent(name: &'static str, table: &'static str, on_delete: OnDelete) -> Field {
    Field { parent: Some(Parent { table, on_delete }), ..field(name, Kind::Id, Strategy::Lww) }
}

const SMALL: Kind = Kind::Integer { min: i16::MIN as i64, max: i16::MAX as i64 };

static FARM_FIELDS: [Field; 12] = [
    field("name", Kind::Text, Strategy::Lww),
    field("cattle", Kind::Integer { min: i64::MIN, max: i64::MAX }, Strategy::Sum),
    field("money", Kind::Decimal { places: 2 }, Strategy::Sum),
    field("organic", Kind::Bool, Strategy::Lww),
    field("area", Kind::Real, Strategy::Max),
    field("photo", Kind::Blob, Strategy::Lww),
    field("seen", Kind::Timestamp, Strategy::Min),
    field("founded", Kind::Date, Strategy::Lww),
    field("status", Kind::Enum(&["draft", "submitted", "verified"]), Strategy::Review),
    field("extra", Kind::Json, Strategy::Lww),
    field("rows", SMALL, Strategy::Lww),
    Field { unique: true, ..field("code", Kind::Text, Strategy::Lww) },
];

static PLOT_FIELDS: [Field; 3] = [
    parent("farm_id", "farm", OnDelete::Cascade),
    parent("within", "plot", OnDelete::SetNull),
    field("bags", Kind::Integer { min: i64::MIN, max: i64::MAX }, Strategy::Sum),
];

const fn table(name: &'static str, type_name: &'static str, fields: &'static [Field]) -> Table {
    Table { name, type_name, fields, deletes: Deletes::Keep, whole: false, scope: false }
}

/// Farms with every kind of field, plots with references, and a table without fields.
pub(crate) fn schema() -> Schema {
    let tables =
        vec![table("farm", "Farm", &FARM_FIELDS), table("plot", "Plot", &PLOT_FIELDS), table("flag", "Flag", &[])];
    Schema::new(tables).unwrap()
}

pub(crate) fn id(n: u128) -> RecordId {
    RecordId(n.to_be_bytes())
}

pub(crate) fn seq(n: u64) -> Seq {
    Seq::from_bits(n).unwrap()
}

pub(crate) fn point(n: u64) -> Point {
    Point { seq: seq(n), mark: Mark(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) }
}

pub(crate) fn hlc(millis: i64) -> Hlc {
    Hlc::from_millis(millis)
}

pub(crate) fn text(s: &str) -> Value {
    Value::Text(s.to_owned())
}

pub(crate) const NOW: i64 = 1_787_776_361_025;

/// A changeset of these changes as a device sends it.
pub(crate) fn changeset(changes: Vec<Change>) -> Changeset {
    let author = Origin(0xd1b5_4a32_d192_ed03);
    Changeset {
        device: DeviceId::from_bits(0x3e37_79b9_7f4a_7c15).unwrap(),
        author,
        checkpoint: point(1234),
        own: Vec::new(),
        spans: vec![Span { origin: author, after: hlc(NOW - 25_000_000), upto: hlc(NOW) }],
        upto: hlc(NOW),
        changes,
        recovery: Recovery::default(),
    }
}

/// A change that only exists.
pub(crate) fn change(table: TableIx, id: RecordId) -> Change {
    Change {
        table,
        id,
        resolves: Vec::new(),
        writes: Vec::new(),
        hlc: hlc(NOW),
        base: seq(1234),
        born: false,
        end: End::Alive,
        again: false,
        stale: Vec::new(),
    }
}

/// A change with writes of its own stamp and base.
pub(crate) fn writes(mut change: Change, whats: impl IntoIterator<Item = (FieldIx, What)>) -> Change {
    let (hlc, base) = (change.hlc, change.base);
    change.writes = whats.into_iter().map(|(field, what)| Write { field, what, hlc, base }).collect();
    change
}

/// All fields of a farm.
pub(crate) fn farm(name: &str) -> Vec<Value> {
    vec![
        text(name),
        Value::Integer(12),
        Value::Integer(-350),
        Value::Integer(1),
        Value::Real(12.75),
        Value::Blob(vec![0, 255, 7]),
        Value::Integer(NOW),
        text("1987-03-01"),
        text("verified"),
        text("{\"status\":\"verified\"}"),
        Value::Null,
        text("A-1"),
    ]
}

/// What a pull says of a record that the device does not hold.
pub(crate) fn whole(table: TableIx, id: RecordId, values: Vec<Value>) -> Told {
    Told { table, id, held: false, what: News::Whole(values), conflicts: None }
}

/// The last page of a pull.
pub(crate) fn page(told: Vec<Told>) -> Page {
    Page { told, at: point(1300), next: None, highest: hlc(NOW), digests: None }
}
