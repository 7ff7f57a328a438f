//! A domain made ready for use: its schema resolved, its statements joined.

use super::error::{OpenError, WriteError};
use super::log::LogSql;
use super::objects::{self, Wanted};
use crate::domain::{Domain, Sql, Table};
use windrow_protocol::change::Key;
use windrow_protocol::model::{self, Edge, FieldIx, Schema, TableIx};

/// What a store knows of its domain.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) domain: &'static Domain,
    pub(crate) schema: Schema,
    objects: Vec<Wanted>,
    statements: Vec<Statements>,
    pub(super) log: LogSql,
}

/// The statements of one table, as [`crate::domain::DeviceSql`] describes them.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) select: String,
    pub(crate) by_id: String,
    pub(crate) insert: String,
    pub(crate) put: Vec<String>,
    pub(crate) patch: String,
    pub(crate) edit: String,
    pub(crate) upsert: String,
    pub(crate) delete: String,
    pub(crate) neighbours: String,
    pub(crate) between: String,
    referring: Vec<(FieldIx, String)>,
    pub(crate) forget_notes: String,
    pub(crate) forget_leaving: String,
}

/// The text of a statement.
pub(super) fn join(sql: Sql) -> String {
    sql.concat()
}

impl Plan {
    pub(super) fn new(domain: &'static Domain) -> Result<Plan, OpenError> {
        let schema = Schema::new(domain.tables.iter().map(|t| t.model).collect())
            .map_err(|e| OpenError::Domain { domain: domain.name, reason: e.to_string() })?;
        let statements = domain.tables.iter().map(|t| Statements::new(t)).collect();
        let log = LogSql::of(domain);
        let objects = objects::wanted(domain, &schema, &log);
        Ok(Plan { domain, schema, objects, statements, log })
    }

    /// The positions of all tables, parents before children.
    pub(super) fn tables(&self) -> std::ops::Range<TableIx> {
        0..self.statements.len()
    }

    pub(super) fn table(&self, table: TableIx) -> &model::Table {
        self.schema.table(table)
    }

    pub(super) fn sql(&self, table: TableIx) -> &Statements {
        &self.statements[table]
    }

    /// Where a type's table stands in this domain.
    pub(super) fn find(&self, table: &Table) -> Result<TableIx, WriteError> {
        self.schema
            .find(table.model.name)
            .ok_or(WriteError::NotInDomain { type_name: table.model.type_name, domain: self.domain.name })
    }

    /// What a file is to have, in the order in which to create it.
    pub(super) fn objects(&self) -> &[Wanted] {
        &self.objects
    }

    /// The statements that find what refers to a record of this table, each with the reference.
    pub(super) fn referring(&self, table: TableIx) -> impl Iterator<Item = (&Edge, &str)> {
        self.schema.children(table).iter().filter_map(|edge| {
            let made = self.statements[edge.child].referring.iter().find(|(field, _)| *field == edge.field)?;
            Some((edge, made.1.as_str()))
        })
    }

    /// A record's table, for messages.
    pub(super) fn name(&self, key: Key) -> &'static str {
        self.schema.table(key.0).name
    }
}

impl Statements {
    fn new(table: &Table) -> Statements {
        let sql = &table.device;
        let references = (0..table.model.fields.len()).filter(|f| table.model.fields[*f].parent.is_some());
        let select = join(sql.select);
        Statements {
            by_id: format!("{select} WHERE id = ?1"),
            select,
            insert: join(sql.insert),
            put: sql.put.iter().map(|s| join(s)).collect(),
            patch: join(sql.patch),
            edit: join(sql.edit),
            upsert: join(sql.upsert),
            delete: join(sql.delete),
            neighbours: join(sql.neighbours),
            between: join(sql.between),
            referring: references.zip(sql.referring.iter().map(|s| join(s))).collect(),
            forget_notes: join(sql.forget_notes),
            forget_leaving: join(sql.forget_leaving),
        }
    }
}
