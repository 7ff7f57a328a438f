//! A model as the lock writes it down.

use super::{Column, Holds, Literal, Reference, Table};
use crate::model::{Field, Kind, Model};
use crate::names::last;
use crate::{Domain, Variants};

/// Why a model can't be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// A field's type is no enum that is known.
    Enum {
        /// The struct.
        type_name: String,
        /// Its field.
        field: String,
        /// The type.
        named: String,
    },
    /// A default is none of its enum's texts.
    Text {
        /// The struct.
        type_name: String,
        /// Its field.
        field: String,
        /// What is said.
        said: String,
        /// What can be said.
        texts: Vec<String>,
    },
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unfit::Enum { type_name, field, named } => write!(
                f,
                "{type_name}.{field}: no enum {named} derives `SyncableEnum` here; name the folder that has it by --model"
            ),
            Unfit::Text { type_name, field, said, texts } => {
                write!(f, "{type_name}.{field}: the default \"{said}\" is not stored by any variant: say one of ")?;
                let texts: Vec<String> = texts.iter().map(|t| format!("{t:?}")).collect();
                f.write_str(&texts.join(", "))
            }
        }
    }
}

impl std::error::Error for Unfit {}

impl Unfit {
    /// The struct, and its field.
    pub fn place(&self) -> (&str, &str) {
        match self {
            Unfit::Enum { type_name, field, .. } | Unfit::Text { type_name, field, .. } => (type_name, field),
        }
    }
}

impl Table {
    /// The tables of a domain, as the structs declare them: `was` stands wherever it is said, also where it is done with.
    ///
    /// `enums`: the enum of this name, without `r#`.
    ///
    /// # Errors
    /// All that can't be written down.
    pub fn all<'e>(domain: &Domain, enums: impl Fn(&str) -> Option<&'e Variants>) -> Result<Vec<Table>, Vec<Unfit>> {
        let mut unfit = Vec::new();
        let mut table = |model: &Model| {
            let columns = model.fields().iter().map(|f| column(domain, model, f, &enums, &mut unfit)).collect();
            Table {
                name: model.table().to_owned(),
                type_name: model.name().to_string(),
                deletes: model.deletes(),
                whole: model.whole(),
                scope: model.scope(),
                was: model.was().map(str::to_owned),
                columns,
            }
        };
        let tables = domain.models().iter().map(&mut table).collect();
        if unfit.is_empty() { Ok(tables) } else { Err(unfit) }
    }
}

fn column<'e>(
    domain: &Domain,
    model: &Model,
    field: &Field,
    enums: &impl Fn(&str) -> Option<&'e Variants>,
    unfit: &mut Vec<Unfit>,
) -> Column {
    let holds = holds(field.kind(), enums).unwrap_or_else(|named| {
        unfit.push(Unfit::Enum { type_name: model.name().to_string(), field: field.name().to_string(), named });
        Holds::Text
    });
    if let (Holds::Enum(texts), Some(Literal::Text(said))) = (&holds, field.default())
        && !texts.contains(said)
    {
        let (type_name, field) = (model.name().to_string(), field.name().to_string());
        unfit.push(Unfit::Text { type_name, field, said: said.clone(), texts: texts.clone() });
    }
    Column {
        name: field.column().to_owned(),
        holds,
        nullable: field.nullable(),
        strategy: field.strategy(),
        parent: field.parent().map(|parent| {
            let other = domain.table_of(&parent.name()).unwrap_or_default();
            let table = if parent.own() { model.table() } else { other };
            Reference { table: table.to_owned(), on_delete: parent.on_delete() }
        }),
        unique: field.unique(),
        indexed: field.indexed(),
        was: field.was().map(str::to_owned),
        default: field.default().cloned(),
    }
}

/// What a kind is in words; the name of an enum that is not known.
fn holds<'e>(kind: &Kind, enums: impl Fn(&str) -> Option<&'e Variants>) -> Result<Holds, String> {
    Ok(match kind {
        Kind::Bool => Holds::Bool,
        Kind::Integer { min, max } => Holds::Integer { min: *min, max: *max },
        Kind::Real => Holds::Real,
        Kind::Text => Holds::Text,
        Kind::Blob => Holds::Blob,
        Kind::Id => Holds::Id,
        Kind::Timestamp => Holds::Timestamp,
        Kind::Date => Holds::Date,
        Kind::Decimal(places) => Holds::Decimal(*places),
        Kind::Json => Holds::Json,
        Kind::Enum(path) => {
            let name = last(path);
            let variants = enums(&name).ok_or(name)?;
            Holds::Enum(variants.all().iter().map(|v| v.text().to_owned()).collect())
        }
    })
}
