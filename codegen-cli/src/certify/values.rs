//! Values for columns, made from numbers: the same ones each time, and greater ones for greater numbers.

use windrow::rusqlite::types::Value;
use windrow_schema::lock::Holds;

/// The `n`th value, from 0 to 120; of a column that holds ids nothing.
pub(super) fn value(holds: &Holds, n: u8) -> Value {
    let number = i64::from(n);
    match holds {
        Holds::Bool => Value::Integer(number % 2),
        Holds::Integer { min, .. } if *min > 0 => Value::Integer(min + number),
        Holds::Integer { .. } => Value::Integer(number),
        Holds::Decimal(_) => Value::Integer(number * 10),
        Holds::Timestamp => Value::Integer(1_700_000_000_000 + number),
        Holds::Real => Value::Real(f64::from(n) + 0.5),
        Holds::Text => Value::Text(format!("it's \"{n}\" ü")),
        Holds::Blob => Value::Blob(vec![n, 0, 39]),
        Holds::Date => Value::Text(format!("2024-{:02}-{:02}", 1 + n / 28, 1 + n % 28)),
        Holds::Json => Value::Text(format!("{{\"n\": {n}}}")),
        Holds::Enum(texts) => texts.get(usize::from(n) % texts.len().max(1)).cloned().map_or(Value::Null, Value::Text),
        Holds::Id => Value::Null,
    }
}

/// How many different values there are, where those are few.
pub(super) fn few(holds: &Holds) -> Option<u8> {
    match holds {
        Holds::Bool => Some(2),
        Holds::Enum(texts) => u8::try_from(texts.len()).ok().filter(|count| *count < 100),
        _ => None,
    }
}

/// 16 bytes that nothing else is called by.
pub(super) fn id(set: u8, table: usize, nth: u8) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed((u64::from(set) << 40) | (table as u64) << 8 | u64::from(nth));
    (0..16).map(|_| rng.u8(..)).collect()
}

/// A value as people read it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(n) => n.to_string(),
        Value::Real(x) => format!("{x:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Blob(bytes) => format!("x'{}'", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}
