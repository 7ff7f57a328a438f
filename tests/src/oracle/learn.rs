//! What a device makes of the hub's answers to its changeset. Each is a fact that the next one respects.

use super::device::Device;
use super::fold::Change;
use super::log::{Entry, Op};
use super::message::{Answer, Session};
use super::{Hlc, Id, Key, Origin, Point, Row};
use std::collections::{BTreeMap, BTreeSet};

/// What the hub would not have, kept for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of which record.
    pub key: Key,
    /// What was pending, and has left the log.
    pub change: Option<Change>,
    /// What was offered of a record that the hub does not know.
    pub offer: Option<Row>,
}

impl Device {
    /// The hub committed it; at no point where it said nothing.
    pub fn acknowledge(&mut self, session: &Session, at: Option<Point>) {
        for (origin, (_, upto)) in &session.spans {
            let known = self.known(*origin).max(*upto);
            self.known.insert(*origin, known);
            self.unsure.insert(*origin);
        }
        self.own.extend(at.map(|p| (p.seq, p.mark)));
        self.dropped.clear();
        self.missing.clear();
        self.withheld.clear();
        self.session = None;
    }

    /// The hub would not take it as it stands. The next session folds anew; only where the hub forgot that it had prepared
    /// this one, it is prepared again.
    pub fn learn(&mut self, answer: &Answer) {
        match answer {
            Answer::UnknownSession | Answer::Prepared | Answer::Committed(_) | Answer::News(_) => return,
            Answer::Astray | Answer::Reused => {}
            Answer::Rewind(point) => self.rewind(*point),
            Answer::Known { covers, missing } => self.take_over(covers, missing),
            Answer::Refused(faults) => self.refuse(faults.iter().map(|(key, _)| *key).collect()),
        }
        self.session = None;
    }

    /// The hub lost the past in which the checkpoint lies. It is offered again whatever it does not know.
    fn rewind(&mut self, point: Point) {
        self.checkpoint = point;
        self.past.retain(|p| p.seq < point.seq);
        self.own.retain(|seq, _| *seq <= point.seq);
        for e in self.log.iter_mut().chain(&mut self.dropped) {
            e.base = e.base.min(point.seq);
        }
        self.recover = true;
    }

    /// Covers go up where another file sent what this one has too, and down where the hub lost it.
    fn take_over(&mut self, covers: &BTreeMap<Origin, Hlc>, missing: &BTreeSet<Key>) {
        let before = self.pending_stamps();
        self.known.extend(covers);
        self.unsure.extend(covers.keys());
        self.withheld.retain(|key| missing.contains(key));
        self.missing = missing.clone();
        let now = self.pending_stamps();
        let sent: Vec<Entry> =
            self.log.iter().filter(|e| before.contains(&e.hlc) && !now.contains(&e.hlc)).cloned().collect();
        self.retell.extend(sent.iter().map(|e| e.key));
        self.dropped.retain(|e| !now.contains(&e.hlc));
        self.dropped.extend(sent);
        self.dropped.sort_by_key(|e| e.hlc);
    }

    fn pending_stamps(&self) -> BTreeSet<Hlc> {
        self.pending().map(|e| e.hlc).collect()
    }

    /// What is refused leaves the log whole, with what depends on it, and is told again as the hub has it. Offers are not
    /// repeated. What depends on it is judged by what would be sent now: what was pointed elsewhere since is none of it.
    fn refuse(&mut self, mut refused: BTreeSet<Key>) {
        let mut pending = self.fold();
        let mut offers = self.offers(&pending);
        self.add_dependants(&pending, &offers, &mut refused);
        let mut log = std::mem::take(&mut self.log);
        log.retain(|e| !(refused.contains(&e.key) && self.pends(e)));
        self.log = log;
        self.retell.extend(&refused);
        self.withheld.extend(refused.intersection(&self.missing));
        for key in refused {
            let (change, offer) = (pending.remove(&key), offers.remove(&key));
            self.refused.push(Refused { key, change, offer });
        }
    }

    /// Where an insert or an offer is refused, whatever refers to its record could only be refused too; where a delete is,
    /// what foreign keys did because of it is undone with it.
    fn add_dependants(
        &self,
        pending: &BTreeMap<Key, Change>,
        offers: &BTreeMap<Key, Row>,
        refused: &mut BTreeSet<Key>,
    ) {
        let followed: Vec<(Key, Key)> = self.pending().filter_map(followed).collect();
        loop {
            let comes = |key: &Key| offers.contains_key(key) || pending.get(key).is_some_and(|c| c.born);
            let unborn = |key: &Key| refused.contains(key) && comes(key);
            let hangs = |c: &&Change| self.references(c).iter().any(unborn);
            let mut more: BTreeSet<Key> = pending.values().filter(hangs).map(|c| c.key).collect();
            let shown =
                |(key, values): &(&Key, &Row)| self.named(key.0, |f| values.get(f)?.target()).iter().any(unborn);
            more.extend(offers.iter().filter(shown).map(|(key, _)| *key));
            more.extend(followed.iter().filter(|(_, parent)| refused.contains(parent)).map(|(key, _)| *key));
            if more.is_subset(refused) {
                return;
            }
            refused.extend(more);
        }
    }

    fn references(&self, c: &Change) -> Vec<Key> {
        self.named(c.key.0, |field| c.fields.get(field)?.value.target())
    }

    fn named(&self, table: &'static str, target: impl Fn(&str) -> Option<Id>) -> Vec<Key> {
        self.schema.parents(table).filter_map(|e| Some((e.parent, target(e.field)?))).collect()
    }
}

/// What a foreign key did: to which record, and whose death it followed.
fn followed(e: &Entry) -> Option<(Key, Key)> {
    match e.op {
        Op::Cascade(_, parent) | Op::Stale(_, parent) => Some((e.key, parent)),
        Op::Insert(_) | Op::Update(_) | Op::Delete(_) | Op::Resolve(..) => None,
    }
}
