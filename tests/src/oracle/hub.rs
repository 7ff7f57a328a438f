//! The hub: what it keeps, what it takes, what it tells.

use super::fold::{Change, End, Session};
use super::schema::{Schema, Strategy};
use super::{HUB, Hlc, Id, Key, Origin, Row, Seq, Value, View};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The hub.
#[derive(Debug, Clone)]
pub struct Hub {
    pub(super) schema: Rc<Schema>,
    pub(super) rows: BTreeMap<&'static str, BTreeMap<Id, Record>>,
    /// Its last seq.
    pub seq: Seq,
    /// The highest stamp that it has merged.
    pub hlc: Hlc,
    /// By origin, up to which stamp its entries are committed.
    cover: BTreeMap<Origin, Hlc>,
    /// By session id, the seq of its commit; none where it said nothing.
    done: BTreeMap<u64, Option<Seq>>,
}

/// A record, alive or dead.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) regs: BTreeMap<&'static str, Reg>,
    pub(super) alive: bool,
    /// Dead only because a cascade parent is: lives again with it.
    pub(super) cascaded: bool,
    /// The seq of its insert, or of a later one over a death that its author knew.
    pub(super) life: Seq,
    /// The seq at which it last came to life: all its fields are told to whoever is behind that.
    pub(super) born: Seq,
    /// The seq at which it last died.
    pub(super) died: Seq,
    /// Whether the hub derived that death, so that nobody knows of it by having asked for it.
    pub(super) taken: bool,
    /// By author, the seq of the last edit.
    pub(super) edits: BTreeMap<Origin, Seq>,
}

/// One field of a record.
#[derive(Debug, Clone)]
pub(super) struct Reg {
    pub(super) value: Value,
    /// Of an `lww` field, whose write stands.
    pub(super) stamp: Option<(Hlc, Origin)>,
    /// When it last changed.
    pub(super) seq: Seq,
    /// Whether that change is news to everyone, also to whoever committed it.
    pub(super) news: bool,
    /// A `set_null` reference whose target is dead.
    pub(super) nulled: bool,
    /// Of a `review` field: what nobody has seen replaced.
    pub(super) candidates: Vec<Candidate>,
    /// Whether its conflict is open.
    pub(super) open: bool,
}

/// A value of a `review` field that nobody has seen replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// When it was written.
    pub hlc: Hlc,
    /// By whom; 0 is the hub.
    pub author: Origin,
    /// What it is.
    pub value: Value,
    /// The seq of its commit.
    pub seq: Seq,
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

/// What a pull says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// At most one for each record.
    pub told: Vec<Told>,
    /// The next checkpoint.
    pub seq: Seq,
    /// The highest stamp that the hub has merged.
    pub highest: Hlc,
}

/// What a pull says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of which record.
    pub key: Key,
    /// What became of it.
    pub news: News,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// All its fields.
    Row(Row),
    /// Those that changed.
    Patch(Row),
    /// It is gone.
    Gone,
}

/// Why the hub does not take a changeset or answer a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disagrees {
    /// A seq that the hub never reached.
    Checkpoint(Seq),
    /// A span of this origin does not begin where the cover ends.
    Span(Origin),
    /// A record that nobody has.
    UnknownRecord(Key),
    /// A reference to a record that nobody has.
    UnknownParent(Key, &'static str),
}

/// What decides, in one commit, what is its author's own and what it had seen.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    /// The author in stamps.
    pub(super) author: Origin,
    /// Its checkpoint.
    pub(super) since: Seq,
    /// The commits of its file, this one included.
    pub(super) own: BTreeSet<Seq>,
    /// This commit.
    pub(super) seq: Seq,
}

impl Record {
    /// Of a table, at its first insert by this commit.
    pub(super) fn new(regs: BTreeMap<&'static str, Reg>, seq: Seq) -> Record {
        Record { regs, alive: true, life: seq, born: seq, ..Record::default() }
    }

    /// The last seq at which anything of it changed.
    fn seq(&self) -> Seq {
        let regs = self.regs.values().map(|r| r.seq).max().unwrap_or(0);
        self.born.max(self.died).max(regs)
    }

    /// As it is shown.
    fn row(&self) -> Row {
        self.regs.iter().map(|(f, r)| (*f, r.shown())).collect()
    }

    /// The record that a reference of it names, dead or alive.
    pub(super) fn target(&self, field: &str) -> Option<Id> {
        self.regs[field].value.target()
    }
}

impl Reg {
    /// What is shown.
    pub(super) fn shown(&self) -> Value {
        if self.nulled { Value::Null } else { self.value }
    }

    /// Raises its seq, so that everyone hears of it, whoever wrote it.
    pub(super) fn announce(&mut self, seq: Seq) {
        (self.seq, self.news) = (seq, true);
    }

    /// Where several candidates stand.
    pub(super) fn contested(&self) -> bool {
        self.candidates.iter().any(|c| c.value != self.candidates[0].value)
    }

    /// The candidate of the highest stamp.
    pub(super) fn top(&self) -> Option<Candidate> {
        self.candidates.iter().copied().max_by_key(|c| (c.hlc, c.author))
    }
}

impl Hub {
    /// A hub that nobody has written to.
    pub fn new(schema: Rc<Schema>) -> Hub {
        let rows = schema.per_table();
        Hub { schema, rows, seq: 0, hlc: 0, cover: BTreeMap::new(), done: BTreeMap::new() }
    }

    /// Checks the whole changeset.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn prepare(&self, s: &Session) -> Result<(), Disagrees> {
        if self.done.contains_key(&s.id) {
            return Ok(());
        }
        self.reached(s.base, &s.own)?;
        let torn = s.spans.iter().find(|(origin, span)| self.cover.get(origin).copied().unwrap_or(0) != span.0);
        if let Some((origin, _)) = torn {
            return Err(Disagrees::Span(*origin));
        }
        let born = s.changes.iter().filter(|c| c.born).map(|c| c.key).collect();
        s.changes.iter().try_for_each(|c| self.resolves(c, &born))
    }

    fn reached(&self, base: Seq, own: &BTreeSet<Seq>) -> Result<(), Disagrees> {
        let ahead = own.iter().copied().chain([base]).find(|seq| *seq > self.seq);
        ahead.map_or(Ok(()), |seq| Err(Disagrees::Checkpoint(seq)))
    }

    fn resolves(&self, c: &Change, born: &BTreeSet<Key>) -> Result<(), Disagrees> {
        let known = |key: Key| born.contains(&key) || self.rows[key.0].contains_key(&key.1);
        if !known(c.key) {
            return Err(Disagrees::UnknownRecord(c.key));
        }
        for e in self.schema.parents(c.key.0) {
            let target = c.fields.get(e.field).and_then(|w| w.value.target());
            if target.is_some_and(|id| !known((e.parent, id))) {
                return Err(Disagrees::UnknownParent(c.key, e.field));
            }
        }
        Ok(())
    }

    /// Commits the changeset, once: its seq, or none where it said nothing.
    ///
    /// # Errors
    /// As of [`Hub::prepare`].
    pub fn commit(&mut self, s: &Session) -> Result<Option<Seq>, Disagrees> {
        if let Some(seq) = self.done.get(&s.id) {
            return Ok(*seq);
        }
        self.prepare(s)?;
        let said = !s.changes.is_empty() || s.spans.values().any(|(after, upto)| after != upto);
        if said {
            self.take(s);
        }
        let seq = said.then_some(self.seq);
        self.done.insert(s.id, seq);
        Ok(seq)
    }

    fn take(&mut self, s: &Session) {
        self.hlc = self.hlc.max(s.upto);
        self.seq += 1;
        self.cover.extend(s.spans.iter().map(|(origin, (_, upto))| (*origin, *upto)));
        let own = s.own.iter().copied().chain([self.seq]).collect();
        let speaker = Speaker { author: s.author, since: s.base, own, seq: self.seq };
        let order = self.parents_first(&s.changes);
        order.iter().for_each(|c| self.upsert(&speaker, c));
        for c in order.iter().rev().filter(|c| c.end == End::Delete) {
            self.delete(&speaker, c);
        }
        self.settle();
        s.changes.iter().for_each(|c| self.correct(&speaker, c));
    }

    /// Where the device shows otherwise than the hub now, its next pull must say so.
    fn correct(&mut self, by: &Speaker, c: &Change) {
        let Some(record) = self.record(c.key) else { return };
        if matches!(c.end, End::Cascade(_)) && record.alive {
            record.born = by.seq;
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

    /// A reviewer, having seen the candidates up to `base`, decides. What came later keeps the conflict open.
    pub fn resolve(&mut self, key: Key, field: &'static str, value: Value, base: Seq, hlc: Hlc) {
        let seq = self.seq + 1;
        let Some(reg) = self.record(key).and_then(|r| r.regs.get_mut(field)) else { return };
        reg.candidates.retain(|c| c.seq > base);
        reg.candidates.push(Candidate { hlc, author: HUB, value, seq });
        reg.open = reg.contested();
        reg.value = reg.top().map_or(value, |c| c.value);
        reg.announce(seq);
        (self.seq, self.hlc) = (seq, self.hlc.max(hlc));
    }

    /// Everything that changed after `since`: only changed fields, without what `own` commits wrote themselves.
    ///
    /// # Errors
    /// Where `since` or an own commit is ahead of the hub.
    pub fn pull(&self, since: Seq, own: &BTreeSet<Seq>) -> Result<Pulled, Disagrees> {
        self.reached(since, own)?;
        let mut told = Vec::new();
        for (table, records) in &self.rows {
            for (id, record) in records.iter().filter(|(_, r)| r.seq() > since) {
                let news = self.news(table, record, since, own);
                told.extend(news.map(|news| Told { key: (table, *id), news }));
            }
        }
        Ok(Pulled { told, seq: self.seq, highest: self.hlc })
    }

    fn news(&self, table: &str, record: &Record, since: Seq, own: &BTreeSet<Seq>) -> Option<News> {
        if !record.alive {
            return (record.died > since).then_some(News::Gone);
        }
        if record.born > since {
            return Some(News::Row(record.row()));
        }
        // The total of a sum is news also to whoever added to it.
        let echo =
            |f: &str, r: &Reg| !r.news && own.contains(&r.seq) && self.schema.strategy(table, f) != Strategy::Sum;
        let changed = record.regs.iter().filter(|(f, r)| r.seq > since && !echo(f, r));
        let fields: Row = changed.map(|(f, r)| (*f, r.shown())).collect();
        (!fields.is_empty()).then_some(News::Patch(fields))
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
