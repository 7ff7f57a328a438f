//! The statements of a device.

use crate::model::{Field, Model};
use crate::sql::shape::Shape;
use crate::sql::{Object, Sql, changelog, log, table, triggers};

/// The statements of a device for one table. What each is for, its parameters and columns are documented where they are
/// used, in the runtime's `DeviceSql`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Device {
    pub objects: Vec<Object>,
    pub triggers: Vec<Object>,
    pub leave: Vec<Object>,
    pub changelog: Sql,
    pub select: Sql,
    pub insert: Sql,
    pub put: Vec<Sql>,
    pub patch: Sql,
    pub edit: Sql,
    pub upsert: Sql,
    pub delete: Sql,
    pub neighbours: Sql,
    pub between: Sql,
    pub referring: Vec<Sql>,
    pub forget_notes: Sql,
    pub forget_leaving: Sql,
}

impl Device {
    /// Writes all statements of a model.
    pub fn of(model: &Model) -> Device {
        let shape = &Shape::new(model);
        Device {
            objects: objects(shape),
            triggers: triggers::all(shape),
            leave: triggers::leave(shape),
            changelog: changelog::select(shape),
            select: shape.sql(format!("SELECT \"id\", {} FROM {}", shape.columns(""), shape.table)),
            insert: shape.sql(insert(shape)),
            put: put(shape),
            patch: shape.sql(patch(shape, |_| false)),
            edit: shape.sql(patch(shape, Field::is_sum)),
            upsert: upsert(shape),
            delete: delete(shape),
            neighbours: neighbours(shape, &shape.table),
            between: between(shape, &shape.table),
            referring: referring(shape, &shape.table),
            forget_notes: shape.sql(forget(&shape.note)),
            forget_leaving: shape.sql(forget(&shape.leaving)),
        }
    }
}

/// Both sides of a foreign key look records up by the reference, so each has an index.
fn objects(shape: &Shape<'_>) -> Vec<Object> {
    let indexed = |f: &Field| f.parent.is_some() || f.unique || f.indexed;
    [table::device(shape), log::notes(shape)].into_iter().chain(table::indexes(shape, indexed)).collect()
}

/// Empties a table. Without a condition SQLite would write a page also where there is nothing in it.
fn forget(table: &str) -> String {
    format!("DELETE FROM {table} WHERE true")
}

fn insert(shape: &Shape<'_>) -> String {
    let parameters = shape.parameters(1, 1 + shape.fields().len());
    format!("INSERT INTO {} (\"id\", {}) VALUES ({parameters})", shape.table, shape.columns(""))
}

/// One statement for each field: what a patch says is mostly of one, and SQLite checks and indexes only what a statement names.
fn put(shape: &Shape<'_>) -> Vec<Sql> {
    let update = |f: &Field| format!("UPDATE {} SET {} = ?2 WHERE \"id\" = ?1", shape.table, f.quoted());
    shape.fields().iter().map(|f| shape.sql(update(f))).collect()
}

/// One statement for any set of fields: those whose bit is not set keep their value, and count as unchanged.
fn patch(shape: &Shape<'_>, adds: impl Fn(&Field) -> bool) -> String {
    let set = shape.each(|at, field| {
        let (mask, bit) = shape.bit(at);
        let (column, value) = (field.quoted(), format!("?{}", 2 + shape.masks() + at));
        let new = if adds(field) { format!("{column} + {value}") } else { value };
        format!("{column} = CASE WHEN ?{} & {bit} THEN {new} ELSE {column} END", 2 + mask)
    });
    format!("UPDATE {} SET {} WHERE \"id\" = ?1", shape.table, set.join(", "))
}

pub(crate) fn upsert(shape: &Shape<'_>) -> Sql {
    let set = shape.each(|_, f| format!("{0} = excluded.{0}", f.quoted())).join(", ");
    shape.sql(format!("{} ON CONFLICT (\"id\") DO UPDATE SET {set}", insert(shape)))
}

pub(crate) fn delete(shape: &Shape<'_>) -> Sql {
    shape.sql(format!("DELETE FROM {} WHERE \"id\" = ?1", shape.table))
}

pub(crate) fn neighbours(shape: &Shape<'_>, table: &str) -> Sql {
    let below = format!("SELECT max(\"id\") FROM {table} WHERE \"id\" < ?1");
    let above = format!("SELECT min(\"id\") FROM {table} WHERE \"id\" > ?1");
    shape.sql(format!("SELECT ({below}), ({above})"))
}

pub(crate) fn between(shape: &Shape<'_>, table: &str) -> Sql {
    shape.sql(format!("SELECT \"id\" FROM {table} WHERE \"id\" BETWEEN ?1 AND ?2 ORDER BY \"id\" LIMIT 2"))
}

pub(crate) fn referring(shape: &Shape<'_>, table: &str) -> Vec<Sql> {
    let select = |column: String| format!("SELECT \"id\" FROM {table} WHERE {column} = ?1 ORDER BY \"id\"");
    shape.model.references().map(|(_, f, _)| shape.sql(select(f.quoted()))).collect()
}
