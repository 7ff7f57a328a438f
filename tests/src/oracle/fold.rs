//! A device's pending log as one net change a record.

use super::device::Device;
use super::log::{Entry, Op};
use super::schema::{Schema, Strategy};
use super::{Hlc, Key, Origin, Row, Seq, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The net effect of a device's pending log on one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which record.
    pub key: Key,
    /// What was written, by field.
    pub fields: BTreeMap<&'static str, Written>,
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
    last: Row,
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

/// A stored changeset: what a session sends, and sends again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id: no two sessions share one.
    pub id: u64,
    /// The origin at the time of folding: the author in stamps.
    pub author: Origin,
    /// The checkpoint.
    pub base: Seq,
    /// The file's own commits.
    pub own: BTreeSet<Seq>,
    /// By origin, the entries that it speaks for: `(after, upto]`.
    pub spans: BTreeMap<Origin, (Hlc, Hlc)>,
    /// The net changes.
    pub changes: Vec<Change>,
    /// The device's last stamp.
    pub upto: Hlc,
}

impl Change {
    fn new(e: &Entry) -> Change {
        Change {
            key: e.key,
            fields: BTreeMap::new(),
            hlc: e.hlc,
            base: e.base,
            born: matches!(e.op, Op::Insert(_)),
            end: End::Alive,
            again: false,
            stale: BTreeMap::new(),
            last: Row::new(),
        }
    }

    fn add(&mut self, schema: &Schema, e: &Entry) {
        self.hlc = e.hlc;
        self.base = self.base.min(e.base);
        match &e.op {
            Op::Delete(row) => self.ends(End::Delete, row),
            Op::Cascade(row, parent) => self.ends(End::Cascade(*parent), row),
            Op::Stale(field, target) => {
                self.stale.insert(field, Some(Emptied { target: *target, hlc: e.hlc, base: e.base }));
            }
            Op::Insert(values) | Op::Update(values) => self.lives(schema, e, values),
        }
    }

    fn ends(&mut self, end: End, row: &Row) {
        self.end = end;
        self.last = row.clone();
    }

    fn lives(&mut self, schema: &Schema, e: &Entry, values: &Row) {
        let dead = self.end != End::Alive;
        if dead && self.born {
            self.fields.clear(); // born, died and born again, all offline: only this life counts
        }
        let again = dead && !self.born;
        self.end = End::Alive;
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
            let last = if again { self.last[field].number() } else { 0 };
            new.value = Value::Int(value.number() + before.map_or(0, |w| w.value.number()) - last);
        }
        self.fields.insert(field, new);
        self.stale.remove(field);
    }

    /// What a foreign key did is derived from the parent's death. Where the hub will see none (`dead` has all that it will
    /// see), it is a write like any other.
    fn own_up(&mut self, dead: &BTreeSet<Key>) {
        if matches!(self.end, End::Cascade(parent) if !dead.contains(&parent)) {
            self.end = End::Delete;
        }
        let stale = std::mem::take(&mut self.stale);
        for (field, emptied) in stale {
            match emptied {
                Some(e) if !dead.contains(&e.target) => {
                    self.fields.insert(field, Written { value: Value::Null, hlc: e.hlc, base: e.base });
                }
                _ => {
                    self.stale.insert(field, emptied);
                }
            }
        }
    }
}

impl Device {
    /// The pending log as one net change a record.
    pub fn fold(&self) -> BTreeMap<Key, Change> {
        let mut net = BTreeMap::new();
        for e in self.pending() {
            net.entry(e.key).or_insert_with(|| Change::new(e)).add(&self.schema, e);
        }
        net
    }

    /// What is sent.
    pub fn stage(&self, id: u64) -> Session {
        let mut net = self.fold();
        let unborn = unborn(&self.schema, &net);
        net.retain(|key, _| !unborn.contains(key));
        let dead = net.values().filter(|c| c.end != End::Alive).map(|c| c.key).collect();
        net.values_mut().for_each(|c| c.own_up(&dead));
        let (author, base, own) = (self.author(), self.base, self.own.clone());
        Session { id, author, base, own, spans: self.spans(), changes: net.into_values().collect(), upto: self.hlc }
    }

    fn spans(&self) -> BTreeMap<Origin, (Hlc, Hlc)> {
        let mut spans = BTreeMap::new();
        for e in self.pending() {
            let origin = self.origin_at(e.hlc);
            spans.entry(origin).or_insert((self.known(origin), 0)).1 = e.hlc;
        }
        spans
    }
}

/// Born and died offline: never sent, unless something that is sent needs it.
fn unborn(schema: &Schema, net: &BTreeMap<Key, Change>) -> BTreeSet<Key> {
    let mut unborn: BTreeSet<Key> = net.values().filter(|c| c.born && c.end != End::Alive).map(|c| c.key).collect();
    loop {
        let needed = needed(schema, net.values().filter(|c| !unborn.contains(&c.key)));
        let keep = |key: &&Key| {
            let with_unborn = |end| !matches!(end, End::Cascade(parent) if !unborn.contains(&parent));
            !needed.contains(*key) && with_unborn(net[*key].end)
        };
        let left: BTreeSet<Key> = unborn.iter().filter(keep).copied().collect();
        if left == unborn {
            return unborn;
        }
        unborn = left;
    }
}

/// The records that these changes refer to.
fn needed<'a>(schema: &Schema, changes: impl Iterator<Item = &'a Change>) -> BTreeSet<Key> {
    let mut needed = BTreeSet::new();
    for c in changes {
        for e in schema.parents(c.key.0) {
            let target = c.fields.get(e.field).and_then(|w| w.value.target());
            needed.extend(target.map(|id| (e.parent, id)));
        }
    }
    needed
}
