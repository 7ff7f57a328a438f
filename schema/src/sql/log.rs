//! The log of a table, and the notes that tell a REPLACE from an insert.

use crate::sql::shape::{Shape, list};
use crate::sql::writer::beside;
use crate::sql::{Object, Sql, check};

/// The log: one row an operation, its values typed as in the table.
pub(crate) fn table(shape: &Shape<'_>) -> Object {
    let masks = list(0..shape.masks(), |m| format!("windrow_mask{m} INTEGER NOT NULL"));
    let text = format!(
        "CREATE TABLE {} (\n  windrow_hlc INTEGER PRIMARY KEY,\n  windrow_op INTEGER NOT NULL,\n  windrow_id BLOB NOT NULL,\n  \
         windrow_base INTEGER NOT NULL,\n  {masks},\n  {}\n) STRICT",
        shape.log,
        values(shape)
    );
    shape.object(beside("log", &shape.model.table), text)
}

/// The notes: what a record held before an `INSERT` under its id, and the HLC then.
pub(crate) fn notes(shape: &Shape<'_>) -> Object {
    let text = format!(
        "CREATE TABLE {} (\n  windrow_id BLOB NOT NULL PRIMARY KEY,\n  windrow_hlc INTEGER NOT NULL,\n  {}\n) STRICT, WITHOUT ROWID",
        shape.note,
        values(shape)
    );
    shape.object(beside("note", &shape.model.table), text)
}

fn values(shape: &Shape<'_>) -> String {
    shape.each(|_, f| format!("{} {}", f.quoted(), check::storage(&f.kind))).join(",\n  ")
}

/// All columns of the log, in order.
pub(crate) fn columns(shape: &Shape<'_>) -> String {
    format!("windrow_hlc, windrow_op, windrow_id, windrow_base, {}, {}", shape.mask_columns(), shape.columns(""))
}

pub(crate) fn read(shape: &Shape<'_>) -> Sql {
    shape.sql(format!("SELECT {} FROM {} WHERE {BETWEEN} ORDER BY windrow_hlc", columns(shape), shape.log))
}

pub(crate) fn append(shape: &Shape<'_>) -> Sql {
    let parameters = shape.parameters(1, 4 + shape.masks() + shape.fields().len());
    shape.sql(format!("INSERT INTO {} ({}) VALUES ({parameters})", shape.log, columns(shape)))
}

pub(crate) fn rewrite(shape: &Shape<'_>) -> Sql {
    let masks = (0..shape.masks()).map(|m| format!("windrow_mask{m}"));
    let values = masks.chain(shape.fields().iter().map(|f| f.quoted())).enumerate();
    let set = list(values, |(i, column)| format!("{column} = ?{}", i + 2));
    shape.sql(format!("UPDATE {} SET {set} WHERE windrow_hlc = ?1", shape.log))
}

pub(crate) fn forget(shape: &Shape<'_>) -> Sql {
    shape.sql(format!("DELETE FROM {} WHERE {BETWEEN} AND windrow_id = ?3", shape.log))
}

pub(crate) fn prune(shape: &Shape<'_>) -> Sql {
    let log = &shape.log;
    let oldest = format!("SELECT windrow_hlc FROM {log} WHERE {BETWEEN} ORDER BY windrow_hlc LIMIT ?3");
    shape.sql(format!("DELETE FROM {log} WHERE windrow_hlc IN ({oldest})"))
}

pub(crate) fn rebase(shape: &Shape<'_>) -> Sql {
    shape.sql(format!("UPDATE {} SET windrow_base = ?1 WHERE windrow_base > ?1", shape.log))
}

const BETWEEN: &str = "windrow_hlc > ?1 AND windrow_hlc <= ?2";
