//! `#[syncable(default = ...)]`: a literal that its field can hold.

use crate::lock::Literal;
use crate::model::Kind;
use syn::{Error, Expr, ExprLit, ExprUnary, Lit, UnOp};

/// Reads a default.
///
/// # Errors
/// Whatever the field can't hold, with what it can.
pub(crate) fn read(said: &Expr, kind: &Kind, nullable: bool) -> syn::Result<Literal> {
    let wrong = |message: String| Err(Error::new_spanned(said, message));
    let (negative, lit) = match literal(said) {
        Some(read) => read,
        None => return wrong(format!("a default is a literal: {}", expected(kind))),
    };
    if let Kind::Id = kind {
        return wrong(match nullable {
            true => "no record is there on every device for others to refer to: remove the default".to_owned(),
            false => "no record is there on every device for others to refer to: make it an `Option`".to_owned(),
        });
    }
    match value(kind, negative, lit) {
        Some(value) => Ok(value),
        None => wrong(format!("the field can't hold this: {}", expected(kind))),
    }
}

/// A literal and whether a minus stands before it, through the invisible groups that macros leave.
fn literal(said: &Expr) -> Option<(bool, &Lit)> {
    match said {
        Expr::Lit(ExprLit { lit, .. }) => Some((false, lit)),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
            literal(expr).and_then(|(negative, lit)| (!negative).then_some((true, lit)))
        }
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

fn value(kind: &Kind, negative: bool, lit: &Lit) -> Option<Literal> {
    match (kind, lit) {
        (Kind::Bool, Lit::Bool(b)) if !negative => Some(Literal::Integer(b.value.into())),
        (Kind::Integer { min, max }, Lit::Int(_)) => {
            number(negative, lit)?.parse().ok().filter(|n| min <= n && n <= max).map(Literal::Integer)
        }
        (Kind::Timestamp, Lit::Int(_)) => number(negative, lit)?.parse().ok().map(Literal::Integer),
        (Kind::Decimal(places), Lit::Int(_) | Lit::Float(_)) => units(&number(negative, lit)?, *places),
        (Kind::Real, Lit::Int(_) | Lit::Float(_)) => {
            number(negative, lit)?.parse().ok().filter(|x: &f64| x.is_finite()).map(|x| Literal::Real(x + 0.0))
        }
        (Kind::Text | Kind::Enum(_), Lit::Str(text)) if !negative => {
            Some(text.value()).filter(|t| !t.contains('\0')).map(Literal::Text)
        }
        (Kind::Date, Lit::Str(text)) if !negative => Some(text.value()).filter(|t| is_date(t)).map(Literal::Text),
        (Kind::Json, Lit::Str(text)) if !negative => {
            Some(text.value()).filter(|t| ["[]", "{}", "null"].contains(&t.as_str())).map(Literal::Text)
        }
        (Kind::Blob, Lit::ByteStr(bytes)) if !negative => Some(Literal::Blob(bytes.value())),
        _ => None,
    }
}

/// A number's digits, without the `_` between them; none where a type stands behind.
fn number(negative: bool, lit: &Lit) -> Option<String> {
    let (digits, suffix) = match lit {
        Lit::Int(int) => (int.base10_digits(), int.suffix()),
        Lit::Float(float) => (float.base10_digits(), float.suffix()),
        _ => return None,
    };
    suffix.is_empty().then(|| if negative { format!("-{digits}") } else { digits.to_owned() })
}

/// A decimal number in units of its last place, if it has no more places than that.
fn units(number: &str, places: u8) -> Option<Literal> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let places = usize::from(places);
    if fraction.len() > places || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok().map(Literal::Integer)
}

/// Units of the last place as a decimal number.
pub(crate) fn decimal(units: i64, places: u8) -> String {
    let places = usize::from(places);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// `YYYY-MM-DD`, a day that exists.
fn is_date(text: &str) -> bool {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u32>().ok()
    };
    let dashes = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let (Some(year), Some(month), Some(day), true) = (number(0, 4), number(5, 7), number(8, 10), dashes) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// What a field of this kind takes.
fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "say `true` or `false`".to_owned(),
        Kind::Integer { min, max } => format!("say an integer from {min} to {max}"),
        Kind::Real => "say a finite number, such as `1.5`".to_owned(),
        Kind::Text => "say a text without NUL, such as `\"none\"`".to_owned(),
        Kind::Blob => "say bytes, such as `b\"\"`".to_owned(),
        Kind::Id => "but a reference has none".to_owned(),
        Kind::Timestamp => "say milliseconds since 1970, as an integer".to_owned(),
        Kind::Date => "say a day that exists, such as `\"2024-02-29\"`".to_owned(),
        Kind::Decimal(0) => "say an integer".to_owned(),
        Kind::Decimal(places) => format!("say a number with at most {places} digits after the point, such as `0.5`"),
        Kind::Enum(_) => "say what is stored for a variant, as text: `\"dry\"` for `Dry`".to_owned(),
        Kind::Json => "say `\"[]\"`, `\"{}\"` or `\"null\"`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{decimal, is_date, units};
    use crate::lock::Literal;

    #[test]
    fn decimals_are_exact_both_ways() {
        for (text, places, n) in
            [("12.5", 2, 1250), ("-0.05", 2, -5), ("0", 0, 0), ("9223372036854775807", 0, i64::MAX), ("-7", 3, -7000)]
        {
            assert_eq!(units(text, places), Some(Literal::Integer(n)), "{text}");
            assert_eq!(units(&decimal(n, places), places), Some(Literal::Integer(n)), "{text}");
        }
        for (text, places) in [("1.234", 2), ("1e3", 2), ("9223372036854775808", 0), ("1.5e1", 3)] {
            assert_eq!(units(text, places), None, "{text}");
        }
    }

    #[test]
    fn dates_are_days_that_exist() {
        for text in ["2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"] {
            assert!(is_date(text), "{text}");
        }
        for text in ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "+024-01-01", "2024-01-0é"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
