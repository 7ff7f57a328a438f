//! Records as the domain's tables and their versions hold them.

use super::tables::Tables;
use crate::hub::error::HubError;
use crate::hub::plain;
use crate::sqlite::{Bound, Repeated, value_of};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use windrow_protocol::change::Key;
use windrow_protocol::clock::Seq;
use windrow_protocol::id::RecordId;
use windrow_protocol::merge::{Wants, World};
use windrow_protocol::model::TableIx;
use windrow_protocol::record::Record;
use windrow_protocol::value::Value;

/// A record, dead or alive; none where the hub never heard of it.
pub(super) fn load(c: &Connection, tables: &Tables, key: Key) -> Result<Option<Record>, HubError> {
    Ok(Loading::new(c, tables).load(key)?.map(|(record, _)| record))
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

/// Records read one after the other, those of one table by one statement.
struct Loading<'a> {
    c: &'a Connection,
    tables: &'a Tables,
    statement: Option<(TableIx, CachedStatement<'a>)>,
}

impl<'a> Loading<'a> {
    fn new(c: &'a Connection, tables: &'a Tables) -> Loading<'a> {
        Loading { c, tables, statement: None }
    }

    /// A record with its scope.
    fn load(&mut self, (table, id): Key) -> Result<Option<(Record, Option<RecordId>)>, HubError> {
        let statement = match self.statement.take().filter(|(of, _)| *of == table) {
            Some((_, statement)) => statement,
            None => self.c.prepare_cached(&self.tables.sql(table).load)?,
        };
        let (_, statement) = self.statement.insert((table, statement));
        let mut rows = statement.query([id.0])?;
        let read = |row: &Row<'_>| {
            let scope = row.get::<_, Option<[u8; 16]>>(0)?.map(RecordId);
            Ok((unpack(self.tables, table, row, 1)?, scope))
        };
        rows.next()?.map(read).transpose()
    }
}

/// What is loaded for a merge.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) world: World,
    /// The scopes under which records are stored, of those that are.
    scopes: HashMap<Key, Option<RecordId>>,
    /// About how many bytes the records take.
    bytes: usize,
}

impl Loaded {
    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        self.bytes + self.scopes.len() * size_of::<(Key, Option<RecordId>)>()
    }

    /// What a record is stored under: its scope, if it has one; nothing where it is not stored. Of records that were loaded.
    pub(super) fn scope(&self, key: Key) -> Option<Option<RecordId>> {
        self.scopes.get(&key).copied()
    }

    /// Loads what a merge asked for: records in order of their keys, so that each page is met once.
    pub(super) fn fill(&mut self, c: &Connection, tables: &Tables, mut wants: Wants) -> Result<(), HubError> {
        let mut loading = Loading::new(c, tables);
        wants.records.sort_unstable();
        wants.records.into_iter().try_for_each(|key| self.add(&mut loading, key))?;
        for (child, field, parent) in wants.children {
            let sql =
                tables.sql(child).referring(field).ok_or_else(|| asked("children by a field that is no reference"))?;
            let children = ids(c, sql, &[&parent.0])?;
            for key in children.iter().map(|id| (child, *id)) {
                if !self.world.has_record(key) {
                    self.add(&mut loading, key)?;
                }
            }
            self.world.add_children(child, field, parent, children);
        }
        for (table, field, value, except) in wants.same {
            let sql =
                tables.sql(table).same(field).ok_or_else(|| asked("equal values of a field that is not unique"))?;
            let found = ids(c, sql, &[&Bound(&value), &except.0])?;
            self.world.add_same(table, field, value, except, found);
        }
        Ok(())
    }

    fn add(&mut self, loading: &mut Loading<'_>, key: Key) -> Result<(), HubError> {
        let found = loading.load(key)?.map(|(record, scope)| {
            self.scopes.insert(key, scope);
            self.bytes += record.weight();
            record
        });
        self.world.add_record(key, found);
        Ok(())
    }
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

/// Records written one after the other, those of one table by the same statements.
pub(super) struct Saving<'a> {
    c: &'a Connection,
    tables: &'a Tables,
    statements: Option<Statements<'a>>,
}

/// What writes the records of one table.
struct Statements<'a> {
    table: TableIx,
    save: CachedStatement<'a>,
    upsert: CachedStatement<'a>,
}

impl<'a> Saving<'a> {
    pub(super) fn new(c: &'a Connection, tables: &'a Tables) -> Saving<'a> {
        Saving { c, tables, statements: None }
    }

    fn statements(&mut self, table: TableIx) -> rusqlite::Result<&mut Statements<'a>> {
        let statements = match self.statements.take().filter(|s| s.table == table) {
            Some(statements) => statements,
            None => {
                let sql = self.tables.sql(table);
                let (save, upsert) = (self.c.prepare_cached(&sql.save)?, self.c.prepare_cached(&sql.upsert)?);
                Statements { table, save, upsert }
            }
        };
        Ok(self.statements.insert(statements))
    }

    /// Writes a record's version under its scope.
    pub(super) fn version(
        &mut self,
        (table, id): Key,
        record: &Record,
        scope: Option<RecordId>,
    ) -> Result<(), HubError> {
        let packed = record.pack()?;
        let references = self.tables.sql(table).references();
        let save = &mut self.statements(table)?.save;
        save.raw_bind_parameter(1, id.0)?;
        save.raw_bind_parameter(2, scope.map(|scope| scope.0))?;
        let inserted = record.inserted;
        let numbers = [
            record.seq().to_i64(),
            record.born.to_i64(),
            record.died.to_i64(),
            inserted.hlc.to_i64(),
            inserted.author.to_i64(),
        ];
        for (at, number) in (3..).zip(numbers) {
            save.raw_bind_parameter(at, number)?;
        }
        save.raw_bind_parameter(8, packed)?;
        for (at, field) in (9..).zip(references) {
            save.raw_bind_parameter(at, record.reference(field).map(|id| id.0))?;
        }
        save.raw_execute()?;
        Ok(())
    }

    /// Writes the row that shows a record; a dead record has none.
    pub(super) fn show(&mut self, (table, id): Key, record: &Record) -> rusqlite::Result<()> {
        if !record.alive {
            return self.c.run(&self.tables.sql(table).delete, [id.0]).map(drop);
        }
        let upsert = &mut self.statements(table)?.upsert;
        upsert.raw_bind_parameter(1, id.0)?;
        for (at, register) in (2..).zip(&record.fields) {
            upsert.raw_bind_parameter(at, Bound(if register.nulled { &Value::Null } else { &register.value }))?;
        }
        upsert.raw_execute().map(drop)
    }
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
