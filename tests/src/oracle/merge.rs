//! How a commit changes one record.

use super::extreme::extreme;
use super::fold::{Change, End, Written};
use super::hub::Hub;
use super::log::About;
use super::record::{Candidate, Record, Reg, Speaker};
use super::schema::{Deletes, Field, OnDelete, Strategy};
use super::{HUB, Hlc, Key, Origin, Row, Seq, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The stamp of a value that a device holds and need not have written: any write beats it.
const WEAK: Hlc = 0;

impl Speaker {
    /// Whether the author's file made this write itself.
    fn wrote(&self, seq: Seq, author: Origin) -> bool {
        author != HUB && self.own.contains(&seq)
    }

    /// Whether the author's file put the field's value there itself.
    fn set(&self, reg: &Reg) -> bool {
        !reg.news && self.own.contains(&reg.seq)
    }

    /// Whether the author knew that the record was dead when it wrote.
    fn knew_death(&self, record: &Record, base: Seq) -> bool {
        base >= record.died || !record.by.is_disjoint(&self.own)
    }

    /// Whether somebody else edited the record since what the author had seen.
    fn missed_edit(&self, record: &Record, base: Seq) -> bool {
        record.edits.iter().any(|(author, seq)| *seq > base && !self.wrote(*seq, *author))
    }
}

impl Hub {
    /// A record that the hub does not know: as the device shows it, below every write.
    pub(super) fn hold(&mut self, by: &Speaker, key: Key, values: &Row) {
        // Of sums nothing is offered: what they add up comes by the logs.
        let is_sum = |field: &str| self.schema.strategy(key.0, field) == Strategy::Sum;
        let mut regs = self.fresh(key.0, |field| values.contains_key(field) || is_sum(field));
        for (field, value) in values.iter().filter(|(_, v)| **v != Value::Null) {
            let Some(reg) = regs.get_mut(field) else { continue };
            (reg.value, reg.stamp, reg.given) = (*value, Some((WEAK, by.author)), false);
            if self.schema.strategy(key.0, field) == Strategy::Review {
                reg.candidates = vec![Candidate { hlc: WEAK, author: by.author, value: *value, seq: by.seq }];
            }
        }
        let record = Record { held: false, ..Record::new(regs, by.seq) };
        self.rows.entry(key.0).or_default().insert(key.1, record);
    }

    pub(super) fn upsert(&mut self, by: &Speaker, c: &Change) {
        let knew = self.record(c.key).is_some_and(|r| by.knew_death(r, c.base));
        if c.born && knew && self.record(c.key).is_some_and(|r| !r.alive) {
            self.live_anew(by, c);
        }
        let (fresh, schema) = (self.fresh(c.key.0, |field| c.says(field)), self.schema.clone());
        let records = self.rows.entry(c.key.0).or_default();
        let record = records.entry(c.key.1).or_insert_with(|| Record::new(fresh, by.seq));
        for (about, decided) in &c.resolved {
            let About::Field(field) = about else { continue };
            let Some(reg) = record.regs.get_mut(field) else { continue };
            resolve(reg, decided, by);
        }
        let anew = c.again && c.end == End::Alive && !by.missed_edit(record, c.base);
        for (field, reg) in &mut record.regs {
            match (schema.strategy(c.key.0, field), c.fields.get(field)) {
                (kind @ (Strategy::Max | Strategy::Min), written) => extreme(kind, reg, written, anew, c, by),
                (Strategy::Sum, Some(w)) => add(reg, w, by),
                (Strategy::Lww, Some(w)) => later(reg, w, by),
                (Strategy::Review, Some(w)) => review(reg, w, by),
                (_, None) => {}
            }
        }
        if c.edits() {
            record.edits.insert(by.author, by.seq);
            let waits = record.cascaded && !c.born; // for its parent
            let wins = knew || schema.table(c.key.0).deletes != Deletes::Drop;
            if !record.alive && !waits && wins {
                (record.alive, record.cascaded, record.born) = (true, false, by.seq);
            }
        }
    }

    /// Its author knew of the death: the record begins from nothing.
    fn live_anew(&mut self, by: &Speaker, c: &Change) {
        let fresh = self.fresh(c.key.0, |field| c.says(field));
        if let Some(record) = self.record(c.key) {
            (record.regs, record.life, record.held) = (fresh, by.seq, true);
        }
        self.let_go(c.key);
    }

    /// Fields before any write: with their defaults where their author does not know them. What an author says begins from
    /// nothing.
    fn fresh(&self, table: &str, says: impl Fn(&str) -> bool) -> BTreeMap<&'static str, Reg> {
        let value = |f: &Field| if says(f.name) { f.empty() } else { f.unknown() };
        let fields = self.schema.table(table).fields.iter();
        fields.map(|f| (f.name, Reg::unwritten(value(f), self.seq))).collect()
    }

    /// What the old life took with it does not come back with the new one.
    fn let_go(&mut self, key: Key) {
        for e in self.schema.clone().children(key.0) {
            for record in self.rows.entry(e.child).or_default().values_mut() {
                let Some(reg) = record.regs.get_mut(e.field).filter(|r| r.value == Value::Ref(key.1)) else { continue };
                if e.on_delete == OnDelete::Cascade {
                    record.cascaded = false;
                } else if reg.nulled {
                    (reg.value, reg.nulled) = (Value::Null, false);
                }
            }
        }
    }

    pub(super) fn delete(&mut self, by: &Speaker, c: &Change) {
        let drop = self.schema.table(c.key.0).deletes == Deletes::Drop;
        let Some(record) = self.record(c.key) else { return };
        let unknown_life = record.life > c.base && !by.own.contains(&record.life);
        if by.missed_edit(record, c.base) && !drop || unknown_life {
            if record.alive {
                record.again(by.seq); // undone: everyone, the deleter too, gets the whole record again
            }
            return;
        }
        if record.alive {
            (record.died, record.by) = (by.seq, BTreeSet::new());
        }
        (record.alive, record.cascaded) = (false, false);
        record.by.insert(by.seq);
    }
}

fn add(reg: &mut Reg, w: &Written, by: &Speaker) {
    if w.value != Value::Int(0) {
        put(reg, Value::Int(reg.value.number() + w.value.number()), by);
    }
}

fn later(reg: &mut Reg, w: &Written, by: &Speaker) {
    if Some((w.hlc, by.author)) <= reg.stamp {
        return lost(reg, by);
    }
    reg.stamp = Some((w.hlc, by.author));
    put(reg, w.value, by);
    reg.nulled = false; // a new target: judged afresh, so that the writer hears of a dead one
}

pub(super) fn put(reg: &mut Reg, value: Value, by: &Speaker) {
    (reg.value, reg.given, reg.seq, reg.news) = (value, false, by.seq, false);
}

/// A write that lost: its writer shows the losing value, so the next pull must carry the winner to it.
pub(super) fn lost(reg: &mut Reg, by: &Speaker) {
    if reg.seq <= by.since || by.set(reg) {
        reg.announce(by.seq);
    }
}

/// A new candidate replaces those that its author had seen or written. Only a resolve closes a conflict.
fn review(reg: &mut Reg, w: &Written, by: &Speaker) {
    reg.candidates.retain(|c| c.seq > w.base && !by.wrote(c.seq, c.author) && c.hlc != WEAK);
    let new = Candidate { hlc: w.hlc, author: by.author, value: w.value, seq: by.seq };
    reg.candidates.push(new);
    reg.open |= reg.contested();
    let top = reg.top().unwrap_or(new);
    put(reg, top.value, by);
    reg.news = top.author != by.author;
}

/// A reviewer, having seen the candidates up to the base, decides. What came later stays, and keeps the conflict open.
fn resolve(reg: &mut Reg, decided: &Written, by: &Speaker) {
    reg.candidates.retain(|c| c.seq > decided.base);
    let new = Candidate { hlc: decided.hlc, author: by.author, value: decided.value, seq: by.seq };
    reg.candidates.push(new);
    reg.open = reg.contested();
    let top = reg.top().unwrap_or(new);
    put(reg, top.value, by);
    reg.news = top.author != by.author;
}
