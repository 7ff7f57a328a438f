//! A valid struct. Only [`Model::read`] makes one.

use crate::lock::Literal;
use crate::names::last;
use proc_macro2::Ident;
use syn::{Path, Type};

/// A struct that was read and found valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(crate) name: Ident,
    pub(crate) table: String,
    pub(crate) deletes: Deletes,
    pub(crate) whole: bool,
    pub(crate) scope: bool,
    pub(crate) was: Option<String>,
    pub(crate) fields: Vec<Field>,
}

/// A field of a struct, a column of its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) column: String,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) strategy: Strategy,
    pub(crate) parent: Option<Parent>,
    pub(crate) unique: bool,
    pub(crate) indexed: bool,
    pub(crate) was: Option<String>,
    pub(crate) default: Option<Literal>,
}

/// A reference to another struct, or to its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    pub(crate) path: Path,
    pub(crate) own: bool,
    pub(crate) on_delete: OnDelete,
}

/// What a field can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// An integer type, with its least and greatest value.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// `f64`.
    Real,
    /// `String`.
    Text,
    /// `Vec<u8>`.
    Blob,
    /// `Id<T>`.
    Id,
    /// `Timestamp`.
    Timestamp,
    /// `Date`.
    Date,
    /// `Decimal<N>`, with its `N`.
    Decimal(u8),
    /// An enum that derives `SyncableEnum`.
    Enum(Path),
    /// Any serde type, as JSON.
    Json,
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

/// What a parent's death does to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// A parent that somebody still needs does not die.
    Restrict,
    /// The child dies with it.
    Cascade,
    /// The reference is emptied.
    SetNull,
}

impl Model {
    /// The struct's name.
    pub fn name(&self) -> &Ident {
        &self.name
    }

    /// The table's name, unquoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// What becomes of a delete that races an unseen edit.
    pub fn deletes(&self) -> Deletes {
        self.deletes
    }

    /// Whether a strategy on the struct makes every update carry all fields.
    pub fn whole(&self) -> bool {
        self.whole
    }

    /// Whether the table roots a scope.
    pub fn scope(&self) -> bool {
        self.scope
    }

    /// The table's name in an earlier version, if it had another.
    pub fn was(&self) -> Option<&str> {
        self.was.as_deref()
    }

    /// The fields in order of declaration, without the id. There is at least one.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields that are references, with their positions.
    pub fn references(&self) -> impl Iterator<Item = (usize, &Field, &Parent)> {
        self.fields.iter().enumerate().filter_map(|(i, f)| Some((i, f, f.parent.as_ref()?)))
    }
}

impl Field {
    /// The field's name in the struct.
    pub fn name(&self) -> &Ident {
        &self.name
    }

    /// The field's type in the struct, as written.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The column's name, unquoted.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// What it can hold.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether it is an `Option`.
    pub fn nullable(&self) -> bool {
        self.nullable
    }

    /// How concurrent writes merge.
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// The reference it is, if it is one.
    pub fn parent(&self) -> Option<&Parent> {
        self.parent.as_ref()
    }

    /// Whether two records must not share a value.
    pub fn unique(&self) -> bool {
        self.unique
    }

    /// Whether lookups by its value deserve an index of their own.
    pub fn indexed(&self) -> bool {
        self.indexed
    }

    /// The column's name in an earlier version, if it had another.
    pub fn was(&self) -> Option<&str> {
        self.was.as_deref()
    }

    /// What records hold that were written by who did not know the column.
    pub fn default(&self) -> Option<&Literal> {
        self.default.as_ref()
    }
}

impl Parent {
    /// The struct it points to, as written; never `Self`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The struct's name, without `r#`.
    pub fn name(&self) -> String {
        last(&self.path)
    }

    /// Whether the struct refers to itself.
    pub fn own(&self) -> bool {
        self.own
    }

    /// What the parent's death does.
    pub fn on_delete(&self) -> OnDelete {
        self.on_delete
    }
}
