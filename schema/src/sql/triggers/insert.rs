//! Inserts, and the REPLACE that looks like one.

use super::change::Change;
use super::{Entry, RECORDING, STAMP, STATE, guard, trigger};
use crate::sql::Object;
use crate::sql::shape::{Shape, all, any};

/// Notes what a record held before an INSERT under its id. A REPLACE deletes the old row without telling anybody; but
/// this fires also for `OR IGNORE`, `DO NOTHING` and UPSERT, where the note stays behind. So an older one is forgotten
/// first, and a note means something to the end of its own INSERT only.
pub(super) fn note(shape: &Shape<'_>) -> Object {
    let keep = format!(
        "INSERT INTO {} (windrow_id, windrow_hlc, {})\n  SELECT windrow_row.\"id\", windrow_now.hlc, {}\n  FROM {} AS windrow_row \
         CROSS JOIN {STATE} WHERE windrow_row.\"id\" = NEW.\"id\" AND {RECORDING}",
        shape.note,
        shape.columns(""),
        shape.columns("windrow_row."),
        shape.table
    );
    let forget = format!("DELETE FROM {} WHERE windrow_id = NEW.\"id\"", shape.note);
    let body: Vec<_> = [forget, keep].into_iter().chain(guard::inserted(shape)).collect();
    trigger(shape, "note", &format!("BEFORE INSERT ON {}", shape.table), &body)
}

/// Logs an insert.
pub(super) fn insert(shape: &Shape<'_>) -> Object {
    let entry = Entry {
        op: "1",
        row: "NEW",
        masks: vec!["0".to_owned(); shape.masks()],
        values: shape.each(|_, f| format!("NEW.{}", f.quoted())),
        from: &format!(" WHERE {RECORDING}"),
    };
    let when = format!("AFTER INSERT ON {} WHEN NOT EXISTS ({})", shape.table, noted(shape));
    trigger(shape, "insert", &when, &[STAMP.to_owned(), entry.append(shape)])
}

/// Logs a REPLACE as an update of what it changed. With `recursive_triggers` on, it has logged a delete meanwhile, which
/// is taken back. The note is left: [`insert`] may look for it only now, and the next INSERT forgets it.
pub(super) fn replace(shape: &Shape<'_>) -> Object {
    let since = format!("(SELECT windrow_hlc FROM {} WHERE windrow_id = NEW.\"id\")", shape.note);
    let undelete = format!(
        "DELETE FROM {} WHERE windrow_hlc > {since} AND windrow_id = NEW.\"id\" AND windrow_op IN (3, 4)",
        shape.log
    );
    let same = all(shape.each(|_, f| format!("{0} IS NEW.{0}", f.quoted())));
    let stamp = format!("{STAMP}\n  AND NOT EXISTS ({} AND {same})", noted(shape));
    let when = format!("AFTER INSERT ON {} WHEN EXISTS ({})", shape.table, noted(shape));
    trigger(shape, "replace", &when, &[undelete, stamp, difference(shape)])
}

/// The entry of what changed since the note, if anything did.
fn difference(shape: &Shape<'_>) -> String {
    let change = Change { old: "windrow_old.", shape, emptied: &[] };
    let changed = any(change.conditions());
    let from = format!(
        " CROSS JOIN {} AS windrow_old\n  WHERE {RECORDING} AND windrow_old.windrow_id = NEW.\"id\" AND ({changed})",
        shape.note
    );
    Entry { op: "2", row: "NEW", masks: change.masks(), values: change.values(), from: &from }.append(shape)
}

fn noted(shape: &Shape<'_>) -> String {
    format!("SELECT 1 FROM {} WHERE windrow_id = NEW.\"id\"", shape.note)
}
