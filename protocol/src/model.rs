//! The declared shape of a domain: what merging and the wire must know of a team's structs.
//!
//! Descriptors ([`Table`], [`Field`]) are constants that the macros write. [`Schema`] is a domain of them, its references
//! resolved.

use crate::digest;
use crate::value::Value;

/// A table: one annotated struct.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Table {
    /// Its name in SQL and on the wire.
    pub name: &'static str,
    /// The struct's name, for messages.
    pub type_name: &'static str,
    /// Its fields in order of declaration, without the id.
    pub fields: &'static [Field],
    /// What becomes of a delete that races an unseen edit.
    pub deletes: Deletes,
    /// Whether a strategy on the struct makes every update carry all fields.
    pub whole: bool,
    /// Whether this table roots a scope.
    pub scope: bool,
}

/// A field of a struct, a column of its table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its name in SQL and on the wire.
    pub name: &'static str,
    /// What it can hold.
    pub kind: Kind,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// How concurrent writes merge.
    pub strategy: Strategy,
    /// The reference it is, if it is one.
    pub parent: Option<Parent>,
    /// Whether two records must not share a value.
    pub unique: bool,
    /// What a record holds that was made by a program that did not know the field.
    pub default: Option<Literal>,
}

/// A value as a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal {
    /// An integer: also a bool, a timestamp, a decimal in units of its last place.
    Integer(i64),
    /// A double.
    Real(f64),
    /// A text: also a date, an enum's text, a JSON document.
    Text(&'static str),
    /// Bytes.
    Blob(&'static [u8]),
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Value {
        match literal {
            Literal::Integer(n) => Value::Integer(n),
            Literal::Real(x) => Value::Real(x),
            Literal::Text(text) => Value::Text(text.into()),
            Literal::Blob(bytes) => Value::Blob(bytes.into()),
        }
    }
}

/// A reference to another table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The table it points to.
    pub table: &'static str,
    /// What a parent's death does.
    pub on_delete: OnDelete,
}

/// What a parent's death does to a child, in a merge as in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// A parent that somebody still needs does not die.
    Restrict,
    /// The child dies with it, and lives again with it.
    Cascade,
    /// The reference shows NULL while its target is dead.
    SetNull,
}

/// How concurrent writes to a field merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The later stamp wins.
    Lww,
    /// Both count.
    Sum,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// All stay as candidates and a conflict opens.
    Review,
}

/// What becomes of a delete that races an unseen edit of the same record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// The edit wins.
    Keep,
    /// The delete wins.
    Drop,
    /// The edit wins and a conflict opens.
    Review,
}

/// What a field can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0 or 1.
    Bool,
    /// An integer within bounds, both inclusive.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A double.
    Real,
    /// Unicode text.
    Text,
    /// Any bytes.
    Blob,
    /// A record's id: 16 bytes.
    Id,
    /// Milliseconds since 1970, UTC.
    Timestamp,
    /// `YYYY-MM-DD`.
    Date,
    /// A fixed-point number in units of its last place.
    Decimal {
        /// Digits after the point.
        places: u8,
    },
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// A JSON document.
    Json,
}

impl Kind {
    /// Whether a field of this kind can hold a value other than NULL.
    pub fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Kind::Bool, Value::Integer(n)) => matches!(n, 0 | 1),
            (Kind::Integer { min, max }, Value::Integer(n)) => min <= n && n <= max,
            (Kind::Timestamp | Kind::Decimal { .. }, Value::Integer(_)) => true,
            (Kind::Real, Value::Real(x)) => !x.is_nan(),
            (Kind::Text, Value::Text(_)) | (Kind::Blob, Value::Blob(_)) => true,
            (Kind::Id, Value::Blob(bytes)) => bytes.len() == 16,
            (Kind::Date, Value::Text(text)) => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            (Kind::Enum(variants), Value::Text(text)) => variants.contains(&text.as_str()),
            (Kind::Json, Value::Text(text)) => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
            _ => false,
        }
    }
}

/// The position of a table in its domain's dependency order: parents before children.
pub type TableIx = usize;
/// The position of a field in its table.
pub type FieldIx = usize;

/// A reference, resolved: `child.field` points to `parent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The table that refers.
    pub child: TableIx,
    /// By which field.
    pub field: FieldIx,
    /// To which table.
    pub parent: TableIx,
    /// What a death there does here.
    pub on_delete: OnDelete,
}

/// A domain's tables in dependency order, their references resolved both ways.
#[derive(Debug, Clone)]
pub struct Schema {
    tables: Vec<Table>,
    up: Vec<Vec<Edge>>,
    down: Vec<Vec<Edge>>,
    digest: [u8; 8],
}

/// Why tables make no domain. The macros find this at compile time; here it stands for domains made by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A parent stands after its child, or not at all.
    #[error("{child}.{field} refers to {parent}, which is not in the domain before {child}")]
    Parent {
        /// The table that refers.
        child: &'static str,
        /// By which field.
        field: &'static str,
        /// To what.
        parent: &'static str,
    },
    /// Two tables of one name.
    #[error("two tables are named {0}")]
    Twice(&'static str),
}

impl Schema {
    /// Resolves tables that stand in dependency order.
    ///
    /// # Errors
    /// A parent that is not among them, or stands behind its child; two of one name.
    pub fn new(tables: Vec<Table>) -> Result<Schema, SchemaError> {
        let (mut up, mut down) = (vec![Vec::new(); tables.len()], vec![Vec::new(); tables.len()]);
        for (child, table) in tables.iter().enumerate() {
            if tables[..child].iter().any(|t| t.name == table.name) {
                return Err(SchemaError::Twice(table.name));
            }
            for (field, f) in table.fields.iter().enumerate() {
                let Some(p) = f.parent else { continue };
                let parent = tables[..=child].iter().position(|t| t.name == p.table);
                let parent = parent.ok_or(SchemaError::Parent { child: table.name, field: f.name, parent: p.table })?;
                let edge = Edge { child, field, parent, on_delete: p.on_delete };
                up[child].push(edge);
                down[parent].push(edge);
            }
        }
        let digest = digest::of_tables(&tables);
        Ok(Schema { tables, up, down, digest })
    }

    /// All tables, parents before children.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// One table.
    pub fn table(&self, table: TableIx) -> &Table {
        &self.tables[table]
    }

    /// One field.
    pub fn field(&self, table: TableIx, field: FieldIx) -> &Field {
        &self.tables[table].fields[field]
    }

    /// Where the table of this name stands.
    pub fn find(&self, name: &str) -> Option<TableIx> {
        self.tables.iter().position(|t| t.name == name)
    }

    /// The references that this table makes.
    pub fn parents(&self, table: TableIx) -> &[Edge] {
        &self.up[table]
    }

    /// The references made to this table.
    pub fn children(&self, table: TableIx) -> &[Edge] {
        &self.down[table]
    }

    /// A digest of all that device and hub must agree on. It names the schema's version on the wire.
    pub fn digest(&self) -> [u8; 8] {
        self.digest
    }
}
