//! Domains made while the program runs: the oracle's tables as the structs a team would write, read by the reader that the
//! macros use.

use super::Fault;
use crate::oracle::schema as plain;
use crate::sim::domain::variants;
use crate::{bridge, descriptors};
use windrow::Domain;
use windrow::domain::Table;
use windrow_schema::Model;

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
        tables.push(descriptors::table(shape, model, |sql| domain.render(sql, |_| variants())));
    }
    Ok(descriptors::domain("HISTORY", tables, Vec::new()))
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
