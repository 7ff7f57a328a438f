//! Domains made while the program runs, from models or from a lock: what `domain!` makes of structs when it compiles. They
//! are constants like those, so they live as long as the program does.

mod version;

pub use version::{tables, versions, versions_by};

use windrow::Domain;
use windrow::domain::{DeviceSql, Earlier, HubSql, Object, Sql, Table};
use windrow::protocol::model;
use windrow_schema::{Model, sql};

/// A domain of these tables, parents before children, and of these versions before it, oldest first.
pub fn domain(name: &'static str, tables: Vec<&'static Table>, earlier: Vec<Earlier>) -> &'static Domain {
    Box::leak(Box::new(Domain { name, tables: tables.leak(), earlier: earlier.leak() }))
}

/// A table: its shape, and the statements for the struct that was read, each as `render` fills it in.
pub fn table(shape: model::Table, read: &Model, render: impl Fn(&sql::Sql) -> String) -> &'static Table {
    let statements = Statements(&render);
    let (device, hub) = (statements.device(sql::Device::of(read)), statements.hub(sql::Hub::of(read)));
    Box::leak(Box::new(Table { model: shape, device, hub }))
}

struct Statements<'a>(&'a dyn Fn(&sql::Sql) -> String);

impl Statements<'_> {
    fn one(&self, statement: &sql::Sql) -> Sql {
        let text: &'static str = (self.0)(statement).leak();
        vec![text].leak()
    }

    fn all(&self, statements: &[sql::Sql]) -> &'static [Sql] {
        statements.iter().map(|s| self.one(s)).collect::<Vec<_>>().leak()
    }

    fn objects(&self, objects: Vec<sql::Object>) -> &'static [Object] {
        let object = |o: sql::Object| Object { name: o.name.leak(), sql: self.one(&o.sql) };
        objects.into_iter().map(object).collect::<Vec<_>>().leak()
    }

    fn device(&self, d: sql::Device) -> DeviceSql {
        DeviceSql {
            changelog: self.one(&d.changelog),
            select: self.one(&d.select),
            insert: self.one(&d.insert),
            put: self.all(&d.put),
            patch: self.one(&d.patch),
            edit: self.one(&d.edit),
            upsert: self.one(&d.upsert),
            delete: self.one(&d.delete),
            neighbours: self.one(&d.neighbours),
            between: self.one(&d.between),
            referring: self.all(&d.referring),
            forget_notes: self.one(&d.forget_notes),
            forget_leaving: self.one(&d.forget_leaving),
            objects: self.objects(d.objects),
            triggers: self.objects(d.triggers),
            leave: self.objects(d.leave),
        }
    }

    fn hub(&self, h: sql::Hub) -> HubSql {
        HubSql {
            load: self.one(&h.load),
            save: self.one(&h.save),
            upsert: self.one(&h.upsert),
            delete: self.one(&h.delete),
            scan: self.one(&h.scan),
            scope: self.one(&h.scope),
            neighbours: self.one(&h.neighbours),
            between: self.one(&h.between),
            referring: self.all(&h.referring),
            same: self.all(&h.same),
            objects: self.objects(h.objects),
        }
    }
}
