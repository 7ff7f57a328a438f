//! Between Rust's values and those that are stored.

use windrow_protocol::value::Value;

/// A type that a field of a syncable struct can have.
///
/// `Option<T>` stands for a column that can be NULL. Enums have a trait of their own: [`SyncableEnum`].
#[diagnostic::on_unimplemented(
    message = "a field can't have the type `{Self}`",
    note = "an enum of unit variants derives `SyncableEnum`; any serde type is stored with `#[syncable(json)]`"
)]
pub trait FieldValue: Sized {
    /// The value to store.
    ///
    /// # Errors
    /// What no column can hold: NaN, or a date outside the years 0 to 9999.
    fn to_value(&self) -> Result<Value, Unfit>;

    /// The value that was stored.
    ///
    /// # Errors
    /// A value of another type, or out of range.
    fn from_value(value: Value) -> Result<Self, Unfit>;
}

/// An enum of unit variants that a field can have, stored as text. Derived, never written by hand.
#[diagnostic::on_unimplemented(
    message = "a field can't have the type `{Self}`",
    label = "neither a type that Windrow knows nor an enum that derives `SyncableEnum`",
    note = "derive `SyncableEnum` for an enum of unit variants, or store any serde type with `#[syncable(json)]`"
)]
pub trait SyncableEnum: Sized + 'static {
    /// What is stored for each variant, in order of declaration.
    const VARIANTS: &'static [&'static str];

    /// The same as a list of SQL literals.
    #[doc(hidden)]
    const SQL_LIST: &'static str;

    /// What is stored for this variant.
    fn as_text(&self) -> &'static str;

    /// The variant that this text stands for.
    fn from_text(text: &str) -> Option<Self>;
}

/// Why a value doesn't fit a field. It never carries the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// NULL in a field that is no `Option`.
    #[error("NULL in a field that needs a value")]
    Null,
    /// A value of another type.
    #[error("not {0}")]
    Type(&'static str),
    /// A value that the type can't hold.
    #[error("out of the range of {0}")]
    Range(&'static str),
    /// SQLite has no NaN.
    #[error("NaN can't be stored")]
    Nan,
    /// A document that is not what the type makes of JSON.
    #[error("the JSON document doesn't fit its type (line {line}, column {column})")]
    Json {
        /// Where in the document; 0 when writing.
        line: usize,
        /// Where in the line; 0 when writing.
        column: usize,
    },
    /// A record with too few or too many values.
    #[error("{found} values for {expected} fields")]
    Count {
        /// How many fields there are.
        expected: usize,
        /// How many values came.
        found: usize,
    },
}

impl Unfit {
    /// What to say of a value that is not of the wanted type.
    pub(crate) fn wanted(wanted: &'static str, found: &Value) -> Unfit {
        if found.is_null() { Unfit::Null } else { Unfit::Type(wanted) }
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn to_value(&self) -> Result<Value, Unfit> {
        self.as_ref().map_or(Ok(Value::Null), T::to_value)
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

impl FieldValue for bool {
    fn to_value(&self) -> Result<Value, Unfit> {
        Ok(Value::Integer((*self).into()))
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        match value {
            Value::Integer(n @ (0 | 1)) => Ok(n == 1),
            other => Err(Unfit::wanted("0 or 1", &other)),
        }
    }
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl FieldValue for $ty {
            fn to_value(&self) -> Result<Value, Unfit> {
                Ok(Value::Integer((*self).into()))
            }

            fn from_value(value: Value) -> Result<Self, Unfit> {
                integer(value)?.try_into().map_err(|_| Unfit::Range(stringify!($ty)))
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 u8 u16 u32 }

/// The integer that a value is.
pub(crate) fn integer(value: Value) -> Result<i64, Unfit> {
    value.as_integer().ok_or_else(|| Unfit::wanted("an integer", &value))
}

/// The text that a value is.
pub(crate) fn text(value: Value) -> Result<String, Unfit> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(Unfit::wanted("text", &other)),
    }
}

impl FieldValue for f64 {
    fn to_value(&self) -> Result<Value, Unfit> {
        // Adding 0.0 makes 0.0 of -0.0, as SQLite does.
        if self.is_nan() { Err(Unfit::Nan) } else { Ok(Value::Real(*self + 0.0)) }
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        match value {
            Value::Real(x) => Ok(x),
            other => Err(Unfit::wanted("a real", &other)),
        }
    }
}

impl FieldValue for String {
    fn to_value(&self) -> Result<Value, Unfit> {
        Ok(Value::Text(self.clone()))
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        text(value)
    }
}

impl FieldValue for Vec<u8> {
    fn to_value(&self) -> Result<Value, Unfit> {
        Ok(Value::Blob(self.clone()))
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        match value {
            Value::Blob(bytes) => Ok(bytes),
            other => Err(Unfit::wanted("a blob", &other)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn integers_keep_to_their_range() {
        assert_eq!(i8::from_value(Value::Integer(-128)), Ok(-128));
        assert_eq!(u32::from_value(Value::Integer(1 << 32)), Err(Unfit::Range("u32")));
        assert_eq!(i64::from_value(Value::Null), Err(Unfit::Null));
        assert_eq!(i64::from_value(Value::Real(1.0)), Err(Unfit::Type("an integer")));
        assert_eq!(bool::from_value(Value::Integer(2)), Err(Unfit::Type("0 or 1")));
    }

    #[test]
    fn an_option_is_null_or_its_value() {
        assert_eq!(None::<String>.to_value(), Ok(Value::Null));
        assert_eq!(Option::<String>::from_value(Value::Text(String::new())), Ok(Some(String::new())));
        assert_eq!(Option::<String>::from_value(Value::Blob(vec![])), Err(Unfit::Type("text")));
    }

    #[test]
    fn a_real_is_stored_as_sqlite_would() {
        assert_eq!(f64::NAN.to_value(), Err(Unfit::Nan));
        let Value::Real(zero) = (-0.0f64).to_value().unwrap() else { unreachable!() };
        assert_eq!(zero.to_bits(), 0);
    }
}
