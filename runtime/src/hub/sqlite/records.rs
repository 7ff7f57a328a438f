//! Records as the domain's tables and their versions hold them.

use super::tables::Tables;
use crate::hub::error::HubError;
use crate::hub::plain;
use crate::sqlite::{Bound, Repeated, value_of};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use windrow_protocol::change::Key;
use windrow_protocol::clock::Seq;
use windrow_protocol::id::RecordId;
use windrow_protocol::merge::{Wants, World};
use windrow_protocol::model::TableIx;
use windrow_protocol::record::Record;
use windrow_protocol::value::Value;

/// A record, dead or alive; none where the hub never heard of it.
pub(super) fn load(c: &Connection, tables: &Tables, (table, id): Key) -> Result<Option<Record>, HubError> {
    let mut statement = c.prepare_cached(&tables.sql(table).load)?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(|row| unpack(tables, table, row, 0)).transpose()
}

/// The record whose packed state stands in this column, with its fields behind.
pub(super) fn unpack(tables: &Tables, table: TableIx, row: &Row<'_>, at: usize) -> Result<Record, HubError> {
    let table = tables.schema.table(table);
    let packed = row.get_ref(at)?.as_blob().map_err(|_| HubError::Damaged(format!("a version of {}", table.name)))?;
    let field = |n| Ok(value_of(row.get_ref(at + 1 + n)?)?);
    let fields = (0..table.fields.len()).map(field).collect::<Result<_, HubError>>()?;
    Ok(Record::unpack(table, packed, Some(fields))?)
}

/// The id in a column.
pub(super) fn id(row: &Row<'_>, at: usize) -> Result<RecordId, HubError> {
    let bytes = row.get_ref(at)?.as_blob().map_err(|_| HubError::Damaged("an id".into()))?;
    RecordId::from_slice(bytes).ok_or_else(|| HubError::Damaged("an id".into()))
}

/// Loads what a merge asked for.
pub(super) fn fill(c: &Connection, tables: &Tables, wants: Wants, world: &mut World) -> Result<(), HubError> {
    for key in wants.records {
        world.add_record(key, load(c, tables, key)?);
    }
    for (child, field, parent) in wants.children {
        let sql =
            tables.sql(child).referring(field).ok_or_else(|| asked("children by a field that is no reference"))?;
        let children = ids(c, sql, &[&parent.0])?;
        for key in children.iter().map(|id| (child, *id)) {
            if !world.has_record(key) {
                world.add_record(key, load(c, tables, key)?);
            }
        }
        world.add_children(child, field, parent, children);
    }
    for (table, field, value, except) in wants.same {
        let sql = tables.sql(table).same(field).ok_or_else(|| asked("equal values of a field that is not unique"))?;
        let found = ids(c, sql, &[&Bound(&value), &except.0])?;
        world.add_same(table, field, value, except, found);
    }
    Ok(())
}

fn asked(what: &str) -> HubError {
    HubError::Defect(format!("merging asked for {what}"))
}

/// The ids that a statement of one column finds.
pub(super) fn ids(c: &Connection, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<RecordId>, HubError> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(id(row, 0)?);
    }
    Ok(found)
}

/// The one record whose id begins as the range does; none where there are several, or none.
pub(super) fn only_between(
    c: &Connection,
    tables: &Tables,
    table: TableIx,
    range: (RecordId, RecordId),
) -> Result<Option<RecordId>, HubError> {
    match ids(c, &tables.sql(table).between, &[&range.0.0, &range.1.0])?.as_slice() {
        [only] => Ok(Some(*only)),
        _ => Ok(None),
    }
}

/// The ids next to a record's, on both sides.
pub(super) fn neighbours(c: &Connection, tables: &Tables, (table, id): Key) -> Result<[Option<RecordId>; 2], HubError> {
    let sql = &tables.sql(table).neighbours;
    let read = |r: &Row<'_>| Ok([r.get::<_, Option<[u8; 16]>>(0)?, r.get(1)?]);
    Ok(c.one(sql, [id.0], read)?.map(|id| id.map(RecordId)))
}

/// What a record is stored under: its scope, if it has one; nothing where it is not stored.
pub(super) fn scope(c: &Connection, tables: &Tables, (table, id): Key) -> Result<Option<Option<RecordId>>, HubError> {
    let sql = &tables.sql(table).scope;
    let found: Option<Option<[u8; 16]>> = c.one(sql, [id.0], |r| r.get(0)).optional()?;
    Ok(found.map(|scope| scope.map(RecordId)))
}

/// Writes a record's version under its scope.
pub(super) fn save_version(
    c: &Connection,
    tables: &Tables,
    (table, id): Key,
    record: &Record,
    scope: Option<RecordId>,
) -> Result<(), HubError> {
    let sql = tables.sql(table);
    let blob = |id: RecordId| Value::Blob(id.0.to_vec());
    let mut params = vec![
        blob(id),
        scope.map_or(Value::Null, blob),
        Value::Integer(record.seq().to_i64()),
        Value::Integer(record.born.to_i64()),
        Value::Integer(record.died.to_i64()),
        Value::Integer(record.inserted.hlc.to_i64()),
        Value::Integer(record.inserted.author.to_i64()),
        Value::Blob(record.pack()?),
    ];
    params.extend(sql.references().map(|field| record.reference(field).map_or(Value::Null, blob)));
    c.run(&sql.save, params_from_iter(params.iter().map(Bound)))?;
    Ok(())
}

/// Writes the row that shows a record; a dead record has none.
pub(super) fn show(c: &Connection, tables: &Tables, (table, id): Key, record: &Record) -> rusqlite::Result<()> {
    let (sql, id) = (tables.sql(table), Value::Blob(id.0.to_vec()));
    match record.shown() {
        Some(fields) => {
            let params = std::iter::once(&id).chain(&fields).map(Bound);
            c.run(&sql.upsert, params_from_iter(params))?;
        }
        None => {
            c.run(&sql.delete, [Bound(&id)])?;
        }
    }
    Ok(())
}

/// Makes `windrow_conflicts` say what the record says.
pub(super) fn save_conflicts(c: &Connection, tables: &Tables, key: Key, record: &Record) -> Result<(), HubError> {
    if record.conflicts_seq == Seq::ZERO {
        return Ok(());
    }
    let ((table, id), t) = (key, tables.schema.table(key.0));
    let forget = "DELETE FROM windrow_conflicts WHERE position = ?1 AND record = ?2";
    c.run(forget, params![table as i64, id.0])?;
    let open = if record.alive { record.conflicts(t) } else { Vec::new() };
    for (number, conflict) in open.iter().enumerate() {
        let sql = "INSERT INTO windrow_conflicts (position, record, number, tbl, seq, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let detail = plain::conflict(&tables.schema, key, conflict).to_string();
        let row = params![table as i64, id.0, number as i64, t.name, conflict.seq.to_i64(), detail];
        c.run(sql, row)?;
    }
    Ok(())
}
