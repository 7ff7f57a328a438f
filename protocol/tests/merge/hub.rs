//! A hub in memory, and a terse way to say what devices send.

use std::collections::BTreeMap;
use windrow_protocol::change::{Change, Changeset, End, Key, Recovery, Resolve, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::merge::{History, Merge, Merged, Moment, Outcome, Step, Wants, World};
use windrow_protocol::message::Refusal;
use windrow_protocol::model::{Deletes, Field, FieldIx, Kind, OnDelete, Parent, Schema, Strategy, Table};
use windrow_protocol::record::Record;
use windrow_protocol::value::Value;

pub(crate) const NOW_MS: i64 = 1_800_000_000_000;

const fn number(name: &'static str, strategy: Strategy) -> Field {
    let nullable = !matches!(strategy, Strategy::Sum);
    Field {
        name,
        kind: Kind::Integer { min: i64::MIN, max: i64::MAX },
        nullable,
        strategy,
        parent: None,
        unique: false,
        default: None,
    }
}

const fn reference(name: &'static str, table: &'static str, on_delete: OnDelete) -> Field {
    let parent = Some(Parent { table, on_delete });
    Field { name, kind: Kind::Id, nullable: true, strategy: Strategy::Lww, parent, unique: false, default: None }
}

const fn table(name: &'static str, fields: &'static [Field], deletes: Deletes, whole: bool) -> Table {
    Table { name, type_name: name, fields, deletes, whole, scope: false }
}

/// Tables, by their place in the domain.
pub(crate) const FARM: usize = 0;
pub(crate) const TAG: usize = 1;
pub(crate) const FORM: usize = 2;
pub(crate) const CASE: usize = 3;
pub(crate) const PART: usize = 4;
pub(crate) const LINK: usize = 5;
pub(crate) const ANIMAL: usize = 6;
pub(crate) const PLOT: usize = 7;
pub(crate) const VISIT: usize = 8;
pub(crate) const SAMPLE: usize = 9;
pub(crate) const GAUGE: usize = 10;

const SMALL: Field =
    Field { kind: Kind::Integer { min: -128, max: 127 }, nullable: false, ..number("small", Strategy::Lww) };
const CODE: Field = Field { unique: true, ..number("code", Strategy::Lww) };

const TABLES: [Table; 11] = [
    table(
        "farm",
        const { &[number("name", Strategy::Lww), number("herd", Strategy::Sum), number("owner", Strategy::Review), SMALL] },
        Deletes::Keep,
        false,
    ),
    table("tag", const { &[CODE, number("note", Strategy::Lww)] }, Deletes::Keep, false),
    table("form", const { &[number("a", Strategy::Review), number("b", Strategy::Review)] }, Deletes::Keep, true),
    table("case", const { &[number("state", Strategy::Lww)] }, Deletes::Review, false),
    table("part", const { &[reference("within", "part", OnDelete::Cascade)] }, Deletes::Keep, false),
    table("link", const { &[reference("holds", "link", OnDelete::Restrict)] }, Deletes::Keep, false),
    table(
        "animal",
        const { &[reference("mother", "animal", OnDelete::Restrict), reference("father", "animal", OnDelete::Restrict)] },
        Deletes::Keep,
        false,
    ),
    table("plot", const { &[reference("farm", "farm", OnDelete::Cascade)] }, Deletes::Keep, false),
    table("visit", const { &[reference("plot", "plot", OnDelete::Cascade)] }, Deletes::Keep, false),
    table(
        "sample",
        const { &[reference("visit", "visit", OnDelete::Cascade), reference("plot", "plot", OnDelete::Restrict)] },
        Deletes::Keep,
        false,
    ),
    table(
        "gauge",
        const { &[number("high", Strategy::Max), number("low", Strategy::Min), number("note", Strategy::Lww)] },
        Deletes::Keep,
        false,
    ),
];

pub(crate) fn schema() -> Schema {
    Schema::new(TABLES.to_vec()).unwrap()
}

pub(crate) struct Hub {
    pub(crate) schema: Schema,
    pub(crate) records: BTreeMap<Key, Record>,
    pub(crate) history: Vec<History>,
    pub(crate) moment: Moment,
}

impl Hub {
    pub(crate) fn new() -> Hub {
        let moment = Moment { now_ms: NOW_MS, hub: Hlc::ZERO, highest: Hlc::ZERO, head: Seq::ZERO, mark: Mark(1) };
        Hub { schema: schema(), records: BTreeMap::new(), history: Vec::new(), moment }
    }

    fn load(&self, wants: Wants, world: &mut World) {
        for key in wants.records {
            world.add_record(key, self.records.get(&key).cloned());
        }
        for (child, field, parent) in wants.children {
            let refers = |(k, r): &(&Key, &Record)| k.0 == child && r.reference(field) == Some(parent);
            world.add_children(child, field, parent, self.records.iter().filter(refers).map(|(k, _)| k.1).collect());
        }
        for (table, field, value, except) in wants.same {
            let shows = |(k, r): &(&Key, &Record)| {
                k.0 == table && k.1 != except && r.shown().is_some_and(|shown| shown[field] == value)
            };
            let found = self.records.iter().filter(shows).map(|(k, _)| k.1).collect();
            world.add_same(table, field, value, except, found);
        }
    }

    pub(crate) fn try_commit(&mut self, changeset: Changeset) -> Result<Seq, Vec<Refusal>> {
        let schema = self.schema.clone();
        self.save(Merge::new(&schema, changeset, self.moment))
    }

    pub(crate) fn resolve(&mut self, key: Key, resolve: Resolve) -> Seq {
        let schema = self.schema.clone();
        self.save(Merge::resolve(&schema, key, resolve, false, self.moment)).unwrap()
    }

    fn save(&mut self, mut merge: Merge<'_>) -> Result<Seq, Vec<Refusal>> {
        let mut world = World::default();
        let merged: Merged = loop {
            match merge.step(&world) {
                Step::Load(wants) => self.load(wants, &mut world),
                Step::Done(Outcome::Merged(merged)) => break merged,
                Step::Done(Outcome::Refused(refusals)) => return Err(refusals),
            }
        };
        self.records.extend(merged.records);
        self.history.extend(merged.history);
        self.moment.head = merged.at.unwrap().seq;
        (self.moment.hub, self.moment.highest) = (merged.hub, merged.highest);
        Ok(self.moment.head)
    }

    pub(crate) fn commit(&mut self, changeset: Changeset) -> Seq {
        self.try_commit(changeset).unwrap()
    }

    pub(crate) fn record(&self, key: Key) -> &Record {
        &self.records[&key]
    }

    pub(crate) fn shows(&self, key: Key, field: FieldIx) -> Value {
        self.record(key).shown().unwrap()[field].clone()
    }
}

pub(crate) fn key(table: usize, n: u8) -> Key {
    (table, RecordId([n; 16]))
}

pub(crate) fn int(n: i64) -> Value {
    Value::Integer(n)
}

pub(crate) fn refers(n: u8) -> Value {
    Value::Blob(vec![n; 16])
}

pub(crate) fn seq(n: u64) -> Seq {
    Seq::from_bits(n).unwrap()
}

/// A reading so many seconds from the hub's present.
pub(crate) fn at(seconds: i64) -> Hlc {
    Hlc::from_millis(NOW_MS + seconds * 1000)
}

/// A change under way.
pub(crate) fn change(key: Key, base: u64, hlc: Hlc) -> Change {
    Change {
        table: key.0,
        id: key.1,
        resolves: Vec::new(),
        writes: Vec::new(),
        hlc,
        base: seq(base),
        born: false,
        end: End::Alive,
        again: false,
        stale: Vec::new(),
    }
}

pub(crate) trait Say: Sized {
    fn born(self) -> Self;
    fn set(self, field: FieldIx, value: Value) -> Self;
    fn add(self, field: FieldIx, delta: i128) -> Self;
    fn deleted(self) -> Self;
    fn resolving(self, about: About, chosen: Vec<(FieldIx, Value)>) -> Self;
}

impl Say for Change {
    fn born(mut self) -> Change {
        self.born = true;
        self
    }

    fn set(mut self, field: FieldIx, value: Value) -> Change {
        self.writes.push(Write { field, what: What::Set(value), hlc: self.hlc, base: self.base });
        self
    }

    fn add(mut self, field: FieldIx, delta: i128) -> Change {
        self.writes.push(Write { field, what: What::Add(delta), hlc: self.hlc, base: self.base });
        self
    }

    fn deleted(mut self) -> Change {
        self.end = End::Delete;
        self
    }

    fn resolving(mut self, about: About, chosen: Vec<(FieldIx, Value)>) -> Change {
        self.resolves.push(Resolve { about, chosen, hlc: self.hlc, base: self.base });
        self
    }
}

/// What a device sends that stands at this checkpoint and made no commits since.
pub(crate) fn sent(device: u64, checkpoint: u64, changes: Vec<Change>) -> Changeset {
    let upto = changes.iter().map(|c| c.hlc).max().unwrap_or_default();
    let checkpoint = Point { seq: seq(checkpoint), mark: Mark(1) };
    let device_id = DeviceId::from_bits(device).unwrap();
    Changeset {
        device: device_id,
        author: Origin(device),
        checkpoint,
        own: Vec::new(),
        spans: vec![Span { origin: Origin(device), after: Hlc::ZERO, upto }],
        upto,
        changes,
        recovery: Recovery::default(),
    }
}
