//! The oracle's numbers as values of every type a field can have, in the same order, and back.

use crate::oracle::Value;
use crate::oracle::schema::Room;
use windrow::rusqlite::types::{Value as Sql, ValueRef};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `i8`.
    I8,
    /// `u16`.
    U16,
    /// `i32`.
    I32,
    /// `u32`.
    U32,
    /// `i64`.
    I64,
    /// `f64`.
    Real,
    /// `String`.
    Text,
    /// `Vec<u8>`.
    Blob,
    /// `Timestamp`.
    Timestamp,
    /// `Date`.
    Date,
    /// `Decimal<3>`.
    Decimal,
    /// An enum of [`VARIANTS`].
    Enum,
    /// What becomes of that: an enum of [`MORE`].
    More,
    /// Any serde type.
    Json,
    /// The id of another record.
    Id,
}

/// The texts of the enum that stands in random structs.
pub const VARIANTS: [&str; 4] = ["", "it's \"so\"", "ünïcode\u{1f33e}", "x'); DROP TABLE farm;--"];

/// The same and some more.
pub const MORE: [&str; 6] = [VARIANTS[0], VARIANTS[1], VARIANTS[2], VARIANTS[3], "null", "6th"];

/// What stands before the number in a text: nothing that SQL or a codec may trip over.
const TEXT: &str = "né'\"\u{1f33e}\\%_\n";

impl Type {
    /// All that merge as one value: by `lww` and `review`.
    pub const PLAIN: [Type; 14] = [
        Type::Bool,
        Type::I8,
        Type::U16,
        Type::I32,
        Type::U32,
        Type::I64,
        Type::Real,
        Type::Text,
        Type::Blob,
        Type::Timestamp,
        Type::Date,
        Type::Decimal,
        Type::Enum,
        Type::Json,
    ];
    /// Those that `max` and `min` take.
    pub const ORDERED: [Type; 9] =
        [Type::I8, Type::U16, Type::I32, Type::U32, Type::I64, Type::Real, Type::Timestamp, Type::Date, Type::Decimal];
    /// Those that `sum` takes.
    pub const SUMMED: [Type; 2] = [Type::I64, Type::Decimal];

    /// The greatest number that stands for a value of this type; the least is 0.
    pub fn most(self) -> i64 {
        match self {
            Type::Bool => 1,
            Type::I8 => 100,
            Type::U16 => 60_000,
            Type::Enum => VARIANTS.len() as i64 - 1,
            Type::More => MORE.len() as i64 - 1,
            Type::Date => 2_900_000,
            Type::I32 => 2_000_000_000,
            Type::U32 | Type::Text | Type::Blob | Type::Json | Type::Real => 4_000_000_000,
            Type::I64 | Type::Timestamp | Type::Decimal | Type::Id => 4_000_000_000_000_000,
        }
    }

    /// What a version after may make of it.
    pub fn wider(self) -> Option<Type> {
        match self {
            Type::I8 => Some(Type::I32),
            Type::U16 => Some(Type::U32),
            Type::I32 | Type::U32 => Some(Type::I64),
            Type::Enum => Some(Type::More),
            _ => None,
        }
    }

    /// The numbers that a field of this type has room for. A bool has no others in any version.
    pub fn room(self) -> Room {
        match self {
            Type::I8 => Room::Upto(i8::MAX.into()),
            Type::U16 => Room::Upto(u16::MAX.into()),
            Type::I32 => Room::Upto(i32::MAX.into()),
            Type::U32 => Room::Upto(u32::MAX.into()),
            Type::Enum => Room::OneOf(VARIANTS.len() as i64),
            _ => Room::Any,
        }
    }

    /// The number that stands for what is empty.
    pub fn nothing(self) -> i64 {
        match self {
            Type::Real => 40,
            Type::Json => NO_JSON,
            _ => 0,
        }
    }

    /// As written in a struct, without its `Option`.
    pub fn rust(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::I8 => "i8",
            Type::U16 => "u16",
            Type::I32 => "i32",
            Type::U32 => "u32",
            Type::I64 => "i64",
            Type::Real => "f64",
            Type::Text => "String",
            Type::Blob => "Vec<u8>",
            Type::Timestamp => "Timestamp",
            Type::Date => "Date",
            Type::Decimal => "Decimal<3>",
            Type::Enum | Type::More => "Choice",
            Type::Json => "Vec<u32>",
            Type::Id => "Id",
        }
    }

    /// The value that stands for this one.
    pub fn sql(self, value: Value) -> Sql {
        let n = match value {
            Value::Null => return Sql::Null,
            Value::Ref(id) => return Sql::Blob(id.to_be_bytes().to_vec()),
            Value::Int(n) => n,
        };
        match self {
            Type::Real => Sql::Real(real(n)),
            Type::Text if n == 0 => Sql::Text(String::new()),
            Type::Text => Sql::Text(format!("{TEXT}{n}")),
            Type::Blob => Sql::Blob(blob(n).to_vec()),
            Type::Date => Sql::Text(date(n)),
            Type::Enum | Type::More => Sql::Text(variant(n).to_owned()),
            Type::Json if n == NO_JSON => Sql::Text("null".to_owned()),
            Type::Json => Sql::Text(format!("[{n}]")),
            _ => Sql::Integer(n),
        }
    }

    /// Whether what a file shows stands for this value.
    pub fn is(self, shown: ValueRef<'_>, value: Value) -> bool {
        match (shown, value) {
            (ValueRef::Null, Value::Null) => true,
            (ValueRef::Blob(id), Value::Ref(expected)) => id == expected.to_be_bytes(),
            (ValueRef::Integer(shown), Value::Int(n)) => {
                !matches!(
                    self,
                    Type::Real | Type::Text | Type::Blob | Type::Date | Type::Enum | Type::More | Type::Json
                ) && shown == n
            }
            (ValueRef::Real(shown), Value::Int(n)) => self == Type::Real && shown.to_bits() == real(n).to_bits(),
            (ValueRef::Blob(shown), Value::Int(n)) => self == Type::Blob && shown == &blob(n)[..],
            (ValueRef::Text(shown), Value::Int(n)) => self.is_text(shown, n),
            _ => false,
        }
    }

    fn is_text(self, shown: &[u8], n: i64) -> bool {
        match self {
            Type::Enum | Type::More => shown == variant(n).as_bytes(),
            Type::Json if n == NO_JSON => shown == b"null",
            Type::Text if n == 0 => shown.is_empty(),
            Type::Text => shown.strip_prefix(TEXT.as_bytes()).is_some_and(|rest| digits(rest) == Some(n)),
            Type::Json => {
                let inner = shown.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
                inner.is_some_and(|rest| digits(rest) == Some(n))
            }
            Type::Date => shown == date(n).as_bytes(),
            _ => false,
        }
    }
}

/// The number that stands for JSON's `null`.
const NO_JSON: i64 = -1;

fn digits(text: &[u8]) -> Option<i64> {
    let digit = |n: i64, c: &u8| n.checked_mul(10)?.checked_add(i64::from(c.checked_sub(b'0').filter(|d| *d < 10)?));
    let plain = !text.is_empty() && (text.len() == 1 || text[0] != b'0');
    text.iter().try_fold(0, digit).filter(|_| plain)
}

/// Quarters, from below zero on: exact, and in order.
fn real(n: i64) -> f64 {
    n as f64 / 4.0 - 10.0
}

/// Bytes without zeroes before them: of 0, none.
fn blob(n: i64) -> impl std::ops::Deref<Target = [u8]> {
    n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect::<Vec<u8>>()
}

fn variant(n: i64) -> &'static str {
    MORE[n.unsigned_abs() as usize % MORE.len()]
}

/// So many days after 1970-01-01, by the rule of the Gregorian calendar.
fn date(days: i64) -> String {
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_shows_what_it_was_given_and_keeps_the_order() {
        for ty in Type::PLAIN {
            let all = [0, 1, 2, 3, 59, 60, 11_016, 1_000_000, 2_900_000].into_iter().filter(|n| *n <= ty.most());
            let all: Vec<i64> = all.chain([ty.most()]).collect();
            for n in &all {
                let shown = ty.sql(Value::Int(*n));
                assert!(all.iter().all(|m| ty.is((&shown).into(), Value::Int(*m)) == (m == n)), "{ty:?} {n}");
                assert!(!ty.is((&shown).into(), Value::Null) && !ty.is(ValueRef::Null, Value::Int(*n)));
            }
        }
    }

    #[test]
    fn days_are_dates() {
        assert_eq!([0, 59, 11_016, 2_900_000].map(date), ["1970-01-01", "1970-03-01", "2000-02-29", "9909-12-07"]);
    }
}
