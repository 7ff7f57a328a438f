//! What a changeset leaves for another that speaks for a part of what is pending: as if the rest had not been written yet. No
//! session meets a foreign key half-way, so that no such part may end there.

use super::Fault;
use crate::oracle::log::{Entry, Op};
use crate::oracle::{Hlc, Key, Origin, Value, device as plain};
use std::collections::BTreeMap;

/// The last stamp of what is pending that these spans speak for, unless that is all.
pub(super) fn end(device: &plain::Device, spans: &BTreeMap<Origin, Hlc>) -> Option<Hlc> {
    let pending = || device.pending().map(|entry| entry.hlc);
    let end = pending().filter(|hlc| spans.get(&device.origin_at(*hlc)) == Some(hlc)).max()?;
    pending().any(|hlc| hlc > end).then_some(end)
}

/// The device as it was when its log ended at this stamp.
///
/// # Errors
/// A log that must not be cut there; none at all where the device looks for its past, and says everything at once.
pub(super) fn cut(device: &plain::Device, at: Hlc) -> Result<plain::Device, Fault> {
    let (before, after): (Vec<Entry>, Vec<Entry>) = device.log.iter().cloned().partition(|entry| entry.hlc <= at);
    if device.recovers() && after.iter().any(|entry| device.pending().any(|e| e.hlc == entry.hlc)) {
        return Err(format!("a device that looks for its past leaves out what comes after {at}"));
    }
    let dies = |entry: &&Entry| matches!(entry.op, Op::Delete(_) | Op::Cascade(..));
    let later: BTreeMap<Key, &Entry> = after.iter().rev().map(|entry| (entry.key, entry)).collect();
    for entry in device.pending().filter(|entry| entry.hlc <= at) {
        match &entry.op {
            Op::Cascade(_, by) | Op::Stale(_, by) => {
                let dead = |entry: &&Entry| entry.key == *by && dies(entry);
                let since = before.iter().filter(|e| e.hlc > entry.hlc).find(dead);
                if since.is_none() && after.iter().find(dead).is_some() {
                    return Err(format!("cut at {at}, between {entry:?} and the delete that did it"));
                }
            }
            Op::Insert(row) | Op::Update(row) => {
                let named = device.schema().parents(entry.key.0).filter_map(|edge| match row.get(edge.field) {
                    Some(Value::Ref(id)) => Some((edge.parent, *id)),
                    _ => None,
                });
                for parent in named {
                    let born = later.get(&parent).is_some_and(|e| matches!(e.op, Op::Insert(_)));
                    let died = before.iter().any(|e| e.key == parent && e.hlc > entry.hlc && dies(&e));
                    if born && !died {
                        return Err(format!("cut at {at}, between {entry:?} and what it refers to, which comes later"));
                    }
                }
            }
            Op::Delete(_) | Op::Resolve(..) => {}
        }
    }
    let mut earlier = device.clone();
    earlier.log = before;
    Ok(earlier)
}
