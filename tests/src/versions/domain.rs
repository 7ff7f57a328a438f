//! A version as a program of that time has it.

use crate::descriptors;
use windrow::Domain;
use windrow_protocol::model;
use windrow_schema::lock::{Column, Holds, Literal, Rebuilt, Table};

/// The domain of these tables. Descriptors are constants: they live as long as the program.
///
/// # Errors
/// What the reader says of structs like that.
pub fn domain(tables: &[Table]) -> Result<&'static Domain, String> {
    let rebuilt = Rebuilt::of(tables)?;
    let made = rebuilt.domain().models().iter().zip(tables);
    let made = made.map(|(read, table)| descriptors::table(described(table), read, |sql| rebuilt.render(sql)));
    Ok(descriptors::domain("VERSIONS", made.collect()))
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
