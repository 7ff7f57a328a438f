//! Values as JSON, in tables that people and other programs read. Nothing is lost either way.

use serde_json::{Map, Value as Json, json};
use windrow_protocol::id::RecordId;
use windrow_protocol::model::{FieldIx, Kind, Table};
use windrow_protocol::value::Value;

/// A value of a field of this kind: ids as `0190...-...`, other blobs as `{"blob": "hex"}`, reals that JSON can't write
/// as `{"real": "inf"}`.
pub(super) fn from_value(kind: &Kind, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(n) => json!(n),
        Value::Real(x) if x.is_finite() => json!(x),
        Value::Real(x) => json!({ "real": x.to_string() }),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => match (kind, RecordId::from_slice(bytes)) {
            (Kind::Id, Some(id)) => json!(id.to_string()),
            _ => json!({ "blob": hex(bytes) }),
        },
    }
}

/// The value that such JSON stands for; `None` where it stands for none.
pub(super) fn to_value(kind: &Kind, json: &Json) -> Option<Value> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Number(n) if n.is_f64() => n.as_f64().map(Value::Real),
        Json::Number(n) => n.as_i64().map(Value::Integer),
        Json::String(text) if matches!(kind, Kind::Id) => Some(Value::Blob(unhex(&text.replace('-', ""))?)),
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Object(special) => match (special.get("blob"), special.get("real")) {
            (Some(Json::String(hex)), None) => unhex(hex).map(Value::Blob),
            (None, Some(Json::String(real))) => real.parse().ok().map(Value::Real),
            _ => None,
        },
        Json::Bool(_) | Json::Array(_) => None,
    }
}

/// Fields by name.
pub(super) fn fields<'a>(table: &Table, fields: impl Iterator<Item = (FieldIx, &'a Value)>) -> Map<String, Json> {
    let named = |(f, value): (FieldIx, &Value)| {
        let field = &table.fields[f];
        (field.name.to_owned(), from_value(&field.kind, value))
    };
    fields.map(named).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if text.len().is_multiple_of(2) { digits.map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let values = [
            (Kind::Text, Value::Null),
            (Kind::Timestamp, Value::Integer(i64::MIN)),
            (Kind::Timestamp, Value::Integer(i64::MAX)),
            (Kind::Real, Value::Real(2.0)),
            (Kind::Real, Value::Real(0.1 + 0.2)),
            (Kind::Real, Value::Real(f64::INFINITY)),
            (Kind::Real, Value::Real(-f64::INFINITY)),
            (Kind::Text, Value::Text("\u{0}\"{}".into())),
            (Kind::Blob, Value::Blob(vec![])),
            (Kind::Blob, Value::Blob(vec![7; 16])),
            (Kind::Id, Value::Blob((0..16).collect())),
        ];
        for (kind, value) in values {
            let text = from_value(&kind, &value).to_string();
            assert_eq!(to_value(&kind, &serde_json::from_str(&text).unwrap()), Some(value), "{text}");
        }
    }

    #[test]
    fn what_stands_for_no_value_is_none() {
        for text in
            ["true", "[]", "{}", "{\"blob\":\"0\"}", "{\"blob\":\"é\"}", "{\"real\":\"x\"}", "18446744073709551615"]
        {
            assert_eq!(to_value(&Kind::Blob, &serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }
}
