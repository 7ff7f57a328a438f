//! A table's part of the view `windrow_changelog`.

use crate::sql::Sql;
use crate::sql::shape::{Shape, list};
use crate::sql::writer::Text;

/// `stamp, device, origin, "table", record, operation, fields, base`; the fields as a JSON array of names.
pub(crate) fn select(shape: &Shape<'_>) -> Sql {
    shape.sql(format!(
        "SELECT windrow_hlc AS stamp, (SELECT device FROM windrow_state) AS device, {ORIGIN} AS origin, {} AS \"table\", \
         windrow_id AS record, {OPERATION} AS operation, {} AS fields, windrow_base AS base FROM {}",
        Text(&shape.model.table),
        fields(shape),
        shape.log
    ))
}

/// An entry's origin is the last one at or below its stamp.
const ORIGIN: &str = "(SELECT origin FROM windrow_origins WHERE first <= windrow_hlc ORDER BY first DESC LIMIT 1)";

const OPERATION: &str = "CASE windrow_op WHEN 1 THEN 'insert' WHEN 2 THEN 'update' WHEN 3 THEN 'delete' \
                         WHEN 4 THEN 'cascade' WHEN 5 THEN 'stale' ELSE 'resolve' END";

/// The names whose bit is set; of an insert, all.
fn fields(shape: &Shape<'_>) -> String {
    let rows = list(shape.fields().iter().enumerate(), |(at, field)| {
        let (mask, bit) = shape.bit(at);
        format!("(windrow_op = 1 OR windrow_mask{mask} & {bit}, {})", Text(&field.column))
    });
    format!("(SELECT json_group_array(column2) FROM (VALUES {rows}) WHERE column1)")
}
