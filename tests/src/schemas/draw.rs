//! A model at random: the tables of random versions, under worse names, with all types and defaults, and now and then large.

use super::words::{self, FIELDS, STRUCTS, VARIANTS};
use crate::versions::{default, one, table};
use fastrand::Rng;
use windrow_schema::lock::{Column, Holds, Table};

/// Of ten thousand models so many have a hundred tables, so many two hundred columns in one, so many twenty tables, so many
/// columns as they were drawn, which is often more than one mask holds. SQLite reads the whole schema again for each name
/// that it changes, so a hundred tables take as long as a thousand times two.
const LARGE: [(u16, Size); 4] = [
    (4, Size { tables: 100, columns: 3 }),
    (20, Size { tables: 1, columns: 200 }),
    (20, Size { tables: 20, columns: 5 }),
    (60, Size { tables: 3, columns: 130 }),
];

/// How large a model is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    tables: usize,
    /// The most that a table has.
    pub(super) columns: usize,
}

impl Size {
    /// Any; most are small.
    pub(super) fn draw(rng: &mut Rng) -> Size {
        let mut at = rng.u16(..10_000);
        for (share, size) in LARGE {
            if at < share {
                return size;
            }
            at -= share;
        }
        Size { tables: one(rng, &[1, 1, 2, 2, 3, 4]), columns: 7 }
    }
}

/// The tables of a first version, parents before children.
pub(super) fn model(rng: &mut Rng, size: Size) -> Vec<Table> {
    let mut tables = Vec::new();
    while tables.len() < size.tables {
        let mut table = table(rng, &tables);
        if size.columns >= 200 {
            widen(rng, &mut table, &tables, size.columns);
        }
        table.columns.truncate(size.columns);
        tables.push(table);
    }
    (0..tables.len()).for_each(|at| dress(rng, &mut tables, at));
    tables
}

/// Adds columns of other tables until there are so many.
fn widen(rng: &mut Rng, wide: &mut Table, there: &[Table], columns: usize) {
    while wide.columns.len() < columns {
        for mut column in table(rng, there).columns {
            let own = column.parent.as_ref().is_some_and(|p| !there.iter().any(|t| t.name == p.table));
            if own || wide.column(&column.name).is_some() {
                continue;
            }
            if wide.whole {
                column.strategy = wide.columns[0].strategy;
            }
            wide.columns.push(column);
        }
    }
}

fn dress(rng: &mut Rng, tables: &mut [Table], at: usize) {
    let old = tables[at].name.clone();
    let (type_name, name) = names(rng, tables, at);
    for parent in tables.iter_mut().flat_map(|t| &mut t.columns).filter_map(|c| c.parent.as_mut()) {
        if parent.table == old {
            parent.table.clone_from(&name);
        }
    }
    let table = &mut tables[at];
    (table.name, table.type_name) = (name, type_name);
    table.was = (rng.u8(..20) == 0).then(|| words::text(rng));
    (0..table.columns.len()).for_each(|column| self::column(rng, table, column));
}

/// A struct's name, and its table's: one of the other, or unlike.
fn names(rng: &mut Rng, tables: &[Table], at: usize) -> (String, String) {
    let others = || tables.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, table)| table);
    let struct_taken = |name: &str| others().any(|t| bare(&t.type_name) == bare(name));
    let taken = |name: &str| others().any(|t| t.name.eq_ignore_ascii_case(name));
    let (of_struct, of_table) = loop {
        let (of_struct, of_table) = words::pair(rng, &STRUCTS);
        if !struct_taken(&of_struct) {
            break (of_struct, of_table);
        }
    };
    let name = match rng.u8(..10) {
        0..=3 if !taken(&of_table) => of_table,
        0..=7 => words::name(rng, words::no_table, taken),
        _ => tables[at].name.clone(),
    };
    (of_struct, name)
}

/// An identifier without the `r#` that says that it is one.
pub(super) fn bare(ident: &str) -> &str {
    ident.strip_prefix("r#").unwrap_or(ident)
}

fn column(rng: &mut Rng, table: &mut Table, at: usize) {
    let taken = |name: &str| {
        let others = table.columns.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, column)| column).any(|c| c.name.eq_ignore_ascii_case(name))
    };
    let (_, of_field) = words::pair(rng, &FIELDS);
    let name = match rng.u8(..10) {
        0..=3 if !taken(&of_field) => of_field,
        0..=7 => words::name(rng, words::no_column, taken),
        _ => table.columns[at].name.clone(),
    };
    let column = &mut table.columns[at];
    column.name = name;
    column.holds = holds(rng, &column.holds);
    let (says_default, says_was) = (rng.u8(..10) == 0, rng.u8(..20) == 0);
    column.default = if says_default { self::value(rng, column) } else { None };
    column.was = says_was.then(|| words::text(rng));
}

fn value(rng: &mut Rng, column: &Column) -> Option<windrow_schema::lock::Literal> {
    use windrow_schema::lock::Literal;
    match (&column.holds, rng.bool()) {
        (Holds::Text, true) => Some(Literal::Text(words::text(rng))),
        (Holds::Blob, true) => Some(Literal::Blob((0..rng.u8(..20)).map(|_| rng.u8(..)).collect())),
        (Holds::Real, true) => Some(Literal::Real(one(rng, &[f64::MAX, f64::MIN_POSITIVE, 1e16, 1e-7, -123_456.789]))),
        (holds, _) => default(rng, holds),
    }
}

/// Another type that merges by the same strategies.
fn holds(rng: &mut Rng, holds: &Holds) -> Holds {
    const NARROW: [(i64, i64); 6] = [
        (i8::MIN as i64, i8::MAX as i64),
        (i16::MIN as i64, i16::MAX as i64),
        (i32::MIN as i64, i32::MAX as i64),
        (0, u8::MAX as i64),
        (0, u16::MAX as i64),
        (0, u32::MAX as i64),
    ];
    match holds {
        Holds::Integer { min, .. } if *min != i64::MIN => {
            let (min, max) = one(rng, &NARROW);
            Holds::Integer { min, max }
        }
        Holds::Decimal(_) => Holds::Decimal(rng.u8(..=18)),
        Holds::Enum(_) => Holds::Enum(texts(rng)),
        other => other.clone(),
    }
}

/// The texts of an enum: at least one, none twice.
fn texts(rng: &mut Rng) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..rng.choice([1, 2, 3, 5, 40]).unwrap_or(1) {
        let text = match rng.u8(..10) {
            0..=4 => words::pair(rng, &VARIANTS).1,
            5 => String::new(),
            _ => words::text(rng),
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}
