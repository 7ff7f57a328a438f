//! `max` and `min`: the extreme of all that counts. What a record held before it was deleted and inserted again within one net
//! change counts no more, unless somebody edited it without having seen that: `docs/merging.md`, "Fresh starts".

use super::upsert::lost;
use super::{Begun, Fate};
use crate::change::{Change, End, Write};
use crate::clock::{Hlc, Origin, Seq, Stamp};
use crate::model::{Strategy, Table};
use crate::record::{Former, Record, Register};
use crate::value::Value;
use std::cmp::Ordering;

/// How many former lives a field remembers: who edits a record without having seen more of its lives than these brings back
/// only these.
const MOST_LIVES: usize = 16;

/// The side on which a value beats another; none where the field keeps no extreme.
pub(super) fn wanted(strategy: Strategy) -> Option<Ordering> {
    match strategy {
        Strategy::Max => Some(Ordering::Greater),
        Strategy::Min => Some(Ordering::Less),
        Strategy::Lww | Strategy::Sum | Strategy::Review => None,
    }
}

/// Merges a write into the life that it is about.
pub(super) fn merge(
    record: &mut Record,
    change: &Change,
    write: &Write,
    value: &Value,
    wanted: Ordering,
    begun: &Begun,
) -> Fate {
    let lives = change.end == End::Alive;
    let anew = change.again && lives && !begun.unseen(change, record);
    let (register, stamp) = (&mut record.fields[write.field], begun.stamp(write.hlc));
    if anew {
        return begin_anew(register, value, stamp, begun.seq);
    }
    // What goes with a delete is about the life that its author ended, and that was another.
    if let Some(former) = register.former.iter_mut().find(|f| !lives && begun.has_not_seen(change, f.until)) {
        return former.merge(value, stamp, wanted);
    }
    let stands = !unwritten(register.stamp, &register.value) && !beats(value, &register.value, wanted);
    if fault!(ExtremeTakesAnything: false, stands) {
        return lost(register, begun);
    }
    (register.value, register.stamp, register.seq, register.own) = (value.clone(), stamp, begun.seq, true);
    Fate::Accepted
}

fn begin_anew(register: &mut Register, value: &Value, stamp: Stamp, seq: Seq) -> Fate {
    let ended = std::mem::replace(&mut register.value, value.clone());
    register.former.push(Former { value: ended, stamp: register.stamp, until: seq });
    if register.former.len() > MOST_LIVES {
        register.former.remove(0);
    }
    (register.stamp, register.seq, register.own) = (stamp, seq, true);
    Fate::Accepted
}

/// An edit keeps those lives that ended without its author's knowledge: what they held counts as it did before.
pub(super) fn keep_unseen_lives(table: &Table, change: &Change, record: &mut Record, begun: &Begun) {
    for (register, field) in record.fields.iter_mut().zip(table.fields) {
        let Some(wanted) = wanted(field.strategy) else { continue };
        while let Some(at) = register.former.iter().position(|f| begun.has_not_seen(change, f.until)) {
            let Former { value, stamp, .. } = register.former.remove(at);
            if unwritten(stamp, &value) {
                continue;
            }
            if let Some(next) = register.former.get_mut(at) {
                next.merge(&value, stamp, wanted);
            } else if unwritten(register.stamp, &register.value) || beats(&value, &register.value, wanted) {
                (register.value, register.stamp, register.seq, register.own) = (value, stamp, begun.seq, false);
            }
        }
    }
}

impl Former {
    fn merge(&mut self, value: &Value, stamp: Stamp, wanted: Ordering) -> Fate {
        if !unwritten(self.stamp, &self.value) && !beats(value, &self.value, wanted) {
            return Fate::Superseded;
        }
        (self.value, self.stamp) = (value.clone(), stamp);
        Fate::Accepted
    }
}

/// Whether it is a default, which nobody wrote: any write takes its place.
fn unwritten(stamp: Stamp, value: &Value) -> bool {
    stamp == (Stamp { hlc: Hlc::ZERO, author: Origin::HUB }) && !value.is_null()
}

/// Whether `new` is strictly on the `wanted` side of `old`. NULL loses to any value.
fn beats(new: &Value, old: &Value, wanted: Ordering) -> bool {
    match (new, old) {
        (Value::Null, _) => false,
        (_, Value::Null) => true,
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b) == wanted,
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b) == wanted,
        (Value::Text(a), Value::Text(b)) => a.cmp(b) == wanted,
        _ => false,
    }
}
