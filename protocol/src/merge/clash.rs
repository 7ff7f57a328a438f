//! Clashes of unique values: both records stay, and a conflict opens on the one whose insert is later.

use super::Begun;
use super::history::Notice;
use super::settle::Settled;
use super::world::{Wants, World};
use crate::change::{Change, Changeset, Key};
use crate::id::RecordId;
use crate::log::About;
use crate::model::{FieldIx, Schema, TableIx};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A clash: the record on which it opens, the field, the other record.
type Clash = (Key, FieldIx, RecordId);

/// With how many others of one changeset a record's clash is told; more that share a value are another trouble than that.
const FEW: usize = 64;

/// Finds the clashes that this commit brought about. Err: what must be looked up first.
pub(super) fn find(
    schema: &Schema,
    changeset: &Changeset,
    begun: &Begun,
    settled: &Settled,
    world: &World,
) -> Result<Vec<Clash>, Wants> {
    let view = begun.view(world);
    let mut here: HashMap<(usize, FieldIx, Value), Vec<Key>> = HashMap::new();
    let mut clashes = Vec::new();
    let at_stake: BTreeSet<_> = written(schema, changeset).chain(returned(schema, begun, settled, world)).collect();
    for (key, field) in at_stake {
        let value = view.record(key).map(|r| r.fields[field].shown()).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|_| settled.alive(key, &view)) {
            here.entry((key.0, field, value)).or_default().push(key);
        }
    }
    let sorted: BTreeMap<_, _> = here.into_iter().map(|((t, f, v), keys)| ((t, f, keys[0]), (v, keys))).collect();
    for ((table, field, first), (value, keys)) in sorted {
        for (at, key) in keys.iter().enumerate() {
            clashes.extend(keys[..at].iter().take(FEW).map(|other| (*other, *key, field)));
        }
        let stored = view.same((table, field, value.clone(), first.1)).iter().map(|id| (table, *id));
        let holds =
            |k: &Key| settled.alive(*k, &view) && view.record(*k).is_some_and(|r| r.fields[field].value == value);
        // All of them: the one that was found first may go, and with it the only conflict that told of the others.
        clashes.extend(stored.filter(|k| !keys.contains(k) && holds(k)).map(|other| (first, other, field)));
    }
    let later = |(a, b, field): (Key, Key, FieldIx)| {
        let inserted = |k: Key| view.record(k).map(|r| (r.inserted, k));
        if inserted(a) > inserted(b) { (a, field, b.1) } else { (b, field, a.1) }
    };
    let clashes = clashes.into_iter().map(later).collect();
    view.wants()?;
    Ok(clashes)
}

/// The unique fields that this commit wrote.
fn written<'a>(schema: &'a Schema, changeset: &'a Changeset) -> impl Iterator<Item = (Key, FieldIx)> + 'a {
    let written = changeset.changes.iter().flat_map(move |change| {
        let written = unique(schema, change.table).filter(|field| writes(change, *field));
        written.map(|field| (change.key(), field))
    });
    let held = changeset.recovery.held.iter();
    written.chain(held.flat_map(move |h| unique(schema, h.table).map(|field| (h.key(), field))))
}

/// The unique fields of records that came back to life: another may have taken their values meanwhile.
fn returned<'a>(
    schema: &'a Schema,
    begun: &'a Begun,
    settled: &'a Settled,
    world: &'a World,
) -> impl Iterator<Item = (Key, FieldIx)> + 'a {
    let alive = begun.touched.iter().filter(|(_, record)| record.alive).map(|(key, _)| *key);
    let back = alive.chain(settled.back()).filter(|key| world.record(*key).is_some_and(|before| !before.alive));
    back.flat_map(|key| unique(schema, key.0).map(move |field| (key, field)))
}

fn unique(schema: &Schema, table: TableIx) -> impl Iterator<Item = FieldIx> + '_ {
    let fields = schema.table(table).fields.iter().enumerate();
    fields.filter(|(_, f)| f.unique).map(|(field, _)| field)
}

fn writes(change: &Change, field: FieldIx) -> bool {
    let decided = change.resolves.iter().filter(|r| r.about == About::Fields).flat_map(|r| &r.chosen);
    decided.into_iter().any(|(f, _)| *f == field) || change.writes.iter().any(|w| w.field == field)
}

/// Opens the conflicts.
pub(super) fn apply(clashes: Vec<Clash>, begun: &mut Begun, world: &World) {
    let seq = begun.seq;
    for (key, field, other) in fault!(ClashUntold: Vec::new(), clashes) {
        let Some(record) = begun.edit(key, world) else { continue };
        if record.clashes.contains(&(field, other)) {
            continue;
        }
        record.clashes.push((field, other));
        record.conflicts_seq = seq;
        begun.derived(key, Notice::Clash);
    }
}
