//! The hub: what it keeps and takes.

use super::fold::{Change, End};
use super::message::{Answer, Session};
pub use super::record::Candidate;
use super::record::{Record, Speaker};
use super::schema::{Schema, Strategy};
use super::{HUB, Hlc, Id, Key, Mark, Origin, Point, Seq, Value, View};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The hub. A clone is its backup.
#[derive(Debug, Clone)]
pub struct Hub {
    pub(super) schema: Rc<Schema>,
    pub(super) rows: BTreeMap<&'static str, BTreeMap<Id, Record>>,
    /// Its last seq.
    pub seq: Seq,
    /// The highest stamp that it has merged.
    pub hlc: Hlc,
    /// What its commits drew.
    pub(super) marks: BTreeMap<Seq, Mark>,
    /// By origin, up to which stamp its entries are committed.
    pub(super) cover: BTreeMap<Origin, Hlc>,
    /// By id, what is prepared and not yet committed.
    staged: BTreeMap<u64, Session>,
    /// By id, what was committed, and where; nowhere if it said nothing.
    done: BTreeMap<u64, (Session, Option<Point>)>,
}

/// An open conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Of which record.
    pub key: Key,
    /// Of which field.
    pub field: &'static str,
    /// By stamp.
    pub candidates: Vec<Candidate>,
}

impl Hub {
    /// A hub that nobody has written to.
    pub fn new(schema: Rc<Schema>) -> Hub {
        let rows = schema.per_table();
        let (marks, cover, staged, done) = Default::default();
        Hub { schema, rows, seq: 0, hlc: 0, marks, cover, staged, done }
    }

    /// Where it stands.
    pub fn point(&self) -> Point {
        self.marks.last_key_value().map_or(Point::START, |(seq, mark)| Point { seq: *seq, mark: *mark })
    }

    /// Up to which stamp an origin's entries are committed; 0: none.
    pub fn cover(&self, origin: Origin) -> Hlc {
        self.cover.get(&origin).copied().unwrap_or(0)
    }

    /// Forgets what is prepared.
    pub fn expire(&mut self) {
        self.staged.clear();
    }

    /// Forgets what became of sessions. Covers still protect.
    pub fn forget(&mut self) {
        self.done.clear();
    }

    /// PREPARE: checks the whole changeset, and keeps it if nothing speaks against it. What was committed long ago needs no
    /// check: its commit has the outcome.
    pub fn prepare(&mut self, s: &Session) -> Answer {
        if let Some((known, _)) = self.done.get(&s.id) {
            return if known == s { Answer::Prepared } else { Answer::Reused };
        }
        if self.staged.get(&s.id).is_some_and(|known| known != s) {
            return Answer::Reused;
        }
        match self.check(s) {
            Ok(()) => {
                self.staged.insert(s.id, s.clone());
                Answer::Prepared
            }
            Err(answer) => answer,
        }
    }

    /// COMMIT: once. Everything that PREPARE checked is checked again, for the hub may have moved, or been restored.
    pub fn commit(&mut self, s: &Session, mark: Mark) -> Answer {
        if let Some((known, at)) = self.done.get(&s.id) {
            return if known == s { Answer::Committed(*at) } else { Answer::Reused };
        }
        if self.staged.get(&s.id) != Some(s) {
            return Answer::UnknownSession;
        }
        self.staged.remove(&s.id);
        if let Err(answer) = self.check(s) {
            return answer;
        }
        let moved = s.spans.values().any(|(after, upto)| after != upto);
        let said = moved || !s.changes.is_empty() || !s.weak.is_empty();
        if said {
            self.take(s, mark);
        }
        let at = said.then(|| self.point());
        self.done.insert(s.id, (s.clone(), at));
        Answer::Committed(at)
    }

    /// Whatever moves a cover takes a seq: its mark vouches for it.
    fn take(&mut self, s: &Session, mark: Mark) {
        self.hlc = self.hlc.max(s.upto); // also of values that only a device still had a stamp for
        self.advance(mark);
        self.cover.extend(s.spans.iter().map(|(origin, (_, upto))| (*origin, *upto)));
        let own = s.own.keys().copied().chain([self.seq]).collect();
        let speaker = Speaker { author: s.author, since: s.checkpoint.seq, own, seq: self.seq };
        s.weak.iter().for_each(|(key, values)| self.hold(&speaker, *key, values));
        let order = self.parents_first(&s.changes);
        order.iter().for_each(|c| self.upsert(&speaker, c));
        for c in order.iter().rev().filter(|c| dies(c, s)) {
            self.delete(&speaker, c);
        }
        self.settle();
        s.changes.iter().for_each(|c| self.correct(&speaker, c));
    }

    pub(super) fn advance(&mut self, mark: Mark) {
        self.seq += 1;
        self.marks.insert(self.seq, mark);
    }

    /// Where the device shows otherwise than the hub now, its next pull must say so.
    fn correct(&mut self, by: &Speaker, c: &Change) {
        let Some(record) = self.record(c.key) else { return };
        if matches!(c.end, End::Cascade(_)) && record.alive {
            record.again(by.seq);
        }
        if c.end == End::Alive && !record.alive && record.died <= by.since {
            record.died = by.seq;
        }
        for field in c.stale.keys() {
            if let Some(reg) = record.regs.get_mut(field).filter(|r| r.shown() != Value::Null) {
                reg.announce(by.seq);
            }
        }
    }

    pub(super) fn record(&mut self, key: Key) -> Option<&mut Record> {
        self.rows.get_mut(key.0)?.get_mut(&key.1)
    }

    /// Whether it knows the record, dead or alive.
    pub fn knows(&self, key: Key) -> bool {
        self.rows[key.0].contains_key(&key.1)
    }

    /// A reviewer, having seen the candidates up to `base`, decides. What came later keeps the conflict open.
    pub fn resolve(&mut self, key: Key, field: &'static str, value: Value, base: Seq, hlc: Hlc, mark: Mark) {
        let seq = self.seq + 1;
        let Some(reg) = self.record(key).and_then(|r| r.regs.get_mut(field)) else { return };
        reg.candidates.retain(|c| c.seq > base);
        reg.candidates.push(Candidate { hlc, author: HUB, value, seq });
        reg.open = reg.contested();
        reg.value = reg.top().map_or(value, |c| c.value);
        reg.announce(seq);
        self.advance(mark);
        self.hlc = self.hlc.max(hlc);
    }

    /// All living records as they are shown.
    pub fn view(&self) -> View {
        let living = |records: &BTreeMap<Id, Record>| {
            records.iter().filter(|(_, r)| r.alive).map(|(id, r)| (*id, r.row())).collect()
        };
        self.rows.iter().map(|(table, records)| (*table, living(records))).collect()
    }

    /// What a field holds at the hub, also of a record that is dead.
    pub fn held(&self, key: Key, field: &str) -> Option<Value> {
        self.rows[key.0].get(&key.1).map(|r| r.regs[field].value)
    }

    /// The stamp under which the later write to a field won, if that came by this seq.
    pub fn stamp(&self, key: Key, field: &str, by: Seq) -> Option<Hlc> {
        let reg = &self.rows[key.0].get(&key.1)?.regs[field];
        (self.schema.strategy(key.0, field) == Strategy::Lww && reg.seq <= by).then_some(reg.stamp?.0)
    }

    /// The open conflicts of living records.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        for (table, records) in &self.rows {
            for (id, record) in records.iter().filter(|(_, r)| r.alive) {
                for (field, reg) in record.regs.iter().filter(|(_, reg)| reg.open) {
                    let mut candidates = reg.candidates.clone();
                    candidates.sort();
                    found.push(Conflict { key: (table, *id), field, candidates });
                }
            }
        }
        found
    }
}

/// Deleted, or taken by a foreign key from a hub that had forgotten the record: it can't derive that.
fn dies(c: &Change, s: &Session) -> bool {
    match c.end {
        End::Alive => false,
        End::Delete => true,
        End::Cascade(_) => s.missing.contains(&c.key),
    }
}
