//! Domains made while the program runs: the oracle's tables as the structs a team would write, read by the reader that the
//! macros use.

use super::Fault;
use crate::bridge;
use crate::oracle::schema as plain;
use crate::sim::domain::variants;
use windrow::Domain;
use windrow::domain::{DeviceSql, HubSql, Object, Sql, Table};
use windrow_schema::{Model, sql};

/// The domain of these tables. Descriptors are constants: they live as long as the program.
///
/// # Errors
/// What the reader says of the structs.
pub fn of(schema: &plain::Schema) -> Result<&'static Domain, Fault> {
    let models = schema.tables().iter().map(|t| Model::read_str(&source(t)).map_err(|e| e.to_string()));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    let domain = windrow_schema::Domain::new(models).map_err(|e| format!("{e:?}"))?;
    let shapes = bridge::schema(schema);
    let mut tables: Vec<&'static Table> = Vec::new();
    for model in domain.models() {
        let shape = shapes.find(model.table()).ok_or("a table that was not asked for")?;
        let shape = *shapes.table(shape);
        tables.push(Box::leak(Box::new(Table {
            model: shape,
            device: device(&domain, model),
            hub: hub(&domain, model),
        })));
    }
    Ok(Box::leak(Box::new(Domain { name: "HISTORY", tables: tables.leak(), earlier: &[] })))
}

/// The struct that declares a table.
fn source(table: &plain::Table) -> String {
    let deletes = format!("{:?}", table.deletes).to_lowercase();
    let name = type_name(table.name);
    let fields: String = table.fields.iter().map(field).collect();
    format!("#[syncable(deletes = {deletes})] struct {name} {{ id: Id<{name}>, {fields} }}")
}

fn field(field: &plain::Field) -> String {
    let strategy = format!("{:?}", field.strategy).to_lowercase();
    let name = field.name;
    match field.parent {
        Some((parent, on_delete)) => {
            let parent = type_name(parent);
            let on_delete = match on_delete {
                plain::OnDelete::Restrict => "restrict",
                plain::OnDelete::Cascade => "cascade",
                plain::OnDelete::SetNull => "set_null",
            };
            format!("#[parent({parent}, on_delete = {on_delete})] {name}: Option<Id<{parent}>>, ")
        }
        None if field.strategy == plain::Strategy::Sum => format!("#[merge(sum)] {name}: i64, "),
        None => format!("#[merge({strategy})] {name}: Option<i64>, "),
    }
}

/// `farm` is the table of `Farm`.
fn type_name(table: &str) -> String {
    table[..1].to_uppercase() + &table[1..]
}

fn text(domain: &windrow_schema::Domain, statement: &sql::Sql) -> Sql {
    let text: &'static str = domain.render(statement, |_| variants()).leak();
    vec![text].leak()
}

fn texts(domain: &windrow_schema::Domain, statements: &[sql::Sql]) -> &'static [Sql] {
    statements.iter().map(|s| text(domain, s)).collect::<Vec<_>>().leak()
}

fn objects(domain: &windrow_schema::Domain, objects: Vec<sql::Object>) -> &'static [Object] {
    let one = |o: sql::Object| Object { name: o.name.leak(), sql: text(domain, &o.sql) };
    objects.into_iter().map(one).collect::<Vec<_>>().leak()
}

/// The statements of a device.
pub(crate) fn device(domain: &windrow_schema::Domain, model: &Model) -> DeviceSql {
    let d = sql::Device::of(model);
    let sql = |s: &sql::Sql| text(domain, s);
    DeviceSql {
        changelog: sql(&d.changelog),
        select: sql(&d.select),
        insert: sql(&d.insert),
        patch: sql(&d.patch),
        edit: sql(&d.edit),
        upsert: sql(&d.upsert),
        delete: sql(&d.delete),
        neighbours: sql(&d.neighbours),
        between: sql(&d.between),
        referring: texts(domain, &d.referring),
        log: sql(&d.log),
        log_append: sql(&d.log_append),
        log_rewrite: sql(&d.log_rewrite),
        log_forget: sql(&d.log_forget),
        log_prune: sql(&d.log_prune),
        log_rebase: sql(&d.log_rebase),
        forget_notes: sql(&d.forget_notes),
        forget_leaving: sql(&d.forget_leaving),
        objects: objects(domain, d.objects),
        triggers: objects(domain, d.triggers),
        leave: objects(domain, d.leave),
    }
}

/// The statements of a hub.
pub(crate) fn hub(domain: &windrow_schema::Domain, model: &Model) -> HubSql {
    let h = sql::Hub::of(model);
    let sql = |s: &sql::Sql| text(domain, s);
    HubSql {
        load: sql(&h.load),
        save: sql(&h.save),
        upsert: sql(&h.upsert),
        delete: sql(&h.delete),
        scan: sql(&h.scan),
        referring: texts(domain, &h.referring),
        same: texts(domain, &h.same),
        scope: sql(&h.scope),
        neighbours: sql(&h.neighbours),
        between: sql(&h.between),
        objects: objects(domain, h.objects),
    }
}
