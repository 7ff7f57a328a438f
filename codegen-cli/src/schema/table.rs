//! For people.

use super::{kind, parent_table};
use crate::print::{columns, heading};
use windrow_schema::{Declared, Field, Model};

pub(super) fn write(declared: &Declared) -> String {
    let tables = declared.domain.models().iter().map(|model| table(declared, model));
    format!("{}\n{}", heading(&declared.name), tables.collect::<Vec<_>>().join("\n"))
}

fn table(declared: &Declared, model: &Model) -> String {
    let mut says = vec![format!("an edit against a delete: {}", model.deletes().word())];
    says.extend(model.whole().then(|| "written as a whole".to_owned()));
    says.extend(model.scope().then(|| "roots a scope".to_owned()));
    let head = heading(&format!("{} (struct {}; {})", model.table(), model.name(), says.join("; ")));
    let rows: Vec<_> = model.fields().iter().map(|field| row(declared, model, field)).collect();
    head + &columns(["column", "holds", "merges", "besides"], &rows)
}

fn row(declared: &Declared, model: &Model, field: &Field) -> [String; 4] {
    let holds = if field.nullable() { format!("{} or NULL", kind(field)) } else { kind(field) };
    let parent = parent_table(declared, model.table(), field).zip(field.parent());
    let mut besides: Vec<String> = Vec::new();
    besides.extend(parent.map(|(table, p)| format!("refers to {table}, on delete {}", p.on_delete().word())));
    besides.extend(field.unique().then(|| "unique".to_owned()));
    besides.extend(field.indexed().then(|| "indexed".to_owned()));
    [field.column().to_owned(), holds, field.strategy().word().to_owned(), besides.join("; ")]
}
