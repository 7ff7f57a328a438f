//! The domain's statements, joined to texts once.

use crate::domain::{Domain, Sql};
use crate::hub::error::OpenError;
use windrow_protocol::message::{Problem, ProblemKind};
use windrow_protocol::model::{FieldIx, Schema, TableIx};
use windrow_protocol::versions::{Lineage, Version};

/// A domain's schema and, for each table, what a hub runs.
pub(super) struct Tables {
    /// What merging knows.
    pub(super) schema: Schema,
    /// The number of its version.
    pub(super) version: u32,
    /// Which versions of it devices may speak.
    pub(super) lineage: Lineage,
    /// In the schema's order.
    sql: Vec<TableSql>,
    /// For each table whether its records may have a scope.
    scoped: Vec<bool>,
}

/// The texts of one table; each is described at [`crate::domain::HubSql`].
pub(super) struct TableSql {
    pub(super) load: String,
    pub(super) save: String,
    pub(super) upsert: String,
    pub(super) delete: String,
    pub(super) scan: String,
    pub(super) scope: String,
    pub(super) neighbours: String,
    pub(super) between: String,
    referring: Vec<(FieldIx, String)>,
    same: Vec<(FieldIx, String)>,
}

impl Tables {
    /// Those of a domain.
    pub(super) fn new(domain: &Domain) -> Result<Tables, OpenError> {
        let sql = domain.tables.iter().map(|t| TableSql::new(t)).collect();
        let schema = schema_of(domain)?;
        let lineage = Lineage::new(&schema, &domain.models());
        let lineage = lineage.map_err(|source| OpenError::Domain { domain: domain.name, source })?;
        let scoped = scoped(&schema);
        Ok(Tables { schema, version: domain.version(), lineage, sql, scoped })
    }

    /// The version of this digest.
    ///
    /// # Errors
    /// One that this hub does not know.
    pub(super) fn version(&self, digest: [u8; 8]) -> Result<&Version, Problem> {
        let detail = "The device's program was built with another schema than the hub's, and the hub does not know it as an \
                      earlier one; update the older of the two.";
        self.lineage.version(digest).ok_or_else(|| Problem::new(ProblemKind::UnknownVersion, detail))
    }

    pub(super) fn sql(&self, table: TableIx) -> &TableSql {
        &self.sql[table]
    }

    /// Whether records of this table may have a scope: it roots one, or a parent of theirs may have one.
    pub(super) fn may_have_scope(&self, table: TableIx) -> bool {
        self.scoped[table]
    }
}

/// Parents' tables stand first, so that one look at each table is enough.
fn scoped(schema: &Schema) -> Vec<bool> {
    let mut scoped = vec![false; schema.tables().len()];
    for table in 0..scoped.len() {
        scoped[table] = schema.table(table).scope || schema.parents(table).iter().any(|edge| scoped[edge.parent]);
    }
    scoped
}

/// The schema of a domain.
///
/// # Errors
/// Tables that make no domain; the macros let none through.
pub(crate) fn schema_of(domain: &Domain) -> Result<Schema, OpenError> {
    let models = domain.tables.iter().map(|t| t.model).collect();
    Schema::new(models).map_err(|source| OpenError::Domain { domain: domain.name, source })
}

impl TableSql {
    fn new(table: &crate::domain::Table) -> TableSql {
        let (hub, fields) = (&table.hub, table.model.fields);
        let positions =
            |is: fn(&windrow_protocol::model::Field) -> bool| (0..fields.len()).filter(move |f| is(&fields[*f]));
        TableSql {
            load: join(hub.load),
            save: join(hub.save),
            upsert: join(hub.upsert),
            delete: join(hub.delete),
            scan: join(hub.scan),
            scope: join(hub.scope),
            neighbours: join(hub.neighbours),
            between: join(hub.between),
            referring: positions(|f| f.parent.is_some()).zip(hub.referring.iter().map(|s| join(s))).collect(),
            same: positions(|f| f.unique).zip(hub.same.iter().map(|s| join(s))).collect(),
        }
    }

    /// The fields that are references, in order.
    pub(super) fn references(&self) -> impl Iterator<Item = FieldIx> + '_ {
        self.referring.iter().map(|(field, _)| *field)
    }

    /// Which records refer to `?1` by this field; none where it is no reference.
    pub(super) fn referring(&self, field: FieldIx) -> Option<&str> {
        self.referring.iter().find(|(f, _)| *f == field).map(|(_, sql)| sql.as_str())
    }

    /// Which other record than `?2` shows `?1` in this field; none where it is not unique.
    pub(super) fn same(&self, field: FieldIx) -> Option<&str> {
        self.same.iter().find(|(f, _)| *f == field).map(|(_, sql)| sql.as_str())
    }
}

/// The text of a statement in pieces.
pub(super) fn join(sql: Sql) -> String {
    sql.concat()
}
