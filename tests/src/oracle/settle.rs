//! References made whole again after a commit.
//!
//! Derived from the rows, never from the order in which changes came: first what some live record needs is brought back,
//! then cascades and emptied references follow the dead.

use super::fold::Change;
use super::hub::Hub;
use super::record::Record;
use super::schema::{Edge, OnDelete};
use super::{Id, Key, Seq};
use std::collections::BTreeMap;

/// What refers to each record, and by what.
type Referring = BTreeMap<Key, Vec<(Edge, Key)>>;

/// Who goes, and who may not.
struct Judge<'a> {
    hub: &'a Hub,
    referring: &'a Referring,
}

impl Judge<'_> {
    /// Whether somebody asked for its death, and not only a cascade.
    fn stays_dead(&self, key: Key) -> bool {
        self.hub.get(key).is_none_or(|r| !r.alive && !r.cascaded)
    }

    /// Some cascade parent of this record is dead and stays so, or is about to fall itself. One that only a cascade killed
    /// counts as what it will be: in a circle each waits for another.
    fn falling(&self, key: Key, asked: &mut Vec<Key>) -> bool {
        self.falls(key, asked, &mut Vec::new())
    }

    /// `asked`: questions of `pinned` under way, each taken as no; `below`: those of this one, where records that refer
    /// to each other in a circle would ask for ever.
    fn falls(&self, key: Key, asked: &mut Vec<Key>, below: &mut Vec<Key>) -> bool {
        if below.contains(&key) {
            return false;
        }
        below.push(key);
        let falls = self.hub.schema.parents(key.0).filter(|e| e.on_delete == OnDelete::Cascade).any(|e| {
            let Some(id) = self.hub.get(key).and_then(|r| r.target(e.field)) else { return false };
            let parent = (e.parent, id);
            self.stays_dead(parent) || self.falls(parent, asked, below) && !self.pinned(parent, asked)
        });
        below.pop();
        falls
    }

    /// Some live record below refuses to lose this one. `asked`: questions under way, each taken as no.
    fn pinned(&self, key: Key, asked: &mut Vec<Key>) -> bool {
        if asked.contains(&key) {
            return false;
        }
        asked.push(key);
        let pinned =
            self.referring.get(&key).is_some_and(|all| all.iter().any(|(e, below)| self.needs(*e, *below, asked)));
        asked.pop();
        pinned
    }

    fn needs(&self, e: Edge, below: Key, asked: &mut Vec<Key>) -> bool {
        let lives = || self.hub.get(below).is_some_and(|child| child.alive);
        e.on_delete != OnDelete::SetNull
            && (self.pinned(below, asked)
                || e.on_delete == OnDelete::Restrict && lives() && !self.falling(below, asked))
    }
}

impl Hub {
    pub(super) fn settle(&mut self) {
        let referring = self.referring();
        while self.revive(&referring) {}
        while self.follow_the_dead() {}
    }

    fn revive(&mut self, referring: &Referring) -> bool {
        let pinned = |hub: &Hub, key, r: &Record| !r.alive && Judge { hub, referring }.pinned(key, &mut Vec::new());
        let freed = |hub: &Hub, key, r: &Record| r.cascaded && !Judge { hub, referring }.falling(key, &mut Vec::new());
        let (pinned, freed) = (self.revive_where(true, pinned), self.revive_where(false, freed));
        pinned || freed
    }

    /// Bringing records back moves no reference.
    fn referring(&self) -> Referring {
        let mut referring = Referring::new();
        for table in self.schema.tables() {
            for e in self.schema.parents(table.name) {
                for (id, child) in &self.rows[table.name] {
                    let target = child.target(e.field).map(|id| (e.parent, id));
                    target
                        .into_iter()
                        .for_each(|parent| referring.entry(parent).or_default().push((e, (e.child, *id))));
                }
            }
        }
        referring
    }

    fn revive_where(&mut self, children_first: bool, judge: impl Fn(&Hub, Key, &Record) -> bool) -> bool {
        let (mut keys, seq) = (self.keys(), self.seq);
        if children_first {
            keys.reverse();
        }
        let mut changed = false;
        for key in keys {
            if self.get(key).is_some_and(|r| judge(self, key, r)) {
                self.live_again(key, seq);
                changed = true;
            }
        }
        changed
    }

    fn live_again(&mut self, key: Key, seq: Seq) {
        if let Some(r) = self.record(key) {
            (r.alive, r.cascaded, r.born) = (true, false, seq);
        }
    }

    /// All records, parents first.
    fn keys(&self) -> Vec<Key> {
        let tables = self.schema.tables().iter();
        tables.flat_map(|t| self.rows[t.name].keys().map(|id| (t.name, *id))).collect()
    }

    fn get(&self, key: Key) -> Option<&Record> {
        self.rows[key.0].get(&key.1)
    }

    fn dead(&self, table: &'static str, id: Id) -> bool {
        self.get((table, id)).is_none_or(|r| !r.alive)
    }

    /// `cascade` and `set_null`, parents first. Says whether anything changed: what refers to its own table goes by rows,
    /// and may need another round.
    fn follow_the_dead(&mut self) -> bool {
        let mut changed = false;
        for key in self.keys() {
            for e in self.schema.clone().parents(key.0) {
                changed |= self.follow(key, e);
            }
        }
        changed
    }

    fn follow(&mut self, key: Key, e: Edge) -> bool {
        let target = self.get(key).and_then(|r| r.target(e.field));
        let (dead, seq) = (target.is_some_and(|id| self.dead(e.parent, id)), self.seq);
        let Some(record) = self.record(key) else { return false };
        if e.on_delete == OnDelete::Cascade && dead && record.alive {
            (record.alive, record.cascaded, record.died) = (false, true, seq);
            record.by.clear();
            return true;
        }
        let Some(reg) = record.regs.get_mut(e.field).filter(|_| e.on_delete == OnDelete::SetNull) else { return false };
        if dead == reg.nulled {
            return false;
        }
        reg.nulled = dead;
        reg.announce(seq);
        true
    }

    /// The changes in an order in which every record comes after those that it refers to: by tables, where a table refers
    /// to itself by rows.
    pub(super) fn parents_first<'a>(&self, changes: &'a [Change]) -> Vec<&'a Change> {
        let mut by_stamp: Vec<_> = changes.iter().collect();
        by_stamp.sort_by_key(|c| (self.schema.position(c.key.0), c.hlc));
        let (mut order, mut met) = (Vec::new(), Vec::new());
        by_stamp.iter().for_each(|c| self.place(changes, c, &mut met, &mut order));
        order
    }

    /// Puts the change in order, behind those of the records of its own table that it refers to; in a circle, behind those
    /// that were not met before.
    fn place<'a>(&self, changes: &'a [Change], c: &'a Change, met: &mut Vec<Key>, order: &mut Vec<&'a Change>) {
        if met.contains(&c.key) {
            return;
        }
        met.push(c.key);
        for e in self.schema.parents(c.key.0).filter(|e| e.parent == c.key.0) {
            let now = || self.get(c.key).and_then(|r| r.target(e.field));
            let target = c.fields.get(e.field).map_or_else(now, |w| w.value.target());
            let parent = changes.iter().find(|p| target == Some(p.key.1) && p.key.0 == c.key.0);
            parent.into_iter().for_each(|p| self.place(changes, p, met, order));
        }
        order.push(c);
    }
}
