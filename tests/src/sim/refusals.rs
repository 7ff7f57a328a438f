//! What becomes of what was refused: nothing of it is dropped, people mend it, write it again, or give it up.

use super::Fault;
use super::peer::Peer;
use super::schema::{LARGE, Schema, VAULT};
use super::step::DeviceNo;
use super::world::World;
use crate::oracle::fold::{Change, End};
use crate::oracle::log::Write;
use crate::oracle::schema::Strategy;
use crate::oracle::{Id, Row, Value};
use std::collections::BTreeSet;
use std::rc::Rc;
use windrow::store::Refused;

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

/// Nothing refused is dropped: it is in `windrow_refused`, with a reason and what was to change.
///
/// # Errors
/// What is missing, or too much.
pub(super) fn judge(peer: &Peer, versions: &[Rc<Schema>]) -> Result<(), Fault> {
    let refused = peer.device.store().refused().map_err(say)?;
    let with_changes = peer.twin.refused.iter().filter(|r| r.change.is_some() || r.offer.is_some());
    let expected = with_changes.clone().count() + peer.overflowed;
    if refused.len() + peer.dismissed != expected {
        return Err(format!("I1: {} changes were refused, and {} are kept", expected, refused.len()));
    }
    for row in &refused {
        let sentence = !row.sentence.is_empty() && !row.code.is_empty();
        let says = row.change["operation"] != "insert" || !said(row, versions).is_empty();
        if !sentence || !says || table(row, versions).is_none() {
            return Err(format!("I1: a refused change does not say what it was: {row:?}"));
        }
    }
    // Each change that was refused as it stood is kept with all its fields.
    for change in peer.twin.refused.iter().filter_map(|r| r.change.as_ref().filter(|_| peer.dismissed == 0)) {
        let fields: BTreeSet<&str> = change.fields.keys().copied().collect();
        if !of(&refused, change, versions).any(|row| said(row, versions).is_superset(&fields)) {
            return Err(format!("I1: {change:?} was refused, and is not kept so"));
        }
    }
    Ok(())
}

/// The table of a refused change: no two are called the same in any version.
fn table(row: &Refused, versions: &[Rc<Schema>]) -> Option<&'static str> {
    versions.iter().find_map(|schema| schema.table_called(&row.table))
}

/// The fields of which a refused change says something, as they were called when it was refused.
fn said(row: &Refused, versions: &[Rc<Schema>]) -> BTreeSet<&'static str> {
    let parts = ["values", "added", "chosen"].into_iter().filter_map(|part| row.change.get(part)?.as_object());
    let Some(table) = table(row, versions) else { return BTreeSet::new() };
    let named = |called: &String| {
        let mut having = versions.iter().filter(|schema| schema.has(table));
        having.find_map(|schema| schema.field_called(table, called))
    };
    parts.flat_map(|fields| fields.keys().filter_map(named)).collect()
}

fn of<'a>(refused: &'a [Refused], change: &Change, versions: &'a [Rc<Schema>]) -> impl Iterator<Item = &'a Refused> {
    let (name, id) = change.key;
    refused.iter().filter(move |row| Id::from_be_bytes(row.record.0) == id && table(row, versions) == Some(name))
}

impl World {
    /// The oldest refused change is given up.
    pub(super) fn dismiss(&mut self, device: DeviceNo) -> Result<(), Fault> {
        let peer = &mut self.peers[device];
        let refused = peer.device.store().refused().map_err(say)?;
        if let Some(first) = refused.first() {
            peer.device.store().dismiss(first).map_err(say)?;
            peer.dismissed += 1;
        }
        Ok(())
    }

    /// A refused change is mended, amounts by half, written again, and dismissed.
    pub(super) fn resubmit(&mut self, device: DeviceNo) -> Result<(), Fault> {
        let peer = &self.peers[device];
        let refused = peer.device.store().refused().map_err(say)?;
        let changes = peer.twin.refused.iter().filter_map(|r| r.change.as_ref());
        let changes = changes.filter(|c| peer.schema.has(c.key.0));
        let found = changes.filter_map(|c| Some((of(&refused, c, &self.versions).next()?, c))).next();
        let Some((row, change)) = found else { return Ok(()) };
        let Some(write) = again(peer, &peer.schema, change) else { return Ok(()) };
        peer.device.store().dismiss(row).map_err(say)?;
        self.peers[device].dismissed += 1;
        self.stats.resubmitted += 1;
        self.write(device, &[write], false)
    }
}

/// What was refused, as somebody would write it again; none where nobody could: it lacks a reference that it needs.
fn again(peer: &Peer, schema: &Schema, change: &Change) -> Option<Write> {
    let (table, id) = change.key;
    let shown = peer.twin.rows[table].get(&id);
    let known = change.fields.iter().filter(|(field, _)| schema.has_field(table, field));
    let values = known.map(|(field, written)| {
        let held = shown.map_or(0, |row| row[field].number());
        let half = if (table, *field) == (VAULT, LARGE) { 2 } else { 1 };
        match schema.plain.strategy(table, field) {
            Strategy::Sum => (*field, Value::Int(held.saturating_add(written.value.number() / half))),
            _ => (*field, written.value),
        }
    });
    let mut values: Row = values.collect();
    Some(match (change.end, shown) {
        (End::Alive, None) if change.born => {
            // What a record's life began with may be with another copy of the file: it is filled in.
            let required = schema
                .plain
                .table(table)
                .fields
                .iter()
                .filter(|f| f.holds.required && f.strategy != Strategy::Sum)
                .map(|f| f.name);
            let lacks = |f: &&str| !values.contains_key(f) || values[f] == Value::Null;
            for field in required.filter(lacks).collect::<Vec<_>>() {
                let reference = schema.plain.parents(table).any(|e| e.field == field);
                values.insert(field, if reference { return None } else { Value::Int(0) });
            }
            Write::Insert { table, id, values }
        }
        (End::Alive, _) => Write::Update { table, id, values },
        _ => Write::Delete { table, id },
    })
}
