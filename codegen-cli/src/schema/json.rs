//! For programs.

use super::{kind, parent_table};
use serde_json::{Value, json};
use windrow_schema::{Declared, Field, Kind, Model};

pub(super) fn write(declared: &Declared) -> String {
    let tables: Vec<Value> = declared.domain.models().iter().map(|model| table(declared, model)).collect();
    format!("{:#}\n", json!({ "domain": declared.name, "tables": tables }))
}

fn table(declared: &Declared, model: &Model) -> Value {
    json!({
        "table": model.table(),
        "struct": model.name().to_string(),
        "deletes": model.deletes().word(),
        "whole": model.whole(),
        "scope": model.scope(),
        "fields": model.fields().iter().map(|f| field(declared, model, f)).collect::<Vec<_>>(),
    })
}

fn field(declared: &Declared, model: &Model, field: &Field) -> Value {
    let parent = parent_table(declared, model.table(), field).zip(field.parent());
    let variants = match field.kind() {
        Kind::Enum(_) => declared.variants(&kind(field)).map(|e| e.all().iter().map(|v| v.text()).collect::<Vec<_>>()),
        _ => None,
    };
    json!({
        "column": field.column(),
        "field": field.name().to_string(),
        "holds": kind(field),
        "variants": variants,
        "nullable": field.nullable(),
        "merge": field.strategy().word(),
        "parent": parent.map(|(table, p)| json!({ "table": table, "on_delete": p.on_delete().word() })),
        "unique": field.unique(),
        "indexed": field.indexed(),
    })
}
