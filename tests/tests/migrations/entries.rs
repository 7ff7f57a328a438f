//! The entries of a log, and what they are to say after a migration: written down here once more, from what the page on
//! migrating promises.

use crate::file::{self, read};
use crate::pair::Kept;
use std::collections::BTreeMap;
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow_schema::Strategy;
use windrow_schema::lock::Table;
use windrow_schema::sql::quoted;

/// An entry: stamp, record, base, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    head: (i64, Value, i64),
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

/// All entries of a table, by stamp. Values of fields that an entry does not speak of must be NULL.
pub(crate) fn all(conn: &Connection, table: &Table) -> Vec<Entry> {
    let masks = table.columns.len().div_ceil(63);
    let log = quoted(&format!("windrow_log_{}", table.name));
    read(conn, &format!("SELECT * FROM {log} ORDER BY windrow_hlc")).iter().map(|row| entry(row, masks)).collect()
}

fn entry(row: &[Value], masks: usize) -> Entry {
    let number = |at: usize| match row[at] {
        Value::Integer(n) => n,
        ref other => panic!("{other:?} is no number"),
    };
    let values = row[4 + masks..].to_vec();
    let set: Vec<usize> = (0..values.len()).filter(|at| number(4 + at / 63) >> (at % 63) & 1 == 1).collect();
    let says = match number(1) {
        op @ (1 | 3) => {
            assert!(set.is_empty(), "an insert or a delete has no mask");
            Says::All(op, values)
        }
        4 => Says::Cascade(values, set),
        op => {
            let others = (0..values.len()).filter(|at| !set.contains(at));
            others.for_each(|at| assert_eq!(values[at], Value::Null, "a value of nothing"));
            Says::Some(op, set.into_iter().map(|at| (at, values[at].clone())).collect())
        }
    };
    Entry { head: (number(0), row[2].clone(), number(3)), says }
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
