//! Folding: a device's pending log as one net change a record.

use crate::change::{Change, End, Key, Resolve, What, Write};
use crate::clock::{Hlc, Seq};
use crate::id::RecordId;
use crate::log::{About, Entry, Op};
use crate::model::{FieldIx, Schema, Strategy};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The net changes of what is pending, given in order of stamps. This is what the records look like *under* which
/// an answer is applied; what is sent is [`net_changes`].
pub fn pending(schema: &Schema, parts: impl IntoIterator<Item = Part>) -> BTreeMap<Key, Change> {
    Fold::of(schema, parts).net
}

/// What a device sends for its pending entries, given in order of their stamps; by table, then by id.
///
/// A record born and died offline is left out, unless something that is sent needs it. What a foreign key did stays as
/// that where the hub will see the death that caused it, and becomes an ordinary write where it will not.
pub fn net_changes(schema: &Schema, entries: impl IntoIterator<Item = Entry>) -> Vec<Change> {
    recovering(schema, entries.into_iter().map(Part::Pending), false).changes
}

/// An entry's part in what a device sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// The hub does not have it.
    Pending(Entry),
    /// A session of another copy of the file has sent it. It says nothing any more, but it tells which life of its record
    /// a pending entry is about.
    Passed(Entry),
}

impl Part {
    /// The entry.
    pub fn entry(&self) -> &Entry {
        match self {
            Part::Pending(entry) | Part::Passed(entry) => entry,
        }
    }
}

/// What a device sends while it finds its common past with the hub.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// As [`net_changes`] says.
    pub changes: Vec<Change>,
    /// What records that are sent, and went, held when they went last.
    pub gone: HashMap<Key, Vec<Value>>,
}

/// What a device sends for these entries, given in order of their stamps.
///
/// `lost`: the hub forgot some of its past, so that also records born and died since are sent: another device may still
/// show them.
pub fn recovering(schema: &Schema, parts: impl IntoIterator<Item = Part>, lost: bool) -> Net {
    Fold::of(schema, parts).into_net(lost)
}

/// What a record held when it went, and the parent that took it.
struct Gone {
    last: Vec<Value>,
    via: Option<Key>,
}

/// A reference that a foreign key emptied: what it named, and when.
struct Emptied {
    target: Key,
    hlc: Hlc,
    base: Seq,
}

/// A change that begins with this entry and says nothing yet.
fn blank(entry: &Entry) -> Change {
    Change {
        table: entry.table,
        id: entry.id,
        resolves: Vec::new(),
        writes: Vec::new(),
        hlc: entry.hlc,
        base: entry.base,
        born: matches!(entry.op, Op::Insert(_)),
        end: End::Alive,
        again: false,
        stale: Vec::new(),
    }
}

struct Fold<'s> {
    schema: &'s Schema,
    net: BTreeMap<Key, Change>,
    gone: HashMap<Key, Gone>,
    emptied: HashMap<(Key, FieldIx), Emptied>,
    /// Records of which only passed entries were met.
    passed: HashSet<Key>,
}

impl<'s> Fold<'s> {
    fn of(schema: &'s Schema, parts: impl IntoIterator<Item = Part>) -> Fold<'s> {
        let (net, gone, emptied) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        let mut fold = Fold { schema, net, gone, emptied, passed: HashSet::new() };
        for part in parts {
            match part {
                Part::Pending(entry) => fold.add(entry),
                Part::Passed(entry) => fold.pass(entry),
            }
        }
        let Fold { net, passed, .. } = &mut fold;
        net.retain(|key, _| !passed.contains(key));
        fold
    }

    /// Of what another session sent only the order of lives counts.
    fn pass(&mut self, entry: Entry) {
        let key = (entry.table, entry.id);
        if !self.net.contains_key(&key) {
            self.passed.insert(key);
        }
        let change = self.net.entry(key).or_insert_with(|| Change { born: false, ..blank(&entry) });
        change.hlc = entry.hlc;
        match entry.op {
            Op::Delete(last) => self.went(key, End::Delete, Gone { last, via: None }),
            Op::Cascade { last, via } => {
                let via = parent_named(self.schema, key, via, last.get(via));
                self.went(key, End::Cascade, Gone { last, via });
            }
            Op::Insert(_) | Op::Update(_) => {
                self.lives(key);
            }
            Op::Stale { .. } | Op::Resolve(..) => {}
        }
    }

    fn add(&mut self, entry: Entry) {
        let key = (entry.table, entry.id);
        if self.passed.remove(&key)
            && let Some(change) = self.net.get_mut(&key)
        {
            change.base = entry.base;
        }
        let change = self.net.entry(key).or_insert_with(|| blank(&entry));
        change.hlc = entry.hlc;
        change.base = change.base.min(entry.base);
        match entry.op {
            Op::Delete(last) => self.went(key, End::Delete, Gone { last, via: None }),
            Op::Cascade { last, via } => {
                let via = parent_named(self.schema, key, via, last.get(via));
                self.went(key, End::Cascade, Gone { last, via });
            }
            Op::Stale { field, target } => self.emptied(key, field, target, entry.hlc, entry.base),
            Op::Insert(values) => self.wrote(key, values.into_iter().enumerate().collect(), entry.hlc, entry.base),
            Op::Update(values) => self.wrote(key, values, entry.hlc, entry.base),
            Op::Resolve(about, chosen) => {
                let resolve = Resolve { about, chosen, hlc: entry.hlc, base: entry.base };
                self.resolved(key, resolve);
            }
        }
    }

    fn went(&mut self, key: Key, end: End, gone: Gone) {
        let end = if self.closes_ring(key, gone.via) { End::Delete } else { end };
        if let Some(change) = self.net.get_mut(&key) {
            change.end = end;
            self.gone.insert(key, gone);
        }
    }

    /// Whether what took this record went with the record itself. In a ring of rows each goes with another, and the last of
    /// them is the one that somebody deleted, because foreign keys act first: its parent is gone by then, with it. The triggers
    /// log that as a delete; a file may have entries of triggers that did not.
    fn closes_ring(&self, key: Key, mut via: Option<Key>) -> bool {
        while let Some(at) = via.filter(|at| *at != key) {
            let cascaded = self.net.get(&at).is_some_and(|c| c.end == End::Cascade);
            via = cascaded.then(|| self.gone.get(&at)).flatten().and_then(|gone| gone.via);
        }
        via.is_some()
    }

    fn emptied(&mut self, key: Key, field: FieldIx, target: RecordId, hlc: Hlc, base: Seq) {
        let Some(edge) = self.schema.parents(key.0).iter().find(|e| e.field == field) else { return };
        if let Some(change) = self.net.get_mut(&key) {
            add_sorted(&mut change.stale, field);
            self.emptied.insert((key, field), Emptied { target: (edge.parent, target), hlc, base });
        }
    }

    /// A record is written to; whether it was inserted again over a life that the hub knows.
    fn lives(&mut self, key: Key) -> bool {
        let Some(change) = self.net.get_mut(&key) else { return false };
        if change.end != End::Alive && change.born {
            // Born, died and born again, all offline: only this life counts.
            change.writes.clear();
            change.resolves.clear();
        }
        let again = change.end != End::Alive && !change.born;
        change.end = End::Alive;
        again
    }

    fn wrote(&mut self, key: Key, values: Vec<(FieldIx, Value)>, hlc: Hlc, base: Seq) {
        let again = self.lives(key);
        let Some(change) = self.net.get_mut(&key) else { return };
        let last = again.then(|| self.gone.get(&key)).flatten();
        for (field, value) in values {
            let sum = self.schema.field(key.0, field).strategy == Strategy::Sum;
            let held = last.and_then(|gone| gone.last.get(field)).and_then(Value::as_integer);
            let held = fault!(RebornCountsInFull: 0, held.unwrap_or(0));
            let what = if sum {
                What::Add(i128::from(value.as_integer().unwrap_or(0)) - i128::from(held))
            } else {
                What::Set(value)
            };
            write(&mut change.writes, Write { field, what, hlc, base });
            change.stale.retain(|f| *f != field);
        }
        if again {
            change.again = true;
            for (field, f) in self.schema.table(key.0).fields.iter().enumerate() {
                if f.strategy == Strategy::Sum {
                    // What came while the record was gone was not applied to it.
                    add_sorted(&mut change.stale, field);
                }
            }
        }
    }

    /// A decision replaces what was pending for its fields, and an earlier decision about the same.
    fn resolved(&mut self, key: Key, resolve: Resolve) {
        let Some(change) = self.net.get_mut(&key) else { return };
        let decided = |field: FieldIx| resolve.chosen.iter().any(|(f, _)| *f == field);
        if resolve.about == About::Fields {
            change.writes.retain(|w| !decided(w.field));
        }
        change.resolves.retain(|r| {
            r.about != resolve.about || !(r.chosen.is_empty() || r.chosen.iter().any(|(f, _)| decided(*f)))
        });
        change.resolves.push(resolve);
    }

    fn into_net(mut self, lost: bool) -> Net {
        let unborn = if fault!(LostDeathsUnsent: false, lost) { BTreeSet::new() } else { self.unborn() };
        self.net.retain(|key, _| !unborn.contains(key));
        let dead: HashSet<Key> = self.net.iter().filter(|(_, c)| c.end != End::Alive).map(|(k, _)| *k).collect();
        let asked = fault!(CascadeNotOwned: HashSet::new(), self.underived(&dead));
        for (key, change) in &mut self.net {
            if asked.contains(key) {
                change.end = End::Delete;
            }
            for field in std::mem::take(&mut change.stale) {
                match self.emptied.get(&(*key, field)) {
                    Some(e) if !dead.contains(&e.target) => {
                        let what = What::Set(Value::Null);
                        write(&mut change.writes, Write { field, what, hlc: e.hlc, base: e.base });
                    }
                    _ => change.stale.push(field),
                }
            }
        }
        let gone = self.gone.into_iter().filter(|(key, _)| self.net.contains_key(key));
        let gone = gone.map(|(key, gone)| (key, gone.last)).collect();
        Net { changes: self.net.into_values().collect(), gone }
    }

    /// Records born and died offline that nothing sent needs.
    fn unborn(&self) -> BTreeSet<Key> {
        let mut unborn: BTreeSet<Key> =
            self.net.iter().filter(|(_, c)| c.born && c.end != End::Alive).map(|(k, _)| *k).collect();
        while !unborn.is_empty() {
            let needed = self.needed(&unborn);
            let taken = |key: &Key| self.gone.get(key).and_then(|g| g.via).is_some_and(|via| unborn.contains(&via));
            let still: BTreeSet<Key> = unborn
                .iter()
                .filter(|k| !needed.contains(*k) && (self.net[*k].end == End::Delete || taken(k)))
                .copied()
                .collect();
            if still.len() == unborn.len() {
                break;
            }
            unborn = still;
        }
        unborn
    }

    /// What the records outside `unborn` refer to.
    fn needed(&self, unborn: &BTreeSet<Key>) -> HashSet<Key> {
        let sent = self.net.iter().filter(|(key, _)| !unborn.contains(*key));
        let needed = sent.flat_map(|(_, change)| references(self.schema, change));
        fault!(NeededUnbornLeftOut: HashSet::new(), needed.collect())
    }

    /// Records that a cascade took whose parents' death the hub will not see.
    fn underived(&self, dead: &HashSet<Key>) -> HashSet<Key> {
        let cascaded = self.net.iter().filter(|(_, c)| c.end == End::Cascade).map(|(key, _)| *key);
        cascaded.filter(|key| !self.gone.get(key).and_then(|g| g.via).is_some_and(|via| dead.contains(&via))).collect()
    }
}

/// The records that a change's writes and decisions refer to.
pub fn references<'a>(schema: &'a Schema, change: &'a Change) -> impl Iterator<Item = Key> + 'a {
    let written = change.writes.iter().filter_map(|w| match &w.what {
        What::Set(value) => Some((w.field, value)),
        What::Add(_) => None,
    });
    let chosen = change.resolves.iter().flat_map(|r| r.chosen.iter().map(|(f, v)| (*f, v)));
    written.chain(chosen).filter_map(|(field, value)| parent_named(schema, change.key(), field, Some(value)))
}

/// The record that this value of a reference names.
pub fn parent_named(schema: &Schema, child: Key, field: FieldIx, value: Option<&Value>) -> Option<Key> {
    let edge = schema.parents(child.0).iter().find(|e| e.field == field)?;
    match value {
        Some(Value::Blob(id)) => Some((edge.parent, RecordId::from_slice(id)?)),
        _ => None,
    }
}

/// Puts a write among those of its record: the later value, the oldest base, sums added up.
fn write(writes: &mut Vec<Write>, new: Write) {
    match writes.binary_search_by_key(&new.field, |w| w.field) {
        Err(at) => writes.insert(at, new),
        Ok(at) => {
            let old = &mut writes[at];
            old.what = match (&old.what, new.what) {
                (What::Add(before), What::Add(delta)) => What::Add(before + delta),
                (_, what) => what,
            };
            old.hlc = new.hlc;
            old.base = fault!(BaseOfTheNewest: new.base, old.base.min(new.base));
        }
    }
}

fn add_sorted(fields: &mut Vec<FieldIx>, field: FieldIx) {
    if let Err(at) = fields.binary_search(&field) {
        fields.insert(at, field);
    }
}
