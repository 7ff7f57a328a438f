//! Rows and values, in and out.

use super::error::StoreError;
use crate::sqlite::{Bound, Repeated, value_of};
use rusqlite::{Connection, Row, params_from_iter};
use windrow_protocol::id::RecordId;
use windrow_protocol::model::{Field, FieldIx, Table};
use windrow_protocol::value::Value;

/// Runs a statement; how many rows it changed.
pub(super) fn execute(conn: &Connection, sql: &str, args: &[Value]) -> rusqlite::Result<usize> {
    conn.run(sql, params_from_iter(args.iter().map(Bound)))
}

/// An id as a parameter.
pub(super) fn id_value(id: RecordId) -> Value {
    Value::Blob(id.0.to_vec())
}

/// The bit masks of some of so many fields: bit `i % 63` of mask `i / 63`.
pub(super) fn masks(count: usize, fields: impl IntoIterator<Item = FieldIx>) -> Vec<Value> {
    let mut masks = vec![0_i64; mask_count(count)];
    for field in fields {
        masks[field / 63] |= 1 << (field % 63);
    }
    masks.into_iter().map(Value::Integer).collect()
}

/// How many masks so many fields have.
pub(super) fn mask_count(fields: usize) -> usize {
    fields.div_ceil(63).max(1)
}

/// Some of so many fields as a full row, NULL elsewhere.
pub(super) fn sparse(count: usize, fields: impl IntoIterator<Item = (FieldIx, Value)>) -> Vec<Value> {
    let mut row = vec![Value::Null; count];
    for (field, value) in fields {
        row[field] = value;
    }
    row
}

/// The parameters of a statement that takes an id, masks and fields.
pub(super) fn masked(table: &Table, id: RecordId, fields: Vec<(FieldIx, Value)>) -> Vec<Value> {
    let count = table.fields.len();
    let masks = masks(count, fields.iter().map(|(f, _)| *f));
    std::iter::once(id_value(id)).chain(masks).chain(sparse(count, fields)).collect()
}

/// The id in a column.
pub(super) fn id_of(row: &Row<'_>, at: usize) -> Result<RecordId, StoreError> {
    let bytes = row.get_ref(at)?.as_blob().ok().and_then(RecordId::from_slice);
    bytes.ok_or_else(|| StoreError::Damaged("an id is not a BLOB of 16 bytes".into()))
}

/// A record's fields, beginning at a column.
pub(super) fn fields_of(row: &Row<'_>, at: usize, table: &Table, id: RecordId) -> Result<Vec<Value>, StoreError> {
    let read = |(i, field): (usize, &Field)| {
        value_of(row.get_ref(at + i)?).map_err(|_| {
            StoreError::Damaged(format!("{} {id}: {} is text but not UTF-8; write it anew", table.name, field.name))
        })
    };
    table.fields.iter().enumerate().map(read).collect()
}

/// A record's fields, beginning at a column, and whether all text in them is UTF-8; what is not is replaced.
pub(super) fn fields_or_replaced(row: &Row<'_>, at: usize, table: &Table) -> Result<(Vec<Value>, bool), StoreError> {
    let (mut fields, mut exact) = (Vec::with_capacity(table.fields.len()), true);
    for i in 0..table.fields.len() {
        let column = row.get_ref(at + i)?;
        fields.push(value_of(column).unwrap_or_else(|_| {
            exact = false;
            Value::Text(String::from_utf8_lossy(column.as_bytes().unwrap_or_default()).into_owned())
        }));
    }
    Ok((fields, exact))
}

/// The ids that a statement of one column finds.
pub(super) fn ids(conn: &Connection, sql: &str, args: &[Value]) -> Result<Vec<RecordId>, StoreError> {
    let mut query = conn.prepare_cached(sql)?;
    let mut rows = query.query(params_from_iter(args.iter().map(Bound)))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(id_of(row, 0)?);
    }
    Ok(ids)
}
