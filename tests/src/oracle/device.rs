//! A device's file: rows, log, and the foreign keys that act where it is written.

use super::learn::Refused;
use super::log::{About, Clock, Entry, Op, Write, Wrote, difference};
use super::message::Session;
use super::schema::{OnDelete, Schema, Strategy};
use super::{Hlc, Id, Key, Mark, Origin, Point, Row, Seq, Value, View};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One file. A clone of it is a copy, which must be opened under an origin of its own before anything writes to it.
#[derive(Debug, Clone)]
pub struct Device {
    pub(super) schema: Rc<Schema>,
    /// What the application sees.
    pub rows: View,
    /// What was written, in order of stamps; all of it, unless it was pruned or refused.
    pub log: Vec<Entry>,
    /// The last stamp, or the highest that a session brought.
    pub hlc: Hlc,
    /// Up to where everything is applied. Its seq is the base of the next write.
    pub checkpoint: Point,
    /// Earlier checkpoints.
    pub past: Vec<Point>,
    /// (First stamp, origin), ascending.
    pub(super) origins: Vec<(Hlc, Origin)>,
    /// Up to which stamp the hub has an origin's entries, as it last said.
    pub(super) known: BTreeMap<Origin, Hlc>,
    /// Origins acknowledged since the checkpoint moved: no mark vouches for them yet.
    pub(super) unsure: BTreeSet<Origin>,
    /// Commits of this file above the lowest of its checkpoint and its pending bases.
    pub own: BTreeMap<Seq, Mark>,
    /// Entries that turned out to be sent by another file's session, whose outcome is not pulled yet.
    pub(super) dropped: Vec<Entry>,
    /// Records that the next pull must tell whole.
    pub(super) retell: BTreeSet<Key>,
    /// Tables of which the next pull must tell all that lives: they hold more than they did.
    pub(super) gained: BTreeSet<&'static str>,
    /// Records that the hub said it does not know.
    pub(super) missing: BTreeSet<Key>,
    /// Records that the hub would not have: not offered again before the next commit.
    pub(super) withheld: BTreeSet<Key>,
    /// Whether the hub lost a past of this file's: everything is asked about, and a whole snapshot ends it.
    pub(super) recover: bool,
    /// Whether somebody agreed to what a whole snapshot deletes.
    pub(super) confirmed: bool,
    /// What the hub would not have, kept for people to see.
    pub refused: Vec<Refused>,
    /// The outbox: a changeset whose commit was not heard of yet.
    pub session: Option<Session>,
}

impl Device {
    /// A new file, opened under this origin.
    pub fn new(schema: Rc<Schema>, origin: Origin) -> Device {
        let rows = schema.nothing();
        let mut device = Device {
            schema,
            rows,
            log: Vec::new(),
            hlc: 0,
            checkpoint: Point::START,
            past: Vec::new(),
            origins: Vec::new(),
            known: BTreeMap::new(),
            unsure: BTreeSet::new(),
            own: BTreeMap::new(),
            dropped: Vec::new(),
            retell: BTreeSet::new(),
            gained: BTreeSet::new(),
            missing: BTreeSet::new(),
            withheld: BTreeSet::new(),
            recover: false,
            confirmed: false,
            refused: Vec::new(),
            session: None,
        };
        device.open(origin);
        device
    }

    /// Opens the file again: what is written from now on has this origin.
    pub fn open(&mut self, origin: Origin) {
        self.origins.push((self.hlc + 1, origin));
    }

    /// The origin of what is written now.
    pub fn author(&self) -> Origin {
        self.origin_at(Hlc::MAX)
    }

    /// The origin of an entry with this stamp: the last drawn at or before it.
    pub fn origin_at(&self, hlc: Hlc) -> Origin {
        self.origins.iter().rev().find(|(first, _)| *first <= hlc).map_or(super::HUB, |(_, origin)| *origin)
    }

    /// Up to which stamp the hub has an origin's entries; 0: none.
    pub(super) fn known(&self, origin: Origin) -> Hlc {
        self.known.get(&origin).copied().unwrap_or(0)
    }

    /// The entries that the hub is not known to have.
    pub fn pending(&self) -> impl Iterator<Item = &Entry> {
        self.log.iter().filter(|e| self.pends(e))
    }

    pub(super) fn pends(&self, e: &Entry) -> bool {
        self.missing.contains(&e.key) || e.hlc > self.known(self.origin_at(e.hlc))
    }

    /// Whether all that was written is known to be at the hub.
    pub fn idle(&self) -> bool {
        self.session.is_none() && self.pending().next().is_none()
    }

    /// Whether it offers again what its hub lost.
    pub fn recovers(&self) -> bool {
        self.recover
    }

    /// The tables.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether entries are acknowledged for which no checkpoint vouches yet.
    pub fn is_unsure(&self) -> bool {
        !self.unsure.is_empty()
    }

    /// Old acknowledged entries go: those for which the checkpoint vouches.
    pub fn prune(&mut self, upto: Hlc) {
        if self.session.is_some() || self.recover {
            return;
        }
        let dropped: BTreeSet<Hlc> = self.dropped.iter().map(|e| e.hlc).collect();
        let mut log = std::mem::take(&mut self.log);
        log.retain(|e| {
            e.hlc > upto || self.pends(e) || dropped.contains(&e.hlc) || self.unsure.contains(&self.origin_at(e.hlc))
        });
        self.log = log;
    }

    /// Does what the application asks for, or nothing.
    pub fn write(&mut self, write: &Write, clock: &mut dyn Clock) -> Wrote {
        match write {
            Write::Insert { table, id, values } => self.insert((table, *id), values, clock),
            Write::Update { table, id, values } => self.update((table, *id), values, clock),
            Write::Delete { table, id } => self.delete((table, *id), clock),
        }
    }

    fn insert(&mut self, key: Key, values: &Row, clock: &mut dyn Clock) -> Wrote {
        if self.row(key).is_some() || !self.resolves(key, values) {
            return Wrote::Refused;
        }
        let mut row = self.schema.table(key.0).empty();
        row.extend(values.iter().map(|(f, v)| (*f, *v)));
        self.table(key.0).insert(key.1, row.clone());
        self.note(key, Op::Insert(row), clock);
        Wrote::Done
    }

    fn update(&mut self, key: Key, values: &Row, clock: &mut dyn Clock) -> Wrote {
        let Some(row) = self.row(key).cloned() else { return Wrote::Done };
        let changed: Row = values.iter().filter(|(f, v)| row[*f] != **v).map(|(f, v)| (*f, *v)).collect();
        if !self.resolves(key, &changed) {
            return Wrote::Refused;
        }
        if changed.is_empty() {
            return Wrote::Done;
        }
        let logged = changed.iter().map(|(f, v)| match self.schema.strategy(key.0, f) {
            Strategy::Sum => (*f, difference(*v, row[f])),
            _ => (*f, *v),
        });
        let logged = logged.collect();
        self.table(key.0).entry(key.1).or_default().extend(changed);
        self.note(key, Op::Update(logged), clock);
        Wrote::Done
    }

    /// `cascade` deletes below, `set_null` empties, `restrict` is judged when all that is done, as `NO ACTION` is.
    fn delete(&mut self, key: Key, clock: &mut dyn Clock) -> Wrote {
        let Some(row) = self.row(key).cloned() else { return Wrote::Done };
        let (mut rows, mut done) = (self.rows.clone(), Vec::new());
        self.remove(&mut rows, key, Op::Delete(row), &mut done);
        if !self.schema.dangling(&rows).is_subset(&self.schema.dangling(&self.rows)) {
            return Wrote::Refused;
        }
        self.rows = rows;
        for (key, op) in done {
            self.note(key, op, clock);
        }
        Wrote::Done
    }

    /// Whether references that dangle would go, were this record deleted: its own, or those of what goes with it.
    pub fn takes_back(&self, key: Key) -> bool {
        let Some(row) = self.row(key).cloned() else { return false };
        let mut rows = self.rows.clone();
        self.remove(&mut rows, key, Op::Delete(row), &mut Vec::new());
        !self.schema.dangling(&self.rows).is_subset(&self.schema.dangling(&rows))
    }

    /// A program that keeps foreign keys off deletes a record: what hung on it dangles until the hub has heard of it.
    pub fn delete_alone(&mut self, key: Key, clock: &mut dyn Clock) -> Wrote {
        if let Some(row) = self.table(key.0).remove(&key.1) {
            self.note(key, Op::Delete(row), clock);
        }
        Wrote::Done
    }

    /// Decides a conflict; of a field, for this value.
    pub fn resolve(&mut self, key: Key, about: About, value: Value, clock: &mut dyn Clock) {
        if let (About::Field(field), Some(row)) = (about, self.table(key.0).get_mut(&key.1)) {
            row.insert(field, value);
        }
        self.note(key, Op::Resolve(about, value), clock);
    }

    fn remove(&self, rows: &mut View, key: Key, op: Op, done: &mut Vec<(Key, Op)>) {
        table(rows, key.0).remove(&key.1);
        done.push((key, op));
        for e in self.schema.children(key.0) {
            let referring = |(_, row): &(&Id, &Row)| row[e.field] == Value::Ref(key.1);
            let below: Vec<Id> = rows[e.child].iter().filter(referring).map(|(id, _)| *id).collect();
            for id in below {
                // What a nested cascade took in the meantime is gone already.
                let Some(row) = table(rows, e.child).get_mut(&id) else { continue };
                match e.on_delete {
                    OnDelete::Restrict => {}
                    OnDelete::SetNull => {
                        row.insert(e.field, Value::Null);
                        done.push(((e.child, id), Op::Stale(e.field, key)));
                    }
                    OnDelete::Cascade => {
                        let op = Op::Cascade(row.clone(), key);
                        self.remove(rows, (e.child, id), op, done);
                    }
                }
            }
        }
    }

    fn note(&mut self, key: Key, op: Op, clock: &mut dyn Clock) {
        let hlc = clock.stamp(key, op.kind(), self.hlc);
        self.log.push(Entry { hlc, key, base: self.checkpoint.seq, op });
        // SQLite logs what foreign keys do before what made them do it: stamps from there need not come in our order.
        self.log.sort_by_key(|e| e.hlc);
        self.hlc = self.hlc.max(hlc);
    }

    fn row(&self, key: Key) -> Option<&Row> {
        self.rows[key.0].get(&key.1)
    }

    fn table(&mut self, name: &'static str) -> &mut BTreeMap<Id, Row> {
        table(&mut self.rows, name)
    }

    /// Whether the references among these values name records that are here, or the record itself.
    fn resolves(&self, key: Key, values: &Row) -> bool {
        self.schema.parents(key.0).all(|e| {
            let target = values.get(e.field).and_then(|v| v.target());
            target.is_none_or(|id| self.rows[e.parent].contains_key(&id) || (e.parent, id) == key)
        })
    }
}

/// A table of a view.
pub(super) fn table<'a>(rows: &'a mut View, name: &'static str) -> &'a mut BTreeMap<Id, Row> {
    rows.entry(name).or_default()
}
