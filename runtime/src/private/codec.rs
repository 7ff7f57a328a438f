//! Between a struct and its values.

use serde::Serialize;
use serde::de::DeserializeOwned;
use windrow_protocol::value::Value;

use crate::syncable::ValueError;
use crate::types::{FieldValue, Unfit};

/// The value of a plain field.
pub fn plain<T: FieldValue>(table: &'static str, field: &'static str, value: &T) -> Result<Value, ValueError> {
    value.to_value().map_err(|reason| ValueError { table, field, reason })
}

/// The value of an enum's field.
pub fn text(variant: &str) -> Value {
    Value::Text(variant.to_owned())
}

/// The value of an enum's field that can be NULL.
pub fn text_or_null(variant: Option<&str>) -> Value {
    variant.map_or(Value::Null, text)
}

/// The value of a JSON field.
pub fn json<T: Serialize>(table: &'static str, field: &'static str, value: &T) -> Result<Value, ValueError> {
    // Serde's own message may quote the value.
    let reason = Unfit::Json { line: 0, column: 0 };
    serde_json::to_string(value).map(Value::Text).map_err(|_| ValueError { table, field, reason })
}

/// The value of a JSON field that can be NULL, which stands for `null`.
pub fn json_or_null<T: Serialize>(table: &'static str, field: &'static str, value: &T) -> Result<Value, ValueError> {
    let document = json(table, field, value)?;
    Ok(if document == Value::Text("null".to_owned()) { Value::Null } else { document })
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

    /// The next value, of an enum's field.
    pub fn variant<T>(&mut self, field: &'static str, of: impl Fn(&str) -> Option<T>) -> Result<T, ValueError> {
        self.take(field, |value| variant(&value, &of))
    }

    /// The next value, of an enum's field that can be NULL.
    pub fn variant_or_null<T>(
        &mut self,
        field: &'static str,
        of: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ValueError> {
        self.take(field, |value| if value.is_null() { Ok(None) } else { variant(&value, &of).map(Some) })
    }

    /// The next value, of a JSON field.
    pub fn json<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<T, ValueError> {
        self.take(field, |value| document(&value))
    }

    /// The next value, of a JSON field that can be NULL.
    pub fn json_or_null<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<T, ValueError> {
        let null = Value::Text("null".to_owned());
        self.take(field, |value| document(if value.is_null() { &null } else { &value }))
    }

    fn take<T>(&mut self, field: &'static str, read: impl Fn(Value) -> Result<T, Unfit>) -> Result<T, ValueError> {
        let value = self.rest.next().unwrap_or_default();
        read(value).map_err(|reason| ValueError { table: self.table, field, reason })
    }
}

fn variant<T>(value: &Value, of: impl Fn(&str) -> Option<T>) -> Result<T, Unfit> {
    match value {
        Value::Text(text) => of(text).ok_or(Unfit::Type("one of the variants")),
        other => Err(Unfit::wanted("one of the variants", other)),
    }
}

fn document<T: DeserializeOwned>(value: &Value) -> Result<T, Unfit> {
    match value {
        Value::Text(text) => serde_json::from_str(text).map_err(|e| Unfit::Json { line: e.line(), column: e.column() }),
        other => Err(Unfit::wanted("a JSON document", other)),
    }
}
