//! What a column can hold.

use crate::model::{Field, Kind};
use crate::sql::writer;

/// The column's type in a `STRICT` table.
pub(crate) fn storage(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::Integer { .. } | Kind::Timestamp | Kind::Decimal(_) => "INTEGER",
        Kind::Real => "REAL",
        Kind::Text | Kind::Date | Kind::Enum(_) | Kind::Json => "TEXT",
        Kind::Blob | Kind::Id => "BLOB",
    }
}

/// The condition that the column's value must keep, if its type alone doesn't say all. NULL passes each of them
/// where it may stand.
pub(crate) fn condition(at: usize, field: &Field) -> Option<String> {
    let column = field.quoted();
    match &field.kind {
        Kind::Bool => Some(format!("{column} IN (0, 1)")),
        Kind::Integer { min: i64::MIN, max: i64::MAX } => None,
        Kind::Integer { min, max } => Some(format!("{column} BETWEEN {min} AND {max}")),
        // Only arithmetic makes SQLite look at the length of the month.
        Kind::Date => Some(format!("date({column}, '+0 days') IS {column}")),
        Kind::Enum(_) => Some(format!("{column} IN ({})", writer::mark(at))),
        // Before SQLite 3.45 NULL is no valid JSON.
        Kind::Json if field.nullable => Some(format!("{column} IS NULL OR json_valid({column})")),
        Kind::Json => Some(format!("json_valid({column})")),
        Kind::Id => Some(id(&column)),
        Kind::Real | Kind::Text | Kind::Blob | Kind::Timestamp | Kind::Decimal(_) => None,
    }
}

/// The condition on a column that holds an id.
pub(crate) fn id(column: &str) -> String {
    format!("length({column}) = 16")
}
