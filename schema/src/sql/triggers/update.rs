//! Updates, and the references that a foreign key empties.

use super::change::{Bit, Change, masks};
use super::reference::{When, emptied, of};
use super::{Entry, trigger};
use crate::sql::Object;
use crate::sql::shape::{Shape, any, list};

/// Logs an update of what it changed; references that a foreign key emptied are [`stale`]'s.
pub(super) fn update(shape: &Shape<'_>) -> Object {
    let emptied = emptied(shape);
    let change = Change { old: "OLD.", new: "NEW.", shape, emptied: &emptied };
    let (masks, values) = (change.masks(), change.values());
    let entry = Entry { op: "2", id: "NEW.\"id\"", masks, values, from: "", when: "" };
    let when = format!("AFTER UPDATE ON {} WHEN {}", shape.table, any(change.conditions()));
    trigger(shape, "update", &when, &[entry.append(shape)])
}

/// Logs the references that a foreign key emptied, and what they named.
pub(super) fn stale(shape: &Shape<'_>) -> Option<Object> {
    let emptied = emptied(shape);
    let columns = list(emptied.iter(), |(at, _)| shape.fields()[*at].quoted());
    let when = any(emptied.iter().map(|(_, when)| format!("({when})")));
    let when = format!("AFTER UPDATE OF {columns} ON {} WHEN {when}", shape.table);
    let entry = || stale_entry(shape, &emptied);
    (!emptied.is_empty()).then(|| trigger(shape, "stale", &when, &[entry()]))
}

fn stale_entry(shape: &Shape<'_>, emptied: &[When]) -> String {
    let values = shape.each(|at, f| match of(emptied, at) {
        Some(when) => format!("CASE WHEN {when} THEN OLD.{} END", f.quoted()),
        None => "NULL".to_owned(),
    });
    let masks = masks(shape, |at| of(emptied, at).map(|when| Bit::If(when.to_owned())));
    Entry { op: "5", id: "NEW.\"id\"", masks, values, from: "", when: "" }.append(shape)
}
