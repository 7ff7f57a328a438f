//! A model's names as SQL needs them, and the lists that many statements share.

use std::fmt::Display;

use crate::model::{Field, Model, Strategy};
use crate::sql::writer::{Name, Sql, quoted};
use crate::sql::{Object, writer};

/// Fields in one mask. SQLite's integers have a sign.
pub(crate) const BITS: usize = 63;

/// A model with its names, quoted.
pub(crate) struct Shape<'a> {
    pub(crate) model: &'a Model,
    pub(crate) table: String,
    pub(crate) note: String,
    pub(crate) leaving: String,
    pub(crate) versions: String,
}

impl<'a> Shape<'a> {
    pub(crate) fn new(model: &'a Model) -> Shape<'a> {
        let beside = |what: &str| quoted(&writer::beside(what, &model.table));
        let (note, versions) = (beside("note"), beside("versions"));
        let leaving = writer::leaving(&model.table);
        Shape { model, table: quoted(&model.table), note, leaving, versions }
    }

    /// A statement that refers to nothing open but the model's own.
    pub(crate) fn sql(&self, text: impl AsRef<str>) -> Sql {
        Sql::split(self.model, text.as_ref())
    }

    /// An object of the schema.
    pub(crate) fn object(&self, name: impl Into<String>, text: impl AsRef<str>) -> Object {
        Object { name: name.into(), sql: self.sql(text) }
    }

    pub(crate) fn fields(&self) -> &'a [Field] {
        &self.model.fields
    }

    /// One piece of text for each field.
    pub(crate) fn each(&self, piece: impl Fn(usize, &Field) -> String) -> Vec<String> {
        self.fields().iter().enumerate().map(|(i, f)| piece(i, f)).collect()
    }

    /// The columns, quoted and separated, each behind a prefix.
    pub(crate) fn columns(&self, prefix: &str) -> String {
        self.each(|_, f| format!("{prefix}{}", f.quoted())).join(", ")
    }

    /// How many masks there are.
    pub(crate) fn masks(&self) -> usize {
        masks(self.fields().len())
    }

    /// Which mask holds a field's bit, and the bit's value.
    pub(crate) fn bit(&self, field: usize) -> (usize, i64) {
        bit(field)
    }

    /// The table that a reference points to, quoted or marked.
    pub(crate) fn parent(&self, at: usize) -> String {
        writer::parent_table(self.model, at, &self.fields()[at])
    }

    /// The table of those who are leaving the table that a reference points to, quoted or marked.
    pub(crate) fn leaving_parent(&self, at: usize) -> String {
        writer::leaving_table(self.model, at, &self.fields()[at])
    }

    /// Parameters `?from` to `?from + count - 1`, separated.
    pub(crate) fn parameters(&self, from: usize, count: usize) -> String {
        list(from..from + count, |n| format!("?{n}"))
    }
}

/// How many masks so many fields have.
pub(crate) fn masks(fields: usize) -> usize {
    fields.div_ceil(BITS).max(1)
}

/// Which mask holds a field's bit, and the bit's value.
pub(crate) fn bit(field: usize) -> (usize, i64) {
    (field / BITS, 1 << (field % BITS))
}

impl Field {
    /// The column's name, quoted.
    pub(crate) fn quoted(&self) -> String {
        Name(&self.column).to_string()
    }

    pub(crate) fn is_sum(&self) -> bool {
        self.strategy == Strategy::Sum
    }
}

/// Pieces of text, separated by commas.
pub(crate) fn list<T>(items: impl Iterator<Item = T>, piece: impl Fn(T) -> String) -> String {
    items.map(piece).collect::<Vec<_>>().join(", ")
}

/// Conditions of which one must hold; never empty.
pub(crate) fn any(conditions: impl IntoIterator<Item = impl Display>) -> String {
    let texts: Vec<_> = conditions.into_iter().map(|c| c.to_string()).collect();
    if texts.is_empty() { "0".to_owned() } else { texts.join(" OR ") }
}
