//! References made whole again after a commit.
//!
//! Derived from the rows, never from the order in which changes came: first what some live record needs is brought back,
//! then cascades and emptied references follow the dead.

use super::fold::Change;
use super::hub::Hub;
use super::record::Record;
use super::schema::{Edge, OnDelete};
use super::{Id, Key, Seq};
use std::collections::{BTreeMap, BTreeSet};

/// What a record would lose, were another one to go: by what it refers to it, and who does.
type Referring = BTreeMap<Key, Vec<(Edge, Key)>>;

impl Hub {
    pub(super) fn settle(&mut self) {
        let referring = self.referring();
        while self.revive(&referring) {}
        while self.follow_the_dead() {}
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

    /// What some live record needs comes back, and what only a cascade killed whose parents stay.
    fn revive(&mut self, referring: &Referring) -> bool {
        let (pinned, seq) = (self.pinned(referring), self.seq);
        let stays = self.staying(&pinned);
        let back = |key: &Key| {
            let freed = |r: &Record| r.cascaded && stays.contains(key);
            self.get(*key).is_some_and(|r| !r.alive && (pinned.contains(key) || freed(r)))
        };
        let back: Vec<Key> = self.keys().into_iter().filter(back).collect();
        back.iter().for_each(|key| self.live_again(*key, seq));
        !back.is_empty()
    }

    /// The records that some live record below refuses to lose. None is at first: records that only hold each other hold
    /// nothing; and who is held makes more of those below stay, which then hold something themselves.
    fn pinned(&self, referring: &Referring) -> BTreeSet<Key> {
        let mut pinned = BTreeSet::new();
        loop {
            let stays = self.staying(&pinned);
            let holds = |(e, child): &(Edge, Key), pinned: &BTreeSet<Key>| {
                let refuses = e.on_delete == OnDelete::Restrict && stays.contains(child);
                let lives = self.get(*child).is_some_and(|r| r.alive);
                e.on_delete != OnDelete::SetNull && (refuses && lives || pinned.contains(child))
            };
            let before = pinned.len();
            // Upwards, until nobody else is held.
            loop {
                let held = referring
                    .iter()
                    .filter(|(key, below)| !pinned.contains(*key) && below.iter().any(|below| holds(below, &pinned)));
                let held: Vec<Key> = held.map(|(key, _)| *key).collect();
                if held.is_empty() {
                    break;
                }
                pinned.extend(held);
            }
            if pinned.len() == before {
                return pinned;
            }
        }
    }

    /// The records whose cascade parents all live, or may come back and stay or are held. All do at first: in a circle each
    /// waits for another.
    fn staying(&self, pinned: &BTreeSet<Key>) -> BTreeSet<Key> {
        let mut stays: BTreeSet<Key> = self.keys().into_iter().collect();
        loop {
            let falls = |key: &&Key| {
                let parents = self.schema.parents(key.0).filter(|e| e.on_delete == OnDelete::Cascade);
                let parents = parents.filter_map(|e| Some((e.parent, self.get(**key)?.target(e.field)?)));
                parents.into_iter().any(|p| self.stays_dead(p) || !stays.contains(&p) && !pinned.contains(&p))
            };
            let falling: Vec<Key> = stays.iter().filter(falls).copied().collect();
            if falling.is_empty() {
                return stays;
            }
            stays.retain(|key| !falling.contains(key));
        }
    }

    /// Whether somebody asked for its death, and not only a cascade.
    fn stays_dead(&self, key: Key) -> bool {
        self.get(key).is_none_or(|r| !r.alive && !r.cascaded)
    }

    fn live_again(&mut self, key: Key, seq: Seq) {
        if let Some(r) = self.record(key) {
            (r.alive, r.cascaded) = (true, false);
            r.again(seq);
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
