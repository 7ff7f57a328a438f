//! The entries of a log, and what they are to say after a migration: written down here once more, from what the page on
//! migrating promises.

use crate::file::{self, read};
use crate::pair::Kept;
use std::collections::BTreeMap;
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow_schema::Strategy;
use windrow_schema::lock::Table;
use windrow_schema::sql::literals;

/// An entry: number, clock, record and base, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    head: [Value; 4],
    says: Says,
}

#[derive(Debug, Clone, PartialEq)]
enum Says {
    /// An insert or a delete: the operation and all values.
    All(i64, Vec<Value>),
    /// A cascade: all values, and the references by which it came.
    Cascade(Vec<Value>, Vec<usize>),
    /// Anything about some fields.
    Some(i64, BTreeMap<usize, Value>),
}

/// All entries of a table that say something, by number. Values of fields that an entry does not speak of must be NULL, and so
/// must be what is beyond the table's last field, and all of an entry that says nothing.
pub(crate) fn all(conn: &Connection, table: &Table) -> Vec<Entry> {
    let wide = read(conn, "SELECT name FROM pragma_table_info('windrow_log') WHERE name LIKE 'value%'").len();
    let masks = wide.div_ceil(63);
    let names = (0..masks).map(|m| format!(", mask{m}")).chain((0..wide).map(|at| format!(", value{at}")));
    let (names, table_name) = (names.collect::<String>(), literals(std::iter::once(table.name.as_str())));
    let sql = format!(
        "SELECT number, at, record, base, operation{names} FROM windrow_log WHERE \"table\" = {table_name} ORDER BY number"
    );
    read(conn, &sql).iter().filter_map(|row| entry(row, masks, table.columns.len())).collect()
}

/// The number and the clock of each entry of a file: from these the stamps follow.
pub(crate) fn places(conn: &Connection) -> Vec<Vec<Value>> {
    read(conn, "SELECT number, at FROM windrow_log ORDER BY number")
}

fn entry(row: &[Value], masks: usize, fields: usize) -> Option<Entry> {
    let (head, op, masks, all) = (&row[..4], number(&row[4]), &row[5..5 + masks], &row[5 + masks..]);
    let all_set: Vec<usize> = (0..all.len()).filter(|at| number(&masks[at / 63]) >> (at % 63) & 1 == 1).collect();
    let (said, beyond) = if op == 0 { (0, all) } else { (fields, &all[fields..]) };
    assert!(all_set.iter().all(|at| *at < said), "a bit of nothing");
    assert!(beyond.iter().all(|value| *value == Value::Null), "a value of nothing");
    if op == 0 {
        return None;
    }
    let (values, set) = (all[..fields].to_vec(), all_set);
    let says = match op {
        op @ (1 | 3) => {
            assert!(set.is_empty(), "an insert or a delete has no mask");
            Says::All(op, values)
        }
        4 => Says::Cascade(values, set),
        op => {
            // An update to a value needs no bit.
            let said = |at: &usize| set.contains(at) || op == 2 && values[*at] != Value::Null;
            let (said, others): (Vec<_>, Vec<_>) = (0..values.len()).partition(said);
            others.iter().for_each(|at| assert_eq!(values[*at], Value::Null, "a value of nothing"));
            Says::Some(op, said.into_iter().map(|at| (at, values[at].clone())).collect())
        }
    };
    Some(Entry { head: head.to_vec().try_into().expect("four"), says })
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Integer(n) => *n,
        other => panic!("{other:?} is no number"),
    }
}

/// What an entry is to be now; none where nothing is left of it.
pub(crate) fn expected(kept: &Kept<'_>, entry: Entry) -> Option<Entry> {
    let Entry { head, says } = entry;
    let says = match says {
        Says::All(op, values) => Says::All(op, file::fields(kept, &values)),
        Says::Cascade(values, by) => {
            let values = file::fields(kept, &values);
            match by.iter().filter_map(|at| kept.now_at(*at)).collect::<Vec<_>>() {
                by if by.is_empty() => Says::All(3, values),
                by => Says::Cascade(values, by),
            }
        }
        Says::Some(7, nothing) => Says::Some(7, nothing),
        Says::Some(op, values) => some(kept, op, values)?,
    };
    Some(Entry { head, says })
}

fn some(kept: &Kept<'_>, op: i64, values: BTreeMap<usize, Value>) -> Option<Says> {
    let (mut op, mut left) = (op, BTreeMap::new());
    for (at, value) in values {
        let Some(to) = kept.now_at(at) else { continue };
        let (old, new) = (&kept.before.columns[at], &kept.now.columns[to]);
        if op == 8 && old.unique && !new.unique {
            return None;
        }
        if op == 6 && old.strategy == Strategy::Review && new.strategy != Strategy::Review {
            op = 2;
        }
        let null = value == Value::Null && old.nullable && !new.nullable;
        let value = if null { new.default.as_ref().map_or(Value::Null, file::literal) } else { value };
        left.insert(to, value);
    }
    (!left.is_empty()).then_some(Says::Some(op, left))
}
