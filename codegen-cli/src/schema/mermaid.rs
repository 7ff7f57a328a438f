//! An entity-relationship diagram for Mermaid. Its names take letters, digits and `_` only, so others become `_`.

use super::{kind, parent_table};
use std::fmt::Write;
use windrow_schema::{Declared, Field, Model};

pub(super) fn write(declared: &Declared) -> String {
    let mut text = String::from("erDiagram\n");
    for model in declared.domain.models() {
        references(&mut text, declared, model);
    }
    for model in declared.domain.models() {
        writeln!(text, "    {} {{", name(model.table())).ok();
        writeln!(text, "        id id PK").ok();
        model.fields().iter().for_each(|f| field(&mut text, f));
        text.push_str("    }\n");
    }
    text
}

/// A parent may have many children; a child has the parent, or may do without.
fn references(text: &mut String, declared: &Declared, model: &Model) {
    for (_, field, _) in model.references() {
        let Some(parent) = parent_table(declared, model.table(), field) else { continue };
        let has = if field.nullable() { "|o" } else { "||" };
        let (parent, child) = (name(parent), name(model.table()));
        writeln!(text, "    {parent} {has}--o{{ {child} : \"{}\"", words(field.column())).ok();
    }
}

fn field(text: &mut String, field: &Field) {
    let key = match (field.parent().is_some(), field.unique()) {
        (true, true) => " FK, UK",
        (true, false) => " FK",
        (false, true) => " UK",
        (false, false) => "",
    };
    let (kind, column, merges) = (name(&kind(field)), name(field.column()), field.strategy().word());
    writeln!(text, "        {kind} {column}{key} \"{merges}\"").ok();
}

fn name(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_alphabetic()) { plain } else { format!("t_{plain}") }
}

/// Text between quotes.
fn words(text: &str) -> String {
    text.chars().map(|c| if c == '"' || c.is_control() { '\'' } else { c }).collect()
}
