//! What device and hub know before the first byte: a zstd dictionary made of the schema.

use crate::model::{Field, Kind, Schema, Table};

/// Texts that many messages contain, the likeliest last: zstd finds near matches cheapest.
const COMMON: &str = "null false true 00:00:00.000Z -01-01-02-03-04-05-06-07-08-09-10-11-12 2024-2025-2026-";

/// Raw content, the same for the same schema: names and enum variants, as they stand in JSON documents and texts.
///
/// Fixed for format 1: another dictionary is another format.
pub(super) fn of(schema: &Schema) -> Vec<u8> {
    let names = schema.tables().iter().flat_map(table_words);
    let mut out = names.fold(String::new(), |text, word| text + "\"" + word + "\":");
    out.push_str(COMMON);
    out.into_bytes()
}

fn table_words(table: &Table) -> impl Iterator<Item = &'static str> {
    std::iter::once(table.name).chain(table.fields.iter().flat_map(field_words))
}

fn field_words(field: &Field) -> impl Iterator<Item = &'static str> {
    let variants = match field.kind {
        Kind::Enum(variants) => variants,
        _ => &[],
    };
    std::iter::once(field.name).chain(variants.iter().copied())
}
