//! Between a struct and its values.

use serde::Serialize;
use serde::de::DeserializeOwned;
use windrow_protocol::value::Value;

use crate::syncable::ValueError;
use crate::types::{FieldValue, SyncableEnum, Unfit};

/// The value of a plain field.
pub fn plain(table: &'static str, field: &'static str, value: &impl FieldValue) -> Result<Value, ValueError> {
    value.to_value().map_err(|reason| ValueError { table, field, reason })
}

/// The value of a JSON field.
pub fn json(table: &'static str, field: &'static str, value: &impl Serialize) -> Result<Value, ValueError> {
    // Serde's message may quote the value.
    let reason = |_| Unfit::Json { line: 0, column: 0 };
    serde_json::to_string(value).map(Value::Text).map_err(|e| ValueError { table, field, reason: reason(e) })
}

/// The value of a JSON field that can be NULL.
pub fn json_option<T: Serialize>(
    table: &'static str,
    field: &'static str,
    value: &Option<T>,
) -> Result<Value, ValueError> {
    value.as_ref().map_or(Ok(Value::Null), |value| json(table, field, value))
}

/// The values of a record, taken one by one.
pub struct Values {
    table: &'static str,
    rest: std::vec::IntoIter<Value>,
}

impl Values {
    /// The values of a record that has so many fields.
    pub fn new(table: &'static str, expected: usize, values: Vec<Value>) -> Result<Values, ValueError> {
        let found = values.len();
        if found != expected {
            return Err(ValueError { table, field: "*", reason: Unfit::Count { expected, found } });
        }
        Ok(Values { table, rest: values.into_iter() })
    }

    /// The next value, of a plain field.
    pub fn plain<T: FieldValue>(&mut self, field: &'static str) -> Result<T, ValueError> {
        self.take(field, T::from_value)
    }

    /// The next value, of a JSON field.
    pub fn json<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<T, ValueError> {
        self.take(field, document)
    }

    /// The next value, of a JSON field that can be NULL.
    pub fn json_option<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<Option<T>, ValueError> {
        self.take(field, |value| if value.is_null() { Ok(None) } else { document(value).map(Some) })
    }

    fn take<T>(&mut self, field: &'static str, read: impl Fn(Value) -> Result<T, Unfit>) -> Result<T, ValueError> {
        let value = self.rest.next().unwrap_or_default();
        read(value).map_err(|reason| ValueError { table: self.table, field, reason })
    }
}

fn document<T: DeserializeOwned>(value: Value) -> Result<T, Unfit> {
    match value {
        Value::Text(text) => {
            serde_json::from_str(&text).map_err(|e| Unfit::Json { line: e.line(), column: e.column() })
        }
        other => Err(Unfit::wanted("a JSON document", &other)),
    }
}

/// What is stored for a variant.
pub fn text_of(variant: &impl SyncableEnum) -> Value {
    Value::Text(variant.as_text().to_owned())
}

/// The variant that was stored.
pub fn variant<T: SyncableEnum>(value: Value) -> Result<T, Unfit> {
    match &value {
        Value::Text(text) => T::from_text(text).ok_or(Unfit::Type("one of the variants")),
        other => Err(Unfit::wanted("one of the variants", other)),
    }
}
