//! A moment in time.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use windrow_protocol::value::Value;

use super::{FieldValue, Unfit, field};

/// A moment: milliseconds since 1970, UTC. Its text is RFC 3339.
///
/// ```
/// use windrow::Timestamp;
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
/// assert_eq!(noon, Timestamp::from_millis(1_772_366_400_000));
/// assert_eq!(noon.to_string(), "2026-03-01T12:00:00Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The present, by this machine's clock.
    pub fn now() -> Timestamp {
        jiff::Timestamp::now().into()
    }

    /// The moment so many milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment as jiff has it; `None` outside the years -9999 to 9999.
    pub fn to_jiff(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.0).ok()
    }
}

/// Cuts off what is finer than a millisecond.
impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Timestamp {
        Timestamp(moment.as_millisecond())
    }
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.to_jiff() {
            Some(moment) => moment.fmt(f),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Timestamp, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(Timestamp::from)
    }
}

super::serde_as_text!([] Timestamp, "a moment as in RFC 3339");

impl FieldValue for Timestamp {
    fn to_value(&self) -> Result<Value, Unfit> {
        Ok(Value::Integer(self.0))
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        field::integer(value).map(Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_has_no_date_still_prints() {
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9223372036854775807 ms");
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }
}
