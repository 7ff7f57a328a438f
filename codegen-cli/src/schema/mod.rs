//! The schema in its forms.

mod json;
mod mermaid;
mod sql;
mod table;

use crate::args::{Format, Side};
use windrow_schema::{Declared, Field, Kind};

/// Writes it in a form.
pub(crate) fn write(declared: &Declared, format: Format, of: Side) -> String {
    match format {
        Format::Table => table::write(declared),
        Format::Sql => sql::write(declared, of),
        Format::Mermaid => mermaid::write(declared),
        Format::Json => json::write(declared),
    }
}

/// The word for what a field holds.
fn kind(field: &Field) -> String {
    match field.kind() {
        Kind::Bool => "bool".into(),
        Kind::Integer { min, max } => integer(*min, *max),
        Kind::Real => "real".into(),
        Kind::Text => "text".into(),
        Kind::Blob => "blob".into(),
        Kind::Id => "id".into(),
        Kind::Timestamp => "timestamp".into(),
        Kind::Date => "date".into(),
        Kind::Decimal(places) => format!("decimal({places})"),
        Kind::Enum(path) => path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default(),
        Kind::Json => "json".into(),
    }
}

/// The integer type of this range, as Rust names it.
fn integer(min: i64, max: i64) -> String {
    let bits = 64 - max.leading_zeros();
    if min < 0 { format!("i{}", bits + 1) } else { format!("u{bits}") }
}

/// The table that a reference leads to.
fn parent_table<'a>(declared: &'a Declared, own: &'a str, field: &Field) -> Option<&'a str> {
    let parent = field.parent()?;
    if parent.own() { Some(own) } else { declared.domain.table_of(&parent.name()) }
}
