//! What a field can hold, beyond Rust's own types.

mod date;
mod decimal;
mod field;
mod id;
mod sql;
mod timestamp;

pub use date::Date;
pub use decimal::{Decimal, ParseDecimalError};
pub use field::{FieldValue, SyncableEnum, Unfit};
pub use id::{Id, ParseIdError};
pub use timestamp::Timestamp;

/// Serde by way of text: `Display` and `FromStr`.
macro_rules! serde_as_text {
    ([$($parameter:tt)*] $ty:ty, $what:literal) => {
        impl<$($parameter)*> serde::Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de, $($parameter)*> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|_| serde::de::Error::custom(concat!("not ", $what)))
            }
        }
    };
}
use serde_as_text;
