//! What is refused on the spot.

use super::{RECORDING, STATE, trigger};
use crate::model::Field;
use crate::sql::Object;
use crate::sql::shape::Shape;
use crate::sql::writer::Text;

/// Refuses another id for a record, and a value that another record has.
pub(super) fn guard(shape: &Shape<'_>) -> Object {
    let message = Text("windrow: a record keeps its id: delete it and insert another instead");
    let id = format!("SELECT RAISE(ABORT, {message}) WHERE NEW.\"id\" IS NOT OLD.\"id\"");
    let values = unique(shape).map(|f| refuse(shape, f, &format!("NEW.{0} IS NOT OLD.{0}", f.quoted())));
    let columns: String = unique(shape).map(|f| format!(", {}", f.quoted())).collect();
    let body: Vec<_> = std::iter::once(id).chain(values).collect();
    trigger(shape, "guard", &format!("BEFORE UPDATE OF \"id\"{columns} ON {}", shape.table), &body)
}

/// The checks of an INSERT. One that replaces a record may keep the value that the record has.
pub(super) fn inserted(shape: &Shape<'_>) -> Vec<String> {
    let check = |field: &Field| {
        let own = format!("windrow_own.\"id\" = NEW.\"id\" AND windrow_own.{0} = NEW.{0}", field.quoted());
        refuse(shape, field, &format!("NOT EXISTS (SELECT 1 FROM {} AS windrow_own WHERE {own})", shape.table))
    };
    unique(shape).map(check).collect()
}

/// Refuses a value that another record has. Merged duplicates may coexist, so this is asked only of a value that is new
/// to its record.
fn refuse(shape: &Shape<'_>, field: &Field, new: &str) -> String {
    let message = format!("windrow: another {} has this {}: choose another value", shape.model.table, field.column);
    let other = format!("windrow_row.{0} = NEW.{0} AND windrow_row.\"id\" <> NEW.\"id\"", field.quoted());
    format!(
        "SELECT RAISE(ABORT, {}) FROM {STATE} WHERE {RECORDING}\n  AND {new}\n  AND EXISTS (SELECT 1 FROM {} AS windrow_row WHERE {other})",
        Text(&message),
        shape.table
    )
}

fn unique<'a>(shape: &Shape<'a>) -> impl Iterator<Item = &'a Field> {
    shape.fields().iter().filter(|f| f.unique)
}
