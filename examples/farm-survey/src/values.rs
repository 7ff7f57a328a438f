//! Values, ids and devices as text and JSON.

use serde_json::{Value as Json, json};
use windrow::protocol::id::RecordId;
use windrow::protocol::model::{Field, Kind};
use windrow::protocol::value::Value;

/// A value as JSON: a blob of 16 bytes is an id.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(n) => json!(n),
        Value::Real(x) => json!(x),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => blob(bytes),
    }
}

/// Bytes as JSON: 16 are an id.
pub(crate) fn blob(bytes: &[u8]) -> Json {
    match RecordId::from_slice(bytes) {
        Some(id) => json!(id.to_string()),
        None => json!(bytes),
    }
}

/// A value for people.
pub(crate) fn to_text(value: &Value) -> String {
    match to_json(value) {
        Json::Null => "nothing".to_owned(),
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// What somebody typed for this field; none where the field can't hold it.
pub(crate) fn parse(field: &Field, text: &str) -> Option<Value> {
    let value = match field.kind {
        Kind::Bool | Kind::Integer { .. } | Kind::Timestamp | Kind::Decimal { .. } => {
            Value::Integer(text.parse().ok()?)
        }
        Kind::Real => Value::Real(text.parse().ok()?),
        Kind::Id => Value::Blob(text.parse::<windrow::Id<()>>().ok()?.as_bytes().to_vec()),
        Kind::Blob => return None,
        Kind::Text | Kind::Date | Kind::Enum(_) | Kind::Json => Value::Text(text.to_owned()),
    };
    field.kind.admits(&value).then_some(value)
}
