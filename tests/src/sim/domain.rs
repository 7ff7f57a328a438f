//! Random tables as the structs a team would write, read by the reader that the macros use.

use super::schema::{Field, Table};
use super::values::{MORE, Type, VARIANTS};
use crate::descriptors;
use crate::oracle::schema as plain;
use crate::oracle::schema::{OnDelete, Strategy};
use windrow::Domain;
use windrow_protocol::model;
use windrow_schema::Model;

/// The domain of these tables. Descriptors are constants: they live as long as the program.
///
/// # Errors
/// What the reader says of the structs.
pub(super) fn of(schema: &plain::Schema, specs: &[Table]) -> Result<&'static Domain, String> {
    let read = |(table, spec): (&plain::Table, &Table)| {
        let source = source(schema, table, spec);
        Model::read_str(&source).map_err(|e| format!("{e}: {source}"))
    };
    let models = schema.tables().iter().zip(specs).map(read).collect::<Result<Vec<_>, _>>()?;
    let domain = windrow_schema::Domain::new(models).map_err(|e| format!("{e:?}"))?;
    let mut tables: Vec<&'static windrow::domain::Table> = Vec::new();
    for (at, read) in domain.models().iter().enumerate() {
        if read.table() != schema.tables()[at].name {
            return Err(format!("{} is out of order", read.table()));
        }
        let shape = table(&schema.tables()[at], &specs[at]);
        tables.push(descriptors::table(shape, read, |sql| domain.render(sql, |_| variants())));
    }
    Ok(descriptors::domain("SIM", tables, Vec::new()))
}

/// The struct that declares a table.
fn source(schema: &plain::Schema, table: &plain::Table, spec: &Table) -> String {
    let name = type_name(schema, table.name);
    let deletes = word(table.deletes);
    let merge = match table.fields.first() {
        Some(first) if spec.whole => format!("#[merge({})]", word(first.strategy)),
        _ => String::new(),
    };
    let fields = table.fields.iter().zip(&spec.fields).enumerate();
    let fields: String = fields.map(|(at, (f, of))| field(schema, spec.whole, at, f, of)).collect();
    format!(
        "#[syncable(table = {:?}, deletes = {deletes})] {merge} struct {name} {{ id: Id<{name}>, {fields} }}",
        table.name
    )
}

fn field(schema: &plain::Schema, whole: bool, at: usize, field: &plain::Field, spec: &Field) -> String {
    let mut said = format!("#[syncable(rename = {:?})] ", field.name);
    let ty = match field.parent {
        Some((parent, on_delete)) => {
            let parent = type_name(schema, parent);
            let on_delete = match on_delete {
                OnDelete::Restrict => "restrict",
                OnDelete::Cascade => "cascade",
                OnDelete::SetNull => "set_null",
            };
            said += &format!("#[parent({parent}, on_delete = {on_delete})] ");
            format!("Id<{parent}>")
        }
        None => spec.ty.rust().to_owned(),
    };
    if !whole && field.parent.is_none() {
        said += &format!("#[merge({})] ", word(field.strategy));
    }
    if spec.unique {
        said += "#[unique] ";
    }
    if spec.ty == Type::Json {
        said += "#[syncable(json)] ";
    }
    let ty = if spec.nullable { format!("Option<{ty}>") } else { ty };
    format!("{said} f{at}: {ty}, ")
}

fn word(of: impl std::fmt::Debug) -> String {
    format!("{of:?}").to_lowercase()
}

/// The struct of a table.
fn type_name(schema: &plain::Schema, table: &str) -> String {
    format!("T{}", schema.position(table))
}

/// The texts of the enum of random structs, as SQL.
pub(crate) fn variants() -> String {
    windrow_schema::sql::literals(VARIANTS.into_iter())
}

fn table(of: &plain::Table, spec: &Table) -> model::Table {
    let deletes = match of.deletes {
        plain::Deletes::Keep => model::Deletes::Keep,
        plain::Deletes::Drop => model::Deletes::Drop,
        plain::Deletes::Review => model::Deletes::Review,
    };
    let fields: Vec<_> = of.fields.iter().zip(&spec.fields).map(|(f, spec)| shape(f, *spec)).collect();
    model::Table { name: of.name, type_name: of.name, fields: fields.leak(), deletes, whole: spec.whole, scope: false }
}

fn shape(of: &plain::Field, spec: Field) -> model::Field {
    let strategy = match of.strategy {
        Strategy::Lww => model::Strategy::Lww,
        Strategy::Sum => model::Strategy::Sum,
        Strategy::Max => model::Strategy::Max,
        Strategy::Min => model::Strategy::Min,
        Strategy::Review => model::Strategy::Review,
    };
    let parent = of.parent.map(|(table, on_delete)| {
        let on_delete = match on_delete {
            OnDelete::Restrict => model::OnDelete::Restrict,
            OnDelete::Cascade => model::OnDelete::Cascade,
            OnDelete::SetNull => model::OnDelete::SetNull,
        };
        model::Parent { table, on_delete }
    });
    model::Field {
        name: of.name,
        kind: kind(spec.ty),
        nullable: spec.nullable,
        strategy,
        parent,
        unique: spec.unique,
        default: None,
    }
}

fn kind(ty: Type) -> model::Kind {
    let integer = |min: i64, max: i64| model::Kind::Integer { min, max };
    match ty {
        Type::Bool => model::Kind::Bool,
        Type::I8 => integer(i8::MIN.into(), i8::MAX.into()),
        Type::U16 => integer(0, u16::MAX.into()),
        Type::I32 => integer(i32::MIN.into(), i32::MAX.into()),
        Type::U32 => integer(0, u32::MAX.into()),
        Type::I64 => integer(i64::MIN, i64::MAX),
        Type::Real => model::Kind::Real,
        Type::Text => model::Kind::Text,
        Type::Blob => model::Kind::Blob,
        Type::Timestamp => model::Kind::Timestamp,
        Type::Date => model::Kind::Date,
        Type::Decimal => model::Kind::Decimal { places: 3 },
        Type::Enum => model::Kind::Enum(&VARIANTS),
        Type::More => model::Kind::Enum(&MORE),
        Type::Json => model::Kind::Json,
        Type::Id => model::Kind::Id,
    }
}
