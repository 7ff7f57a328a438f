//! The statements of a hub on SQLite.

use crate::model::{Field, Model};
use crate::sql::shape::{Shape, list};
use crate::sql::writer::beside;
use crate::sql::{Object, Sql, device, table};

/// The statements of a hub for one table. What each is for, its parameters and columns are documented where they are
/// used, in the runtime's `HubSql`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Hub {
    pub objects: Vec<Object>,
    pub load: Sql,
    pub save: Sql,
    pub upsert: Sql,
    pub delete: Sql,
    pub scan: Sql,
    pub referring: Vec<Sql>,
    pub same: Vec<Sql>,
    pub scope: Sql,
    pub neighbours: Sql,
    pub between: Sql,
}

impl Hub {
    /// Writes all statements of a model.
    pub fn of(model: &Model) -> Hub {
        let shape = &Shape::new(model);
        Hub {
            objects: objects(shape),
            load: load(shape),
            save: save(shape),
            upsert: device::upsert(shape),
            delete: device::delete(shape),
            scan: scan(shape),
            referring: device::referring(shape, &shape.versions),
            same: same(shape),
            scope: shape.sql(format!("SELECT windrow_scope FROM {} WHERE \"id\" = ?1", shape.versions)),
            neighbours: device::neighbours(shape, &shape.versions),
            between: device::between(shape, &shape.versions),
        }
    }
}

fn objects(shape: &Shape<'_>) -> Vec<Object> {
    let mut objects = vec![table::hub(shape), versions(shape)];
    objects.push(table::index(shape, &shape.versions, "seq", "windrow_seq, \"id\""));
    objects
        .extend(references(shape).map(|(at, f)| table::index(shape, &shape.versions, &format!("v{at}"), &f.quoted())));
    objects.extend(table::indexes(shape, |f| f.unique || f.indexed));
    objects
}

pub(crate) const VERSION: [(&str, &str); 7] = [
    ("windrow_scope", "BLOB"),
    ("windrow_seq", "INTEGER NOT NULL"),
    ("windrow_born", "INTEGER"),
    ("windrow_died", "INTEGER"),
    ("windrow_inserted", "INTEGER"),
    ("windrow_inserted_by", "INTEGER"),
    ("windrow_packed", "BLOB NOT NULL"),
];

fn versions(shape: &Shape<'_>) -> Object {
    let own = VERSION.iter().map(|(name, ty)| format!("{name} {ty}"));
    let columns = own.chain(references(shape).map(|(_, f)| format!("{} BLOB", f.quoted())));
    let text = format!(
        "CREATE TABLE {} (\n  \"id\" BLOB NOT NULL PRIMARY KEY,\n  {}\n) STRICT, WITHOUT ROWID",
        shape.versions,
        columns.collect::<Vec<_>>().join(",\n  ")
    );
    shape.object(beside("versions", &shape.model.table), text)
}

fn save(shape: &Shape<'_>) -> Sql {
    let references = references(shape).map(|(_, f)| f.quoted());
    let columns: Vec<_> = VERSION.iter().map(|(name, _)| (*name).to_owned()).chain(references).collect();
    let set = list(columns.iter(), |c| format!("{c} = excluded.{c}"));
    shape.sql(format!(
        "INSERT INTO {} (\"id\", {}) VALUES ({}) ON CONFLICT (\"id\") DO UPDATE SET {set}",
        shape.versions,
        columns.join(", "),
        shape.parameters(1, 1 + columns.len())
    ))
}

fn load(shape: &Shape<'_>) -> Sql {
    let fields = shape.columns("windrow_row.");
    shape.sql(format!(
        "SELECT windrow_scope, windrow_packed, {fields} FROM {} WHERE windrow_version.\"id\" = ?1",
        joined(shape)
    ))
}

fn scan(shape: &Shape<'_>) -> Sql {
    let place = "windrow_version.windrow_seq, windrow_version.\"id\"";
    shape.sql(format!(
        "SELECT windrow_version.\"id\", windrow_seq, windrow_packed, {} FROM {} WHERE ({place}) > (?1, ?2) ORDER BY {place} LIMIT ?3",
        shape.columns("windrow_row."),
        joined(shape)
    ))
}

/// Each version with its row, which the dead don't have.
fn joined(shape: &Shape<'_>) -> String {
    format!(
        "{} AS windrow_version LEFT JOIN {} AS windrow_row ON windrow_row.\"id\" = windrow_version.\"id\"",
        shape.versions, shape.table
    )
}

/// Of so many records with one unique value a clash is told; a hub with more has another trouble than that.
const SAME: usize = 64;

fn same(shape: &Shape<'_>) -> Vec<Sql> {
    let select = |f: &Field| {
        let column = f.quoted();
        shape.sql(format!(
            "SELECT \"id\" FROM {} WHERE {column} = ?1 AND \"id\" <> ?2 ORDER BY \"id\" LIMIT {SAME}",
            shape.table
        ))
    };
    shape.fields().iter().filter(|f| f.unique).map(select).collect()
}

fn references<'a>(shape: &Shape<'a>) -> impl Iterator<Item = (usize, &'a Field)> {
    shape.fields().iter().enumerate().filter(|(_, f)| f.parent.is_some())
}
