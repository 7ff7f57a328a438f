//! Deletes, and the records that a foreign key takes with their parent.

use super::reference::{When, orphaned};
use super::{Entry, trigger};
use crate::sql::Object;
use crate::sql::shape::{Shape, any};

/// Logs a delete, or a cascade where a parent is gone already and still leaving: a foreign key takes the child after its
/// parent, and before the parent's triggers.
pub(super) fn delete(shape: &Shape<'_>) -> Object {
    let gone = orphaned(shape);
    let op = match gone.is_empty() {
        true => "3".to_owned(),
        false => format!("CASE WHEN {} THEN 4 ELSE 3 END", any(gone.iter().map(|(_, when)| format!("({when})")))),
    };
    let entry = Entry {
        op: &op,
        id: "OLD.\"id\"",
        masks: (0..shape.masks()).map(|mask| first(shape, mask, &gone)).collect(),
        values: shape.each(|_, f| format!("OLD.{}", f.quoted())),
        from: "",
        when: "",
    };
    trigger(shape, "delete", &format!("AFTER DELETE ON {}", shape.table), &[entry.append(shape)])
}

/// The bit of the first reference whose parent takes the record along, if this mask holds it.
fn first(shape: &Shape<'_>, mask: usize, gone: &[When]) -> String {
    let bit = |at: usize| Some(shape.bit(at)).filter(|(m, _)| *m == mask).map_or(0, |(_, bit)| bit);
    let cases: String = gone.iter().map(|(at, when)| format!(" WHEN {when} THEN {}", bit(*at))).collect();
    if cases.is_empty() { "0".to_owned() } else { format!("CASE{cases} ELSE 0 END") }
}
