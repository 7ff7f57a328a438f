//! The versions of a lock, each as a program of its time has it.

use super::table;
use windrow::Domain;
use windrow::domain::{Earlier, Migration, Table as Described};
use windrow::protocol::{model, versions};
use windrow_schema::lock::{Column, Holds, Literal, Lock, Plan, Rebuilt, Refusal, Renamed, Table};
use windrow_schema::sql::migrate::Script;

/// The domain of each version of a lock, oldest first. Each knows those before it.
///
/// # Errors
/// Versions that do not follow from one another, or tables that the reader of structs does not take: nobody has written
/// such a lock by `windrow migrate`.
pub fn versions(lock: &Lock) -> Result<Vec<&'static Domain>, String> {
    versions_by(lock, |plan| Ok([Script::device(plan)?.text(""), Script::hub(plan)?.text("")]))
}

/// The same, with migrations of this text: the SQL of a device's file and of a hub's that a plan leads to.
///
/// # Errors
/// As [`versions()`]; what `text` says.
pub fn versions_by(
    lock: &Lock,
    text: impl Fn(&Plan) -> Result<[String; 2], String>,
) -> Result<Vec<&'static Domain>, String> {
    let plans = lock.plans().map_err(|(number, refusals)| {
        format!("version {number}: {}", refusals.iter().map(Refusal::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let name: &'static str = lock.domain().to_owned().leak();
    let (mut earlier, mut made) = (Vec::new(), Vec::new());
    for (at, version) in lock.versions().iter().enumerate() {
        made.push(super::domain(name, tables(&version.tables)?, earlier.clone()));
        if let Some(next) = plans.get(at + 1) {
            earlier.push(leads(&version.tables, next, text(next)?)?);
        }
    }
    Ok(made)
}

/// The tables of a version.
///
/// # Errors
/// What the reader says of structs like that.
pub fn tables(tables: &[Table]) -> Result<Vec<&'static Described>, String> {
    let rebuilt = Rebuilt::of(tables)?;
    let made = rebuilt.domain().models().iter().zip(tables);
    Ok(made.map(|(read, t)| table(described(t), read, |sql| rebuilt.render(sql))).collect())
}

/// A version, and what leads to the next.
fn leads(tables: &[Table], next: &Plan, [device, hub]: [String; 2]) -> Result<Earlier, String> {
    let migration = Migration {
        name: next.now().name.clone().leak(),
        device: device.leak(),
        hub: hub.leak(),
        copies: !Script::device(next)?.rewrites().is_empty(),
    };
    let described = tables.iter().map(described).collect::<Vec<_>>().leak();
    let renamed = next.now().renamed().map(renamed).collect::<Vec<_>>().leak();
    Ok(Earlier { model: versions::Earlier { tables: described, renamed }, migration })
}

fn renamed(renamed: Renamed<'_>) -> versions::Renamed {
    let leaked = |name: &str| -> &'static str { name.to_owned().leak() };
    versions::Renamed { table: leaked(renamed.table), field: renamed.field.map(leaked), to: leaked(renamed.to) }
}

fn described(table: &Table) -> model::Table {
    let fields: Vec<_> = table.columns.iter().map(field).collect();
    let name: &'static str = table.name.clone().leak();
    let deletes = match table.deletes {
        windrow_schema::Deletes::Keep => model::Deletes::Keep,
        windrow_schema::Deletes::Drop => model::Deletes::Drop,
        windrow_schema::Deletes::Review => model::Deletes::Review,
    };
    let (whole, scope) = (table.whole, table.scope);
    model::Table { name, type_name: name, fields: fields.leak(), deletes, whole, scope }
}

fn field(column: &Column) -> model::Field {
    use windrow_schema::{OnDelete, Strategy};
    let strategy = match column.strategy {
        Strategy::Lww => model::Strategy::Lww,
        Strategy::Sum => model::Strategy::Sum,
        Strategy::Max => model::Strategy::Max,
        Strategy::Min => model::Strategy::Min,
        Strategy::Review => model::Strategy::Review,
    };
    let parent = column.parent.as_ref().map(|parent| {
        let on_delete = match parent.on_delete {
            OnDelete::Restrict => model::OnDelete::Restrict,
            OnDelete::Cascade => model::OnDelete::Cascade,
            OnDelete::SetNull => model::OnDelete::SetNull,
        };
        model::Parent { table: parent.table.clone().leak(), on_delete }
    });
    let name: &'static str = column.name.clone().leak();
    let (nullable, unique) = (column.nullable, column.unique);
    let default = column.default.as_ref().map(literal);
    model::Field { name, kind: kind(&column.holds), nullable, strategy, parent, unique, default }
}

fn literal(literal: &Literal) -> model::Literal {
    match literal {
        Literal::Integer(n) => model::Literal::Integer(*n),
        Literal::Real(x) => model::Literal::Real(*x),
        Literal::Text(text) => model::Literal::Text(text.clone().leak()),
        Literal::Blob(bytes) => model::Literal::Blob(bytes.clone().leak()),
    }
}

fn kind(holds: &Holds) -> model::Kind {
    match holds {
        Holds::Bool => model::Kind::Bool,
        Holds::Integer { min, max } => model::Kind::Integer { min: *min, max: *max },
        Holds::Real => model::Kind::Real,
        Holds::Text => model::Kind::Text,
        Holds::Blob => model::Kind::Blob,
        Holds::Id => model::Kind::Id,
        Holds::Timestamp => model::Kind::Timestamp,
        Holds::Date => model::Kind::Date,
        Holds::Decimal(places) => model::Kind::Decimal { places: *places },
        Holds::Json => model::Kind::Json,
        Holds::Enum(texts) => {
            let texts: Vec<&'static str> = texts.iter().map(|t| &*t.clone().leak()).collect();
            model::Kind::Enum(texts.leak())
        }
    }
}
