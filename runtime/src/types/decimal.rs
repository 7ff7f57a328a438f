//! Fixed-point numbers, which add up exactly.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use windrow_protocol::value::Value;

use super::{FieldValue, Unfit, field};

/// A number with `N` digits after the point, at most 18. It is stored as an integer, in units of its last place.
///
/// ```
/// use windrow::Decimal;
///
/// let price: Decimal<2> = "12.5".parse().unwrap();
/// assert_eq!(price.units(), 1250);
/// assert_eq!(price.checked_add(price).unwrap().to_string(), "25.00");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal<const N: u8>(i64);

impl<const N: u8> Decimal<N> {
    /// How many units make one.
    const ONE: u64 = {
        assert!(N <= 18, "a Decimal has at most 18 digits after the point");
        10u64.pow(N as u32)
    };

    /// The number of so many units of its last place.
    pub const fn from_units(units: i64) -> Decimal<N> {
        Decimal(units)
    }

    /// The number in units of its last place.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The sum; `None` where it overflows.
    pub fn checked_add(self, other: Decimal<N>) -> Option<Decimal<N>> {
        self.0.checked_add(other.0).map(Decimal)
    }

    /// The difference; `None` where it overflows.
    pub fn checked_sub(self, other: Decimal<N>) -> Option<Decimal<N>> {
        self.0.checked_sub(other.0).map(Decimal)
    }
}

impl<const N: u8> Display for Decimal<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / Self::ONE, self.0.unsigned_abs() % Self::ONE);
        let digits = match N {
            0 => whole.to_string(),
            _ => format!("{whole}.{part:0width$}", width = N.into()),
        };
        f.pad_integral(self.0 >= 0, "", &digits)
    }
}

/// Text that is no number of this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseDecimalError {
    /// Something other than digits, one sign and one point.
    #[error("not a decimal number")]
    Form,
    /// More digits after the point than there is room for; nothing is rounded.
    #[error("more digits after the point than the type has")]
    Places,
    /// A number beyond 64 bits.
    #[error("out of range")]
    Range,
}

impl<const N: u8> FromStr for Decimal<N> {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Decimal<N>, ParseDecimalError> {
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && part.is_empty()) || !(whole.bytes().chain(part.bytes())).all(|b| b.is_ascii_digit()) {
            return Err(ParseDecimalError::Form);
        }
        let zeros = usize::from(N).checked_sub(part.len()).ok_or(ParseDecimalError::Places)?;
        let sign = if negative { "-" } else { "" };
        let units = format!("{sign}{whole}{part}{:0<zeros$}", "");
        units.parse().map(Decimal).map_err(|_| ParseDecimalError::Range)
    }
}

super::serde_as_text!([const N: u8] Decimal<N>, "a decimal number");

impl<const N: u8> FieldValue for Decimal<N> {
    fn to_value(&self) -> Result<Value, Unfit> {
        Ok(Value::Integer(self.0))
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        field::integer(value).map(Decimal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gives_the_number_back_at_both_ends() {
        for units in [0, 5, -5, 100, -12345, i64::MAX, i64::MIN] {
            let number = Decimal::<2>::from_units(units);
            assert_eq!(number.to_string().parse(), Ok(number));
        }
        assert_eq!(Decimal::<2>::from_units(-5).to_string(), "-0.05");
        assert_eq!(Decimal::<0>::from_units(-5).to_string(), "-5");
    }

    #[test]
    fn nothing_is_rounded_or_guessed() {
        let read = |text: &str| text.parse::<Decimal<2>>();
        assert_eq!(read("1"), Ok(Decimal(100)));
        assert_eq!(read("+.5"), Ok(Decimal(50)));
        assert_eq!(read("1.005"), Err(ParseDecimalError::Places));
        assert_eq!(read("92233720368547758.08"), Err(ParseDecimalError::Range));
        for text in ["", "-", ".", "1e3", "1,5", " 1", "--1", "1.-5", "é"] {
            assert_eq!(read(text), Err(ParseDecimalError::Form), "{text:?}");
        }
    }

    #[test]
    fn overflow_is_told() {
        assert_eq!(Decimal::<3>(i64::MAX).checked_add(Decimal(1)), None);
        assert_eq!(Decimal::<3>(i64::MIN).checked_sub(Decimal(1)), None);
    }
}
