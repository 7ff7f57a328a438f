//! A table's part of the view `windrow_changelog`.

use crate::sql::Sql;
use crate::sql::log::value;
use crate::sql::shape::{Shape, list};
use crate::sql::writer::Text;

/// `stamp, device, origin, "table", record, operation, fields, base`, of the log and its stamps (`windrow_stamps`); the fields as
/// a JSON array of names.
pub(crate) fn select(shape: &Shape<'_>) -> Sql {
    shape.sql(format!(
        "SELECT stamp, (SELECT device FROM windrow_state) AS device, {ORIGIN} AS origin, \"table\", record, {OPERATION} AS operation, \
         {} AS fields, base FROM windrow_stamps JOIN windrow_log USING (number) WHERE \"table\" = {} AND windrow_log.operation > 0",
        fields(shape),
        Text(&shape.model.table)
    ))
}

/// An entry's origin is the last one at or below its stamp.
const ORIGIN: &str = "(SELECT origin FROM windrow_origins WHERE first <= stamp ORDER BY first DESC LIMIT 1)";

const OPERATION: &str = "CASE operation WHEN 1 THEN 'insert' WHEN 2 THEN 'update' WHEN 3 THEN 'delete' \
                         WHEN 4 THEN 'cascade' WHEN 5 THEN 'stale' ELSE 'resolve' END";

/// The names whose bit is set; of an update also those with a value; of an insert, all.
fn fields(shape: &Shape<'_>) -> String {
    let rows = list(shape.fields().iter().enumerate(), |(at, field)| {
        let (mask, bit) = shape.bit(at);
        let (value, name) = (value(at), Text(&field.column));
        format!(
            "(windrow_log.operation = 1 OR mask{mask} & {bit} OR windrow_log.operation = 2 AND {value} IS NOT NULL, {name})"
        )
    });
    format!("(SELECT json_group_array(column2) FROM (VALUES {rows}) WHERE column1)")
}
