//! Inserts, and the REPLACE that looks like one.

use super::change::Change;
use super::{Entry, RECORDING, STATE, guard, trigger};
use crate::sql::Object;
use crate::sql::shape::{Shape, any};
use crate::sql::writer::Text;

/// Notes what a record held before an INSERT under its id. A REPLACE deletes the old row without telling anybody; but
/// this fires also for `OR IGNORE`, `DO NOTHING` and UPSERT, where the note stays behind. So an older one is forgotten
/// first, and a note means something to the end of its own INSERT only.
pub(super) fn note(shape: &Shape<'_>) -> Object {
    let keep = format!(
        "INSERT INTO {} (windrow_id, windrow_number, {})\n  SELECT windrow_row.\"id\", {LAST}, {}\n  FROM {} AS windrow_row \
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

/// The last number of the log, before this INSERT.
const LAST: &str = "(SELECT coalesce(max(number), 0) FROM windrow_log)";

/// Logs an insert, unless there is a note: then it is a REPLACE, and [`replace`] hears of it, because the note is written
/// anew. `changes()` says whether the statement before this one wrote to a note.
pub(super) fn insert(shape: &Shape<'_>) -> Object {
    let wake = format!("UPDATE {} SET windrow_number = windrow_number WHERE windrow_id = NEW.\"id\"", shape.note);
    let entry = Entry {
        op: "1",
        id: "NEW.\"id\"",
        masks: vec!["0".to_owned(); shape.masks()],
        values: shape.each(|_, f| format!("NEW.{}", f.quoted())),
        from: "",
        when: " AND changes() = 0",
    };
    trigger(shape, "insert", &format!("AFTER INSERT ON {}", shape.table), &[wake, entry.append(shape)])
}

/// Logs a REPLACE as an update of what it changed. With `recursive_triggers` on, it has logged a delete meanwhile, which
/// is taken back. This stands on the notes, and not beside [`insert`]: SQLite prepares room for all values of a trigger
/// that may fire, also where its `WHEN` then says no. The note is left: the next INSERT forgets it.
pub(super) fn replace(shape: &Shape<'_>) -> Object {
    let undelete = format!(
        "DELETE FROM windrow_log WHERE number > OLD.windrow_number AND record = OLD.windrow_id AND \"table\" = {} AND operation IN (3, 4)",
        Text(&shape.model.table)
    );
    let change = Change { old: "OLD.", new: "windrow_row.", shape, emptied: &[] };
    let from = format!(" CROSS JOIN {} AS windrow_row", shape.table);
    let when = format!(" AND windrow_row.\"id\" = OLD.windrow_id AND ({})", any(change.conditions()));
    let (masks, values) = (change.masks(), change.values());
    let entry = Entry { op: "2", id: "OLD.windrow_id", masks, values, from: &from, when: &when };
    trigger(shape, "replace", &format!("AFTER UPDATE ON {}", shape.note), &[undelete, entry.append(shape)])
}
