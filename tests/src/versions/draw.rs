//! Random tables under names that break whatever quotes them badly.

use super::values;
use fastrand::Rng;
use windrow_schema::lock::{Column, Holds, Literal, Reference, Table};
use windrow_schema::{Deletes, OnDelete, Strategy};

const NAMES: [&str; 30] = [
    "farm",
    "select",
    "a b",
    "a\"b",
    "it's",
    "[a]",
    "a;b--",
    "/*",
    "a\nb",
    "ü😀",
    "windrow",
    "log_farm",
    "note",
    "main",
    "order",
    "hlc",
    "a.b",
    "a",
    "b=c",
    "`x`",
    "null",
    "value",
    "-",
    "%s",
    "?1",
    "device",
    "\u{301}",
    "table",
    "group's ключ",
    "row\\n",
];

/// Any.
pub fn tables(rng: &mut Rng) -> Vec<Table> {
    let mut tables = Vec::new();
    for _ in 0..rng.usize(1..=5) {
        let table = table(rng, &tables);
        tables.push(table);
    }
    tables
}

/// A table beside those that are there.
pub fn table(rng: &mut Rng, there: &[Table]) -> Table {
    let name = name(rng, |n| there.iter().any(|t| t.name.eq_ignore_ascii_case(n)));
    let whole = rng.u8(..100) < 15;
    let strategy = if rng.bool() { Strategy::Lww } else { Strategy::Review };
    let deletes = one(rng, &[Deletes::Keep, Deletes::Drop, Deletes::Review]);
    let mut table = Table {
        name,
        type_name: format!("S{}", rng.u32(..)),
        deletes,
        whole,
        scope: rng.u8(..100) < 20,
        was: None,
        columns: Vec::new(),
    };
    // Now and then more than the 63 that one mask holds.
    let many = rng.u8(..100);
    let count = if many < 3 {
        200
    } else if many < 8 {
        rng.usize(60..=130)
    } else {
        rng.usize(1..=7)
    };
    for _ in 0..count {
        let mut column = column(rng, &table, there);
        if whole {
            column.strategy = strategy;
        }
        table.columns.push(column);
    }
    table
}

/// A name that is not taken.
pub(super) fn name(rng: &mut Rng, taken: impl Fn(&str) -> bool) -> String {
    loop {
        let name = match rng.bool() {
            true => one(rng, &NAMES).to_owned(),
            false => format!("{}{}", one(rng, &NAMES), rng.u16(..)),
        };
        if !taken(&name) {
            return name;
        }
    }
}

/// A column that the table has not.
pub(super) fn column(rng: &mut Rng, table: &Table, there: &[Table]) -> Column {
    let taken = |n: &str| table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(n));
    let name = name(rng, taken);
    let holds = match rng.usize(..14) {
        0 => Holds::Bool,
        1 => Holds::Integer { min: -128, max: 127 },
        2 => Holds::Integer { min: 0, max: 65535 },
        3 => Holds::Integer { min: i32::MIN.into(), max: i32::MAX.into() },
        4 | 5 => Holds::Integer { min: i64::MIN, max: i64::MAX },
        6 => Holds::Real,
        7 => Holds::Text,
        8 => Holds::Blob,
        9 => Holds::Timestamp,
        10 => Holds::Date,
        11 => Holds::Decimal(3),
        12 => Holds::Enum(vec!["good".into(), "it's".into()]),
        _ => Holds::Json,
    };
    let refers = table.columns.len() < 4 && rng.u8(..100) < 35;
    let (holds, parent) = if refers { (Holds::Id, Some(rng.usize(..=there.len()))) } else { (holds, None) };
    let strategy = if table.whole { Strategy::Lww } else { strategy(rng, &holds) };
    let own = parent == Some(there.len());
    let nullable = strategy != Strategy::Sum && (own || rng.bool());
    let parent = parent
        .map(|p| Reference { table: there.get(p).unwrap_or(table).name.clone(), on_delete: on_delete(rng, nullable) });
    let unique = strategy != Strategy::Sum && holds != Holds::Json && holds != Holds::Bool && rng.u8(..100) < 12;
    Column { name, holds, nullable, strategy, parent, unique, indexed: rng.u8(..100) < 15, was: None, default: None }
}

/// A policy for a reference.
pub(super) fn on_delete(rng: &mut Rng, nullable: bool) -> OnDelete {
    let policy = one(rng, &[OnDelete::Restrict, OnDelete::Cascade, OnDelete::SetNull]);
    if policy == OnDelete::SetNull && !nullable { OnDelete::Cascade } else { policy }
}

/// A strategy that a field of this kind can have.
pub(super) fn strategy(rng: &mut Rng, holds: &Holds) -> Strategy {
    let all = [Strategy::Lww, Strategy::Review, Strategy::Max, Strategy::Min, Strategy::Sum];
    let count = match holds {
        Holds::Integer { min: i64::MIN, .. } | Holds::Decimal(_) => 5,
        Holds::Integer { .. } | Holds::Real | Holds::Date | Holds::Timestamp => 4,
        _ => 2,
    };
    one(rng, &all[..count])
}

/// A default of this kind; a reference has none.
pub fn default(rng: &mut Rng, holds: &Holds) -> Option<Literal> {
    Some(match holds {
        Holds::Id => return None,
        Holds::Bool => Literal::Integer(rng.i64(0..=1)),
        Holds::Integer { min, max } => Literal::Integer(one(rng, &[*min, *max, 7])),
        Holds::Timestamp | Holds::Decimal(_) => Literal::Integer(one(rng, &[0, -1, i64::MIN, 12_345])),
        Holds::Real => Literal::Real(one(rng, &[0.0, -1.5, 1e300, 5e-324, 0.1])),
        Holds::Blob => Literal::Blob(vec![0, 255, 39]),
        Holds::Json => Literal::Text(one(rng, &["[]", "{}", "null"]).into()),
        Holds::Date => Literal::Text("2024-02-29".into()),
        Holds::Enum(texts) => Literal::Text(texts[rng.usize(..texts.len())].clone()),
        Holds::Text => Literal::Text(one(rng, &["", "it's", "\"; --", "a\nb", "ü"]).into()),
    })
}

/// One of these.
pub fn one<T: Copy>(rng: &mut Rng, among: &[T]) -> T {
    values::one(rng, among)
}
