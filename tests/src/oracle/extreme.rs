//! What `max` and `min` fields hold: the best of all values but those that a fresh start of the record left behind. Each of
//! these knows the fresh starts that left it behind, and counts again when all of them are taken back.

use super::fold::{Change, End, Written};
use super::merge::{lost, put};
use super::record::{Reg, Speaker};
use super::schema::Strategy;
use super::{Seq, Value};
use std::collections::BTreeSet;

/// Of so many fresh starts within a life, what was left behind is remembered.
const STARTS: usize = 16;

/// A value that was left behind.
#[derive(Debug, Clone)]
pub(super) struct Left {
    value: Value,
    /// The commits that each began the record anew over it.
    by: BTreeSet<Seq>,
}

/// What a change says of a field. An edit takes back every fresh start that its author had not seen; a write that goes with
/// a delete is about what its author had seen.
pub(super) fn extreme(kind: Strategy, reg: &mut Reg, w: Option<&Written>, anew: bool, c: &Change, by: &Speaker) {
    let missed: BTreeSet<Seq> = starts(reg).into_iter().filter(|seq| *seq > c.base && !by.own.contains(seq)).collect();
    if c.edits() {
        let held = reg.written();
        let best = take_back(reg, &missed).into_iter().fold(held, |a, b| better(kind, a, b));
        if best != held {
            (reg.value, reg.given) = (best, false);
            reg.announce(by.seq);
        }
    }
    let Some(w) = w else { return };
    if anew {
        start(reg, by.seq);
        put(reg, w.value, by);
    } else if let Some(first) = missed.first().filter(|_| c.end != End::Alive) {
        let by = starts(reg).split_off(first);
        reg.left.push(Left { value: w.value, by });
    } else {
        let held = reg.written();
        let best = better(kind, held, w.value);
        let stands = best == held && !(reg.given && reg.value != Value::Null);
        if stands { lost(reg, by) } else { put(reg, best, by) }
    }
}

/// The better of two, NULL losing.
fn better(kind: Strategy, a: Value, b: Value) -> Value {
    if kind == Strategy::Max || a == Value::Null || b == Value::Null { a.max(b) } else { a.min(b) }
}

/// The fresh starts that still leave something behind.
fn starts(reg: &Reg) -> BTreeSet<Seq> {
    reg.left.iter().flat_map(|l| l.by.iter().copied()).collect()
}

/// All that counts is left behind; of the oldest start beyond those that are remembered, for good.
fn start(reg: &mut Reg, seq: Seq) {
    reg.left.push(Left { value: reg.written(), by: BTreeSet::new() });
    for left in &mut reg.left {
        left.by.insert(seq);
    }
    let starts = starts(reg);
    if let Some(oldest) = starts.first().filter(|_| starts.len() > STARTS) {
        reg.left.retain(|l| !l.by.contains(oldest));
    }
}

/// These starts never were: what they alone left behind counts again.
fn take_back(reg: &mut Reg, starts: &BTreeSet<Seq>) -> Vec<Value> {
    for left in &mut reg.left {
        left.by.retain(|seq| !starts.contains(seq));
    }
    let back = reg.left.iter().filter(|l| l.by.is_empty()).map(|l| l.value).collect();
    reg.left.retain(|l| !l.by.is_empty());
    back
}
