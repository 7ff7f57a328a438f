//! Inserts, and the REPLACE that looks like one.

use super::change::Change;
use super::{Entry, RECORDING, STAMP, STAMPED, STATE, guard, trigger};
use crate::sql::Object;
use crate::sql::shape::{Shape, any};

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

/// Logs an insert, unless there is a note: then it is a REPLACE, and [`replace`] hears of it, because the note is written
/// anew. `changes()` says of the statement before whether it wrote anything: a note, or a stamp.
pub(super) fn insert(shape: &Shape<'_>) -> Object {
    let wake = format!("UPDATE {} SET windrow_hlc = windrow_hlc WHERE windrow_id = NEW.\"id\"", shape.note);
    let stamp = format!("{STAMP} AND changes() = 0");
    let entry = Entry {
        op: "1",
        id: "NEW.\"id\"",
        masks: vec!["0".to_owned(); shape.masks()],
        values: shape.each(|_, f| format!("NEW.{}", f.quoted())),
        from: STAMPED,
    };
    trigger(shape, "insert", &format!("AFTER INSERT ON {}", shape.table), &[wake, stamp, entry.append(shape)])
}

/// Logs a REPLACE as an update of what it changed. With `recursive_triggers` on, it has logged a delete meanwhile, which
/// is taken back. This stands on the notes, and not beside [`insert`]: SQLite prepares room for all values of a trigger
/// that may fire, also where its `WHEN` then says no. The note is left: the next INSERT forgets it.
pub(super) fn replace(shape: &Shape<'_>) -> Object {
    let undelete = format!(
        "DELETE FROM {} WHERE windrow_hlc > OLD.windrow_hlc AND windrow_id = OLD.windrow_id AND windrow_op IN (3, 4)",
        shape.log
    );
    let change = Change { old: "OLD.", new: "windrow_row.", shape, emptied: &[] };
    let now = format!("{} AS windrow_row WHERE windrow_row.\"id\" = OLD.windrow_id", shape.table);
    let stamp = format!("{STAMP}\n  AND EXISTS (SELECT 1 FROM {now} AND ({}))", any(change.conditions()));
    let from = format!(" CROSS JOIN {now} AND changes() = 1");
    let (masks, values) = (change.masks(), change.values());
    let entry = Entry { op: "2", id: "OLD.windrow_id", masks, values, from: &from };
    let when = format!("AFTER UPDATE ON {}", shape.note);
    trigger(shape, "replace", &when, &[undelete, stamp, entry.append(shape)])
}
