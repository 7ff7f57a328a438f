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
use windrow::store::Refused;

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

/// Nothing refused is dropped: it is in `windrow_refused`, with a reason and what was to change.
///
/// # Errors
/// What is missing, or too much.
pub(super) fn judge(peer: &Peer, schema: &Schema) -> Result<(), Fault> {
    let refused = peer.device.store().refused().map_err(say)?;
    let with_changes = peer.twin.refused.iter().filter(|r| r.change.is_some() || r.offer.is_some());
    let expected = with_changes.clone().count() + peer.overflowed;
    if refused.len() + peer.dismissed != expected {
        return Err(format!("I1: {} changes were refused, and {} are kept", expected, refused.len()));
    }
    for row in &refused {
        let sentence = !row.sentence.is_empty() && !row.code.is_empty();
        let says = row.change["operation"] != "insert" || said(row).next().is_some();
        if !sentence || !says || schema.plain.position(&row.table) == schema.tables.len() {
            return Err(format!("I1: a refused change does not say what it was: {row:?}"));
        }
    }
    // Each change that was refused as it stood is kept with all its fields.
    for change in peer.twin.refused.iter().filter_map(|r| r.change.as_ref().filter(|_| peer.dismissed == 0)) {
        let fields: BTreeSet<&str> = change.fields.keys().copied().collect();
        if !of(&refused, change).any(|row| said(row).collect::<BTreeSet<_>>().is_superset(&fields)) {
            return Err(format!("I1: {change:?} was refused, and is not kept so"));
        }
    }
    Ok(())
}

/// The fields of which a refused change says something.
fn said(row: &Refused) -> impl Iterator<Item = &str> {
    let parts = ["values", "added", "chosen"].into_iter().filter_map(|part| row.change.get(part)?.as_object());
    parts.flat_map(|fields| fields.keys().map(String::as_str))
}

fn of<'a>(refused: &'a [Refused], change: &Change) -> impl Iterator<Item = &'a Refused> {
    let (table, id) = change.key;
    refused.iter().filter(move |row| row.table == table && Id::from_be_bytes(row.record.0) == id)
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
        let found = changes.filter_map(|c| Some((of(&refused, c).next()?, c))).next();
        let Some((row, change)) = found else { return Ok(()) };
        let Some(write) = again(peer, &self.schema, change) else { return Ok(()) };
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
    let values = change.fields.iter().map(|(field, written)| {
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
            let lacking = schema.required(table).into_iter().filter(|f| !values.contains_key(f));
            for field in lacking.collect::<Vec<_>>() {
                let reference = schema.plain.parents(table).any(|e| e.field == field);
                values.insert(field, if reference { return None } else { Value::Int(0) });
            }
            Write::Insert { table, id, values }
        }
        (End::Alive, _) => Write::Update { table, id, values },
        _ => Write::Delete { table, id },
    })
}
