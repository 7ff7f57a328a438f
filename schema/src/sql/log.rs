//! What the log, which is one for all tables and the runtime's own, says of a table; and the notes that tell a REPLACE from an
//! insert.

use crate::sql::Object;
use crate::sql::check;
use crate::sql::shape::{Shape, list};
use crate::sql::writer::beside;

/// The columns of an entry that its table's triggers give. Its number comes of itself, and masks of wider tables are 0.
pub(crate) fn columns(shape: &Shape<'_>) -> String {
    let masks = list(0..shape.masks(), |m| format!("mask{m}"));
    let values = shape.each(|at, _| value(at)).join(", ");
    format!("at, \"table\", operation, record, base, {masks}, {values}")
}

/// The column that holds the value of the field at this position.
pub(crate) fn value(at: usize) -> String {
    format!("value{at}")
}

/// The notes: what a record held before an `INSERT` under its id, and the log's last number then.
pub(crate) fn notes(shape: &Shape<'_>) -> Object {
    let values = shape.each(|_, f| format!("{} {}", f.quoted(), check::storage(&f.kind))).join(",\n  ");
    let text = format!(
        "CREATE TABLE {} (\n  windrow_id BLOB NOT NULL PRIMARY KEY,\n  windrow_number INTEGER NOT NULL,\n  {values}\n) STRICT, WITHOUT ROWID",
        shape.note,
    );
    shape.object(beside("note", &shape.model.table), text)
}
