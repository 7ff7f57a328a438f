//! A record that takes others along leaves whole, or not at all.
//!
//! A foreign key acts between the delete of a parent and the triggers that hear of it. Where a trigger says `RAISE(FAIL)`
//! meanwhile, SQLite stops there and keeps what was done: the parent would be gone, and nobody told. So before a record
//! goes, a row that refers to it is written, and removed once the delete is logged. What stops in between leaves a
//! reference that leads nowhere, and SQLite takes the whole statement back. Foreign keys act only where they are kept, so
//! this is at work wherever it is needed.

use super::trigger;
use crate::sql::Object;
use crate::sql::shape::Shape;
use crate::sql::writer::beside;

/// The table of those who are leaving, and its triggers.
pub(crate) fn leave(shape: &Shape<'_>) -> Vec<Object> {
    let name = beside("leaving", &shape.model.table);
    let table = format!(
        "CREATE TABLE {} (\n  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES {} (\"id\")\n) STRICT, WITHOUT ROWID",
        shape.leaving, shape.table
    );
    let leave = trigger(shape, "leave", &format!("BEFORE DELETE ON {}", shape.table), &[enter(shape, "OLD.\"id\"")]);
    // A REPLACE removes the old row without a trigger, but its note is taken before.
    let replaced =
        trigger(shape, "noted", &format!("AFTER INSERT ON {}", shape.note), &[enter(shape, "NEW.windrow_id")]);
    let gone = format!("DELETE FROM {} WHERE windrow_id = OLD.\"id\"", shape.leaving);
    let left = trigger(shape, "left", &format!("AFTER DELETE ON {}", shape.table), &[gone]);
    vec![shape.object(name, table), leave, replaced, left]
}

/// A delete that a trigger ignored, an UPSERT and a REPLACE leave their row behind: it refers to what is there.
fn enter(shape: &Shape<'_>, id: &str) -> String {
    let entered = format!("SELECT 1 FROM {} WHERE windrow_id = {id}", shape.leaving);
    format!("INSERT INTO {} (windrow_id) SELECT {id} WHERE NOT EXISTS ({entered})", shape.leaving)
}
