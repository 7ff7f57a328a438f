//! A day of the calendar.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use windrow_protocol::value::Value;

use super::{FieldValue, Unfit, field};

/// A day, stored as `YYYY-MM-DD`: the years 0 to 9999.
///
/// ```
/// use windrow::Date;
///
/// let day: Date = "2026-03-01".parse().unwrap();
/// assert_eq!(day.to_jiff(), jiff::civil::date(2026, 3, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// The day as jiff has it.
    pub fn to_jiff(self) -> jiff::civil::Date {
        self.0
    }
}

impl From<jiff::civil::Date> for Date {
    fn from(day: jiff::civil::Date) -> Date {
        Date(day)
    }
}

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Date, jiff::Error> {
        text.parse().map(Date)
    }
}

super::serde_as_text!([] Date, "a day (YYYY-MM-DD)");

impl FieldValue for Date {
    fn to_value(&self) -> Result<Value, Unfit> {
        if self.0.year() < 0 { Err(Unfit::Range("the years 0 to 9999")) } else { Ok(Value::Text(self.0.to_string())) }
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        let text = field::text(value)?;
        // The parser takes more forms than the column does.
        let day = text.parse().ok().filter(|_| text.len() == 10);
        day.ok_or(Unfit::Type("a day (YYYY-MM-DD)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_column_takes_is_a_day() {
        let read = |text: &str| Date::from_value(Value::Text(text.into()));
        assert_eq!(read("0000-02-29").and_then(|d| d.to_value()), Ok(Value::Text("0000-02-29".into())));
        for text in ["2026-02-29", "20260301", "2026-03-01T00:00", "+002026-03-01", ""] {
            assert_eq!(read(text), Err(Unfit::Type("a day (YYYY-MM-DD)")), "{text}");
        }
        assert_eq!(Date(jiff::civil::date(-1, 1, 1)).to_value(), Err(Unfit::Range("the years 0 to 9999")));
    }
}
