//! The application's table and its indexes.

use crate::model::{Field, OnDelete};
use crate::sql::shape::Shape;
use crate::sql::{Object, check};

/// The table on a device: checked columns, real foreign keys.
pub(crate) fn device(shape: &Shape<'_>) -> Object {
    create(shape, |at, field| {
        let check = check::condition(at, field).map(|c| format!(" CHECK ({c})")).unwrap_or_default();
        format!("{}{check}{}", column(field), reference(shape, at, field))
    })
}

/// The table at a hub: plain. What goes in was validated, and what refers to what is decided by merging.
pub(crate) fn hub(shape: &Shape<'_>) -> Object {
    create(shape, |_, field| column(field))
}

fn create(shape: &Shape<'_>, definition: impl Fn(usize, &Field) -> String) -> Object {
    let id = format!("\"id\" BLOB NOT NULL PRIMARY KEY CHECK ({})", check::id("\"id\""));
    let definitions = shape.each(definition).join(",\n  ");
    let text = format!("CREATE TABLE {} (\n  {id},\n  {definitions}\n) STRICT, WITHOUT ROWID", shape.table);
    shape.object(&shape.model.table, text)
}

fn column(field: &Field) -> String {
    let null = if field.nullable { "" } else { " NOT NULL" };
    format!("{} {}{null}", field.quoted(), check::storage(&field.kind))
}

/// `restrict` is rendered as NO ACTION, so that a parent can be replaced: RESTRICT would refuse at once.
fn reference(shape: &Shape<'_>, at: usize, field: &Field) -> String {
    let Some(parent) = &field.parent else { return String::new() };
    let action = match parent.on_delete {
        OnDelete::Restrict => "NO ACTION",
        OnDelete::Cascade => "CASCADE",
        OnDelete::SetNull => "SET NULL",
    };
    format!(" REFERENCES {} (\"id\") ON DELETE {action}", shape.parent(at))
}

/// An index for each field that is wanted. Their names carry the field's position: a table's name may itself contain
/// whatever would separate it from a field's.
pub(crate) fn indexes(shape: &Shape<'_>, wanted: impl Fn(&Field) -> bool) -> Vec<Object> {
    let fields = shape.fields().iter().enumerate().filter(|(_, f)| wanted(f));
    fields.map(|(at, field)| index(shape, &shape.table, &at.to_string(), &field.quoted())).collect()
}

/// An index on some columns of a table.
pub(crate) fn index(shape: &Shape<'_>, table: &str, suffix: &str, columns: &str) -> Object {
    let name = format!("windrow_index_{}_{suffix}", shape.model.table);
    let text = format!("CREATE INDEX {} ON {table} ({columns})", super::quoted(&name));
    shape.object(name, text)
}
