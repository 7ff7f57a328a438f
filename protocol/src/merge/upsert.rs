//! What each record becomes by itself: edits parents before children, then deletes children before parents.

use super::extreme;
use super::history::{Detail, History, Notice, Outcome};
use super::hold::hold;
use super::order;
use super::rules::{MOST_REFUSALS, refusal};
use super::world::World;
use super::{Begun, Fate};
use crate::change::{Change, Changeset, End, Key, Resolve, What, Write};
use crate::clock::{Origin, Seq};
use crate::log::About;
use crate::message::RefusalCode;
use crate::model::{Deletes, FieldIx, OnDelete, Schema, Strategy, Table};
use crate::record::{Candidate, Record, Register};
use crate::value::Value;
use std::cmp::Ordering;

/// Applies all changes to their records, and notes what became of each. A sum that overflows is noted in `begun.refusals`.
pub(super) fn apply(schema: &Schema, changeset: &Changeset, begun: &mut Begun, world: &World) {
    let (changes, recovery) = (&changeset.changes, &changeset.recovery);
    recovery.held.iter().for_each(|held| hold(schema, held, begun));
    let mut order = order::parents_first(schema, changes, world);
    let mut fates = vec![Fates::default(); changes.len()];
    for at in &order {
        fates[*at].writes = upsert(schema, &changes[*at], begun, world);
    }
    // Of a record that the hub had lost it can't derive that it went with its parent.
    let lost = |c: &Change| c.end == End::Cascade && recovery.missing.binary_search(&c.key()).is_ok();
    order.retain(|at| changes[*at].end == End::Delete || lost(&changes[*at]));
    order.sort_by_key(|at| (std::cmp::Reverse(changes[*at].table), changes[*at].hlc));
    for at in order {
        fates[at].delete = Some(delete(schema.table(changes[at].table), &changes[at], begun));
    }
    (begun.fates, begun.noticed) = (fates, begun.history.len());
}

/// Whether a sum may leave its range, whatever its record has become when it is added to. Where none may, applying the
/// changes refuses nothing.
pub(super) fn may_overflow(schema: &Schema, changeset: &Changeset, world: &World) -> bool {
    changeset.changes.iter().any(|change| {
        change.writes.iter().any(|write| match write.what {
            What::Set(_) => false,
            What::Add(delta) => {
                let default = schema.field(change.table, write.field).default.map(Value::from);
                let stored = world.record(change.key()).map(|record| &record.fields[write.field].value);
                let sums = [Some(&Value::Integer(0)), default.as_ref(), stored];
                sums.into_iter().flatten().any(|value| total(value, delta).is_none())
            }
        })
    })
}

/// What became of one change.
#[derive(Debug, Clone, Default)]
pub(super) struct Fates {
    writes: Vec<Outcome>,
    delete: Option<Outcome>,
}

impl Fates {
    /// Its line of history.
    pub(super) fn into_history(self, schema: &Schema, change: Change, begun: &Begun) -> History {
        let (key, device, stamp) = (change.key(), begun.device, begun.stamp(change.hlc));
        let name = |field: FieldIx| schema.field(key.0, field).name;
        let writes = change.writes.into_iter().zip(self.writes).map(|(w, fate)| (name(w.field), w.what.into(), fate));
        let chosen = |r: Resolve| r.chosen.into_iter().map(|(f, v)| (name(f), v)).collect();
        let detail = Detail::Change {
            born: change.born,
            end: change.end,
            delete: self.delete,
            writes: writes.collect(),
            resolves: change.resolves.into_iter().map(chosen).collect(),
        };
        History { key, device, stamp, detail }
    }
}

impl Begun {
    fn note(&mut self, change: &Change, detail: Detail) {
        let stamp = self.stamp(change.hlc);
        self.history.push(History { key: change.key(), device: self.device, stamp, detail });
    }

    /// Whether somebody else edited this record after `change` was based.
    pub(super) fn unseen(&self, change: &Change, record: &Record) -> bool {
        record.edits.any_unseen(change.base, |seq| self.owns(seq))
    }

    /// Whether what the commit of that seq did is news to the change's author.
    pub(super) fn has_not_seen(&self, change: &Change, seq: Seq) -> bool {
        seq > change.base && !self.owns(seq)
    }

    /// Whether the change's author knew of the record's last death.
    fn knew(&self, change: &Change, record: &Record) -> bool {
        change.base >= record.died || record.deletes.iter().any(|seq| self.owns(*seq))
    }
}

fn upsert(schema: &Schema, change: &Change, begun: &mut Begun, world: &World) -> Vec<Outcome> {
    let (key, table, seq) = (change.key(), schema.table(change.table), begun.seq);
    let stamp = begun.stamp(change.hlc);
    let before = begun.take(key, world);
    let knew = before.as_ref().is_some_and(|r| begun.knew(change, r));
    let mut record = match before {
        None => {
            let mut record = Record::new(table, seq, stamp);
            begin_sums(table, change, &mut record);
            record
        }
        Some(mut record) => {
            if change.born && !record.alive && knew {
                // Its author knew of the death: a new life, from nothing.
                (record.fields, record.life, record.inserted) = (Record::blank(table, seq), seq, stamp);
                (record.undone, record.clashes) = (None, Vec::new());
                // Whoever knew of a conflict hears that it went with the old life, its author too.
                if record.conflicts_seq > Seq::ZERO {
                    record.conflicts_seq = seq;
                }
                begin_sums(table, change, &mut record);
                let_go(schema, key, begun, world);
            }
            record
        }
    };
    let edited = change.end == End::Alive && (!change.writes.is_empty() || change.resolves.is_empty());
    if edited {
        extreme::keep_unseen_lives(table, change, &mut record, begun);
    }
    let changed = record.conflicts_seq;
    for resolve in &change.resolves {
        let seen = changed <= resolve.base || begun.owns(changed);
        resolve_one(resolve, seen, &mut record, begun);
    }
    let fates = change.writes.iter().map(|write| merge(schema, change, write, &mut record, begun)).collect();
    if edited {
        record.edits.add(begun.author, seq);
        come_back(table, change, knew, &mut record, begun);
    }
    begun.touched.insert(key, record);
    schema.parents(change.table).iter().for_each(|edge| begun.refer(edge, key));
    fates
}

/// Sums that the author of a new life did not know begin with their defaults.
fn begin_sums(table: &Table, change: &Change, record: &mut Record) {
    let written = |field: FieldIx| change.writes.iter().any(|w| w.field == field);
    for (field, (f, register)) in table.fields.iter().zip(&mut record.fields).enumerate() {
        if let Some(default) = f.default.filter(|_| f.strategy == Strategy::Sum && !written(field)) {
            register.value = fault!(SumWithoutDefault: Value::Integer(0), default.into());
        }
    }
}

/// An edit or insert of a dead record: does it live again?
fn come_back(table: &Table, change: &Change, knew: bool, record: &mut Record, begun: &mut Begun) {
    if record.alive || (record.cascaded && !change.born) {
        return;
    }
    fault!(EditDoesNotRevive: return);
    if fault!(EditRevivesUnderDrop: false, !knew && table.deletes == Deletes::Drop) {
        begun.note(change, Detail::Notice(Notice::EditOfDeleted));
        return;
    }
    (record.alive, record.cascaded, record.born) = (true, false, begun.seq);
    if !knew {
        begun.note(change, Detail::Notice(Notice::UndoneByEdit));
        if table.deletes == Deletes::Review {
            // The deleter is not known any more: the conflict shows the one who edited.
            (record.undone, record.conflicts_seq) = (Some((begun.device, change.hlc)), begun.seq);
        }
    }
}

/// What the old life took with it does not come back with the new one.
fn let_go(schema: &Schema, parent: Key, begun: &mut Begun, world: &World) {
    for edge in schema.children(parent.0).iter().filter(|e| e.on_delete != OnDelete::Restrict) {
        for key in begun.view(world).children(edge, parent.1) {
            let Some(child) = begun.edit(key, world) else { continue };
            if edge.on_delete == OnDelete::Cascade {
                child.cascaded = false;
            } else if child.fields[edge.field].nulled {
                let register = &mut child.fields[edge.field];
                (register.value, register.nulled) = (Value::Null, false);
            }
            schema.parents(edge.child).iter().for_each(|e| begun.refer(e, key));
        }
    }
}

fn merge(schema: &Schema, change: &Change, write: &Write, record: &mut Record, begun: &mut Begun) -> Fate {
    let strategy = schema.field(change.table, write.field).strategy;
    let register = &mut record.fields[write.field];
    match (&write.what, strategy) {
        (What::Add(delta), _) => match add(register, *delta, begun.seq) {
            Ok(fate) => fate,
            Err(()) => {
                let rest = "the sum would leave the range of its type; send a smaller difference";
                let refusal = refusal(schema, change.key(), Some(write.field), RefusalCode::Overflow, rest);
                // One is enough to refuse them all; more than these nobody is told at once.
                if begun.refusals.len() < MOST_REFUSALS {
                    begun.refusals.push(refusal);
                }
                Outcome::Refused
            }
        },
        (What::Set(value), Strategy::Lww | Strategy::Sum) => later(register, value, write, begun),
        (What::Set(value), Strategy::Max) => extreme::merge(record, change, write, value, Ordering::Greater, begun),
        (What::Set(value), Strategy::Min) => extreme::merge(record, change, write, value, Ordering::Less, begun),
        (What::Set(value), Strategy::Review) => {
            let before = register.open;
            let fate = review(register, value, write, begun);
            if record.fields[write.field].open || before {
                record.conflicts_seq = begun.seq;
            }
            fate
        }
    }
}

fn add(register: &mut Register, delta: i128, seq: Seq) -> Result<Outcome, ()> {
    if delta != 0 {
        register.value = Value::Integer(total(&register.value, delta).ok_or(())?);
        (register.seq, register.own) = (seq, true);
    }
    Ok(Outcome::Merged)
}

/// A sum with a difference; none where it leaves its range.
fn total(sum: &Value, delta: i128) -> Option<i64> {
    let sum = i128::from(sum.as_integer().unwrap_or(0));
    let total = fault!(SumWraps: Some((sum + delta) as i64 as i128), sum.checked_add(delta));
    total.and_then(|total| i64::try_from(total).ok())
}

fn later(register: &mut Register, value: &Value, write: &Write, begun: &Begun) -> Outcome {
    let stamp = begun.stamp(write.hlc);
    if fault!(TieToTheLast: stamp.hlc < register.stamp.hlc, stamp <= register.stamp) {
        return lost(register, begun);
    }
    (register.value, register.stamp, register.seq, register.own) = (value.clone(), stamp, begun.seq, true);
    // A new target: judged afresh, so that the writer hears of a dead one.
    register.nulled = false;
    Outcome::Accepted
}

/// A write that lost: its writer shows the losing value, so the next pull must carry the winner to it.
pub(super) fn lost(register: &mut Register, begun: &Begun) -> Outcome {
    let shown = register.seq <= begun.since || register.own && begun.owns(register.seq);
    if fault!(LoserNotTold: false, shown) {
        (register.seq, register.own) = (begun.seq, false);
    }
    Outcome::Superseded
}

/// The concurrent frontier: what the writer had seen, or wrote itself, is replaced; the rest stays beside the new value.
fn review(register: &mut Register, value: &Value, write: &Write, begun: &Begun) -> Outcome {
    let unseen = |c: &Candidate| c.seq > write.base && !begun.owns(c.seq) && !c.stamp.is_weak();
    register.candidates.retain(|c| fault!(ReviewReplacesUnseen: false, unseen(c)));
    let stamp = begun.stamp(write.hlc);
    register.candidates.push(Candidate { value: value.clone(), stamp, device: begun.device, seq: begun.seq });
    register.open |= several(&register.candidates);
    show_highest(register, begun);
    if register.open { Outcome::Conflict } else { Outcome::Accepted }
}

fn several(candidates: &[Candidate]) -> bool {
    candidates.iter().any(|c| c.value != candidates[0].value)
}

fn show_highest(register: &mut Register, begun: &Begun) {
    let Some(top) = register.candidates.iter().max_by_key(|c| c.stamp) else { return };
    if register.value != top.value {
        register.nulled = false;
    }
    (register.value, register.stamp, register.seq) = (top.value.clone(), top.stamp, begun.seq);
    register.own = top.stamp.author == begun.author && begun.author != Origin::HUB;
}

/// A reviewer, having seen the candidates up to the base, decides. What came later keeps the conflict open. A conflict
/// that is not about values keeps no seq of its own: it is closed only by somebody who has `seen` the last change of any
/// of the record's.
fn resolve_one(resolve: &Resolve, seen: bool, record: &mut Record, begun: &Begun) {
    record.conflicts_seq = begun.seq;
    match resolve.about {
        About::Delete | About::Unique(_) if !seen => {}
        About::Delete => record.undone = None,
        About::Unique(field) => record.clashes.retain(|(f, _)| *f != field),
        About::Fields => {
            for (field, value) in &resolve.chosen {
                let (register, stamp) = (&mut record.fields[*field], begun.stamp(resolve.hlc));
                register.candidates.retain(|c| fault!(DecisionClosesLater: false, c.seq > resolve.base));
                register.candidates.push(Candidate {
                    value: value.clone(),
                    stamp,
                    device: begun.device,
                    seq: begun.seq,
                });
                register.open = several(&register.candidates);
                show_highest(register, begun);
            }
        }
    }
}

fn delete(table: &Table, change: &Change, begun: &mut Begun) -> Outcome {
    let Some(record) = begun.touched.get(&change.key()) else { return Outcome::Refused };
    let other_life = begun.has_not_seen(change, record.life);
    let unseen = fault!(DeleteKillsUnseenEdit: false, begun.unseen(change, record));
    let (seq, device) = (begun.seq, begun.device);
    let Some(record) = begun.touched.get_mut(&change.key()) else { return Outcome::Refused };
    if unseen && table.deletes != Deletes::Drop || other_life {
        if record.alive {
            // Undone: everyone, the deleter too, gets the whole record again.
            record.return_at(seq);
            if table.deletes == Deletes::Review {
                (record.undone, record.conflicts_seq) = (Some((device, change.hlc)), seq);
            }
        }
        return Outcome::Refused;
    }
    if record.alive {
        record.died = seq;
        record.deletes.clear();
    }
    (record.alive, record.cascaded) = (false, false);
    record.deletes.push(seq);
    Outcome::Accepted
}
