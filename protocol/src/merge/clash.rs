//! Clashes of unique values: both records stay, and a conflict opens on the one whose insert is later.

use super::Begun;
use super::history::Notice;
use super::settle::Settled;
use super::world::{Wants, World};
use crate::change::{Change, Key};
use crate::id::RecordId;
use crate::log::About;
use crate::model::{FieldIx, Schema};
use crate::value::Value;
use std::collections::{BTreeMap, HashMap};

/// A clash: the record on which it opens, the field, the other record.
type Clash = (Key, FieldIx, RecordId);

/// Finds the clashes that this commit brought about. Err: what must be looked up first.
pub(super) fn find(
    schema: &Schema,
    changes: &[Change],
    begun: &Begun,
    settled: &Settled,
    world: &World,
) -> Result<Vec<Clash>, Wants> {
    let view = begun.view(world);
    let mut here: HashMap<(usize, FieldIx, Value), Vec<Key>> = HashMap::new();
    let mut clashes = Vec::new();
    let written = unique_values(schema, changes, begun);
    let values: BTreeSet<_> = written.map(|(key, field, _)| (key, field)).chain(returned(schema, begun, settled, world)).collect();
    for (key, field) in values {
        let value = view.record(key).map(|r| r.fields[field].shown()).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|_| settled.alive(key, &view)) {
            here.entry((key.0, field, value)).or_default().push(key);
        }
    }
    let sorted: BTreeMap<_, _> = here.into_iter().map(|((t, f, v), keys)| ((t, f, keys[0]), (v, keys))).collect();
    for ((table, field, first), (value, keys)) in sorted {
        clashes.extend(keys[1..].iter().map(|other| (first, *other, field)));
        let stored = view.same((table, field, value.clone(), first.1)).map(|id| (table, id));
        let holds =
            |k: &Key| settled.alive(*k, &view) && view.record(*k).is_some_and(|r| r.fields[field].value == value);
        if let Some(other) = stored.filter(|k| !keys.contains(k) && holds(k)) {
            clashes.push((first, other, field));
        }
    }
    let later = |(a, b, field): (Key, Key, FieldIx)| {
        let inserted = |k: Key| view.record(k).map(|r| (r.inserted, k));
        if inserted(a) > inserted(b) { (a, field, b.1) } else { (b, field, a.1) }
    };
    let clashes = clashes.into_iter().map(later).collect();
    view.wants()?;
    Ok(clashes)
}

/// The values of unique fields that this commit wrote.
fn unique_values<'a>(
    schema: &'a Schema,
    changes: &'a [Change],
    begun: &'a Begun,
) -> impl Iterator<Item = (Key, FieldIx, Value)> + 'a {
    changes.iter().flat_map(move |change| {
        let unique = schema.table(change.table).fields.iter().enumerate().filter(|(_, f)| f.unique);
        unique.filter(|(field, _)| writes(change, *field)).filter_map(move |(field, _)| {
            let value = begun.touched.get(&change.key())?.fields[field].shown();
            (!value.is_null()).then_some((change.key(), field, value))
        })
    })
}

fn writes(change: &Change, field: FieldIx) -> bool {
    let decided = change.resolves.iter().filter(|r| r.about == About::Fields).flat_map(|r| &r.chosen);
    decided.into_iter().any(|(f, _)| *f == field) || change.writes.iter().any(|w| w.field == field)
}

/// Opens the conflicts.
pub(super) fn apply(clashes: Vec<Clash>, begun: &mut Begun, world: &World) {
    let seq = begun.seq;
    for (key, field, other) in clashes {
        let Some(record) = begun.edit(key, world) else { continue };
        if record.clashes.contains(&(field, other)) {
            continue;
        }
        record.clashes.push((field, other));
        record.conflicts_seq = seq;
        begun.derived(key, Notice::Clash);
    }
}
