//! A version as models again, so that whatever is written for structs can be written for a version that has none any more.

use super::{Column, Holds, Literal, Table};
use crate::Domain;
use crate::model::Model;
use crate::sql::{Sql, literals};
use std::collections::HashMap;
use std::fmt::Write;

/// The models of a version. Their structs have made-up names, their tables and columns the true ones.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    domain: Domain,
    texts: HashMap<String, Vec<String>>,
}

impl Rebuilt {
    /// Those of tables in order of dependency.
    ///
    /// # Errors
    /// What structs may not say either, in the reader's words.
    pub fn of(tables: &[Table]) -> Result<Rebuilt, String> {
        let mut texts = HashMap::new();
        let mut models = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            let source = source(tables, at, &mut texts)?;
            let model = Model::read_str(&source).map_err(|e| format!("table {:?}: {e}", table.name))?;
            models.push(model);
        }
        let domain = Domain::new(models).map_err(|errors| match errors.first() {
            Some(error) => error.to_string(),
            None => "no domain".to_owned(),
        })?;
        let ordered = domain.models().iter().map(Model::table).eq(tables.iter().map(|t| t.name.as_str()));
        if ordered { Ok(Rebuilt { domain, texts }) } else { Err("its tables are out of order".to_owned()) }
    }

    /// The domain of its models.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// A statement, ready to be run.
    pub fn render(&self, sql: &Sql) -> String {
        let texts = |name: &str| literals(self.texts.get(name).into_iter().flatten().map(String::as_str));
        self.domain.render(sql, texts)
    }
}

/// The struct that declares a table.
fn source(tables: &[Table], at: usize, texts: &mut HashMap<String, Vec<String>>) -> Result<String, String> {
    let table = &tables[at];
    let mut source = format!("#[syncable(table = {:?}, deletes = {})] ", table.name, table.deletes.word());
    if table.scope {
        source += "#[syncable(scope)] ";
    }
    if table.whole {
        let strategy = table.columns.first().map(|c| c.strategy.word()).unwrap_or_default();
        write!(source, "#[merge({strategy})] ").ok();
    }
    write!(source, "struct T{at} {{ id: Id<T{at}>, ").ok();
    for (number, column) in table.columns.iter().enumerate() {
        let of = format!("E{at}x{number}");
        if let Holds::Enum(all) = &column.holds {
            texts.insert(of.clone(), all.clone());
        }
        source += &field(tables, table, number, column, &of)?;
    }
    Ok(source + "}")
}

fn field(tables: &[Table], table: &Table, number: usize, column: &Column, of: &str) -> Result<String, String> {
    let mut said = format!("#[syncable(rename = {:?})] ", column.name);
    let mut ty = rust(&column.holds, of);
    if let Some(parent) = &column.parent {
        let to = tables.iter().position(|t| t.name == parent.table);
        let to = to.ok_or_else(|| format!("{}.{}: there is no table {}", table.name, column.name, parent.table))?;
        write!(said, "#[parent(T{to}, on_delete = {})] ", parent.on_delete.word()).ok();
        ty = format!("Id<T{to}>");
    }
    if !table.whole {
        write!(said, "#[merge({})] ", column.strategy.word()).ok();
    }
    for (is, attr) in [
        (column.unique, "#[unique] "),
        (column.indexed, "#[index] "),
        (column.holds == Holds::Json, "#[syncable(json)] "),
    ] {
        said += if is { attr } else { "" };
    }
    if let Some(default) = &column.default {
        write!(said, "#[syncable(default = {})] ", rust_literal(&column.holds, default)).ok();
    }
    let ty = if column.nullable { format!("Option<{ty}>") } else { ty };
    Ok(format!("{said}f{number}: {ty}, "))
}

fn rust(holds: &Holds, of: &str) -> String {
    match holds {
        Holds::Real => "f64".to_owned(),
        Holds::Text => "String".to_owned(),
        Holds::Blob => "Vec<u8>".to_owned(),
        Holds::Id => "Id<Unknown>".to_owned(),
        Holds::Timestamp => "Timestamp".to_owned(),
        Holds::Date => "Date".to_owned(),
        Holds::Decimal(places) => format!("Decimal<{places}>"),
        Holds::Enum(_) | Holds::Json => of.to_owned(),
        Holds::Bool | Holds::Integer { .. } => holds.word(),
    }
}

/// A default as it would be said on the field.
pub(super) fn rust_literal(holds: &Holds, literal: &Literal) -> String {
    match (holds, literal) {
        (Holds::Bool, Literal::Integer(n)) => (*n != 0).to_string(),
        (Holds::Decimal(places), Literal::Integer(units)) => crate::default::decimal(*units, *places),
        (_, Literal::Integer(n)) => n.to_string(),
        (_, Literal::Real(x)) => format!("{x:?}"),
        (_, Literal::Text(text)) => format!("{text:?}"),
        (_, Literal::Blob(bytes)) => {
            let bytes: String = bytes.iter().map(|b| format!("\\x{b:02x}")).collect();
            format!("b\"{bytes}\"")
        }
    }
}
