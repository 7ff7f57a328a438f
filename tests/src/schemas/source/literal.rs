//! Literals, each in one of the many ways in which Rust has it.

use fastrand::Rng;
use windrow_schema::lock::{Holds, Literal};

/// A text.
pub(super) fn text(rng: &mut Rng, text: &str) -> String {
    // A carriage return can't stand in a literal as it is.
    if rng.u8(..4) == 0 && !text.contains(['\r', '\0']) { raw(rng, text) } else { cooked(rng, text) }
}

fn raw(rng: &mut Rng, text: &str) -> String {
    let mut hashes = "#".repeat(rng.usize(..3));
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

fn cooked(rng: &mut Rng, text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        // A line's end that is escaped takes the white space after it along.
        if !c.is_whitespace() && rng.u8(..40) == 0 {
            quoted += "\\\n   \t";
        }
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\r' => quoted += "\\r",
            '\0' => quoted += "\\0",
            '\n' if rng.bool() => quoted += "\\n",
            '\t' if rng.bool() => quoted += "\\t",
            '\'' if rng.bool() => quoted += "\\'",
            c if rng.u8(..10) == 0 => quoted += &format!("\\u{{{:x}}}", u32::from(c)),
            c if c.is_ascii() && rng.u8(..10) == 0 => quoted += &format!("\\x{:02x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A default.
pub(super) fn default(rng: &mut Rng, holds: &Holds, literal: &Literal) -> String {
    match (holds, literal) {
        (Holds::Bool, Literal::Integer(n)) => (*n == 1).to_string(),
        (Holds::Decimal(places), Literal::Integer(units)) => decimal(*units, (*places).into()),
        (_, Literal::Integer(n)) => integer(rng, *n),
        (_, Literal::Real(x)) if x.fract() == 0.0 && x.abs() < 1e15 && rng.bool() => format!("{x}"),
        (_, Literal::Real(x)) if rng.bool() => format!("{x:?}"),
        (_, Literal::Real(x)) => {
            let all = format!("{x:e}");
            if all.contains('.') { all } else { all.replace('e', ".0e") }
        }
        (_, Literal::Text(said)) => text(rng, said),
        (_, Literal::Blob(bytes)) => blob(rng, bytes),
    }
}

fn integer(rng: &mut Rng, n: i64) -> String {
    let (sign, n) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
    match rng.u8(..6) {
        0 => format!("{sign}{n:#x}"),
        1 => format!("{sign}{n:#b}"),
        2 => format!("{sign} {n:#o}"),
        3 => format!("{sign}{}", n.to_string().chars().map(|c| format!("{c}_")).collect::<String>()),
        _ => format!("{sign}{n}"),
    }
}

/// In units of the last place.
fn decimal(units: i64, places: usize) -> String {
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if units < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn blob(rng: &mut Rng, bytes: &[u8]) -> String {
    let byte = |b: &u8| match b {
        b'"' | b'\\' => format!("\\{}", char::from(*b)),
        b' '..=b'~' if rng.bool() => char::from(*b).to_string(),
        b => format!("\\x{b:02X}"),
    };
    format!("b\"{}\"", bytes.iter().map(byte).collect::<String>())
}
