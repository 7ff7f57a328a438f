//! A device's pending log as one net change a record.

use super::device::Device;
use super::log::{About, Entry, Op};
use super::schema::{Schema, Strategy};
use super::{Hlc, Key, Row, Seq, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The net effect of a device's pending log on one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which record.
    pub key: Key,
    /// What was written, by field.
    pub fields: BTreeMap<&'static str, Written>,
    /// What was decided: it comes before what was written since.
    pub resolved: BTreeMap<About, Written>,
    /// The stamp of the last entry folded in.
    pub hlc: Hlc,
    /// The oldest base.
    pub base: Seq,
    /// Whether it begins with an insert: a record that the device did not get from the hub.
    pub born: bool,
    /// How it ends.
    pub end: End,
    /// Whether it was deleted and inserted again: extremes start anew, unless somebody else wrote meanwhile.
    pub again: bool,
    /// Fields to be told again; of a reference that a foreign key emptied, how.
    pub stale: BTreeMap<&'static str, Option<Emptied>>,
    /// What the record held when it last went.
    pub(super) last: Option<Row>,
    /// Whether any of it is pending.
    pending: bool,
}

/// One field's part of a net change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The last value; of a `sum` the sum of the differences.
    pub value: Value,
    /// When it was last written.
    pub hlc: Hlc,
    /// The oldest base of the run: a value that came since was hidden behind the pending one.
    pub base: Seq,
}

/// How a net change leaves its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Alive.
    Alive,
    /// Deleted because somebody asked for it.
    Delete,
    /// Gone with this parent, which was deleted here.
    Cascade(Key),
}

/// How a reference was emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emptied {
    /// The record that it named.
    target: Key,
    hlc: Hlc,
    base: Seq,
}

impl Change {
    fn new(e: &Entry, pending: bool) -> Change {
        Change {
            key: e.key,
            fields: BTreeMap::new(),
            resolved: BTreeMap::new(),
            hlc: e.hlc,
            base: e.base,
            born: pending && matches!(e.op, Op::Insert(_)),
            end: End::Alive,
            again: false,
            stale: BTreeMap::new(),
            last: None,
            pending: false,
        }
    }

    /// Whether it says what a field is to hold.
    pub(super) fn says(&self, field: &str) -> bool {
        self.fields.contains_key(field)
            || self.resolved.keys().any(|about| matches!(about, About::Field(of) if *of == field))
    }

    /// Whether it is an edit of the record. A decision alone is none.
    pub(super) fn edits(&self) -> bool {
        self.end == End::Alive && (!self.fields.is_empty() || self.resolved.is_empty())
    }

    /// Whether nothing is left of it.
    pub(super) fn says_nothing(&self) -> bool {
        let parts = self.fields.is_empty() && self.stale.is_empty() && self.resolved.is_empty();
        parts && !self.born && self.end == End::Alive
    }

    fn add(&mut self, schema: &Schema, e: &Entry, pending: bool) {
        if pending {
            self.base = if self.pending { self.base.min(e.base) } else { e.base };
            self.pending = true;
        }
        self.hlc = e.hlc;
        match &e.op {
            Op::Delete(row) => self.ends(End::Delete, row),
            Op::Cascade(row, parent) => self.ends(End::Cascade(*parent), row),
            Op::Stale(field, target) if pending => {
                self.stale.insert(field, Some(Emptied { target: *target, hlc: e.hlc, base: e.base }));
            }
            Op::Resolve(about, value) if pending => self.decided(e, *about, *value),
            Op::Stale(..) | Op::Resolve(..) => {}
            Op::Insert(values) | Op::Update(values) => self.lives(schema, e, values, pending),
        }
    }

    /// A decision replaces what was pending for its field.
    fn decided(&mut self, e: &Entry, about: About, value: Value) {
        if let About::Field(field) = about {
            self.fields.remove(field);
        }
        self.resolved.insert(about, Written { value, hlc: e.hlc, base: e.base });
    }

    fn ends(&mut self, end: End, row: &Row) {
        self.end = end;
        self.last = Some(row.clone());
    }

    fn lives(&mut self, schema: &Schema, e: &Entry, values: &Row, pending: bool) {
        let dead = self.end != End::Alive;
        if dead && self.born {
            self.resolved.clear();
            self.fields.clear(); // born, died and born again, all offline: only this life counts
        }
        let again = dead && !self.born;
        self.end = End::Alive;
        if !pending {
            return;
        }
        for (field, value) in values {
            self.put(schema, e, field, *value, again);
        }
        if again {
            self.again = true;
            // What came for its sums while it was gone was not applied.
            let fields = &schema.table(e.key.0).fields;
            self.stale.extend(fields.iter().filter(|f| f.strategy == Strategy::Sum).map(|f| (f.name, None)));
        }
    }

    fn put(&mut self, schema: &Schema, e: &Entry, field: &'static str, value: Value, again: bool) {
        let before = self.fields.get(field).copied();
        let mut new = Written { value, hlc: e.hlc, base: before.map_or(e.base, |w| w.base.min(e.base)) };
        if schema.strategy(e.key.0, field) == Strategy::Sum {
            // Inserted again over a life that the hub knows: the difference counts.
            let last = self.last.as_ref().filter(|_| again).map_or(0, |row| row[field].number());
            new.value = Value::Int(value.number() + before.map_or(0, |w| w.value.number()) - last);
        }
        self.fields.insert(field, new);
        self.stale.remove(field);
    }

    /// What a foreign key did is derived from the parent's death. Where the hub will see none (`dead` has all that it will
    /// see), it is a write like any other.
    pub(super) fn own_up(&mut self, dead: &BTreeSet<Key>) {
        if matches!(self.end, End::Cascade(parent) if !dead.contains(&parent)) {
            self.end = End::Delete;
        }
        let stale = std::mem::take(&mut self.stale);
        for (field, emptied) in stale {
            match emptied {
                Some(e) if !dead.contains(&e.target) => {
                    let base = self.fields.get(field).map_or(e.base, |w| w.base.min(e.base));
                    self.fields.insert(field, Written { value: Value::Null, hlc: e.hlc, base });
                }
                _ => {
                    self.stale.insert(field, emptied);
                }
            }
        }
    }
}

impl Device {
    /// The pending log as one net change a record. Entries that another file's session had sent, and whose outcome is not
    /// pulled yet, only give the order of lives.
    pub fn fold(&self) -> BTreeMap<Key, Change> {
        let pending: BTreeMap<Hlc, &Entry> = self.pending().map(|e| (e.hlc, e)).collect();
        let mut entries: BTreeMap<Hlc, (&Entry, bool)> = self.dropped.iter().map(|e| (e.hlc, (e, false))).collect();
        entries.extend(pending.into_iter().map(|(hlc, e)| (hlc, (e, true))));
        let mut net = BTreeMap::new();
        for (e, pending) in entries.into_values() {
            net.entry(e.key).or_insert_with(|| Change::new(e, pending)).add(&self.schema, e, pending);
        }
        net.retain(|_, c| c.pending);
        net
    }
}
