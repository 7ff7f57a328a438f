//! What a field holds: one of SQLite's five storage classes.

use serde::{Deserialize, Serialize};

/// A field's value, as it is stored and sent.
///
/// Equality is exact: reals compare by their bits (SQLite stores neither NaN nor, in a `REAL` column, `-0.0`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// `bool`, integers, `Timestamp` (milliseconds UTC) and `Decimal` (in units of its last place).
    Integer(i64),
    /// `f64`.
    Real(f64),
    /// `String`, `Date` (`YYYY-MM-DD`), unit enums and JSON.
    Text(String),
    /// `Vec<u8>` and ids (16 bytes).
    Blob(Vec<u8>),
}

impl Value {
    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// About how many bytes it takes before compression: to share out what is compressed together.
    pub fn weight(&self) -> usize {
        8 + match self {
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        }
    }

    /// The integer, where it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(n) => Some(*n),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Real(a), Value::Real(b)) => a.to_bits() == b.to_bits(),
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Blob(a), Value::Blob(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Integer(n) => n.hash(state),
            Value::Real(x) => x.to_bits().hash(state),
            Value::Text(text) => text.hash(state),
            Value::Blob(bytes) => bytes.hash(state),
        }
    }
}
