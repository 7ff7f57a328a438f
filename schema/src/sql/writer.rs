//! The writer: the one place that quotes.
//!
//! Statements are put together by `format!` from [`Name`] and [`Text`], which quote, and from marks that stand for what
//! is still open; [`Sql::split`] then takes the text apart at its marks. A mark begins and ends with NUL, which no name
//! contains.

use std::fmt::{Display, Formatter, Result, Write};

use syn::Path;

use crate::model::{Field, Kind, Model};

/// A statement, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql(Vec<Part>);

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Ready text.
    Text(String),
    /// The quoted name of this struct's table.
    Table(Path),
    /// The quoted name of the table of those who are leaving this struct's table.
    Leaving(Path),
    /// The texts of this enum, as a list of SQL literals.
    Variants(Path),
}

impl Sql {
    /// Its pieces, to be joined.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The statement, its open parts filled in.
    pub fn render(&self, fill: impl Fn(&Part) -> String) -> String {
        let piece = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            open => fill(open),
        };
        self.0.iter().map(piece).collect()
    }

    /// Takes a text apart at its marks.
    pub(crate) fn split(model: &Model, text: &str) -> Sql {
        // Pieces between NULs are text and mark in turn.
        let pieces = text.split('\0').enumerate().filter_map(|(i, piece)| match i % 2 {
            0 => (!piece.is_empty()).then(|| Part::Text(piece.to_owned())),
            _ => open(model, piece),
        });
        Sql(pieces.collect())
    }
}

fn open(model: &Model, mark: &str) -> Option<Part> {
    let leaving = mark.strip_prefix(LEAVING);
    let field = model.fields.get(leaving.unwrap_or(mark).parse::<usize>().ok()?)?;
    match (&field.parent, &field.kind) {
        (Some(parent), _) if leaving.is_some() => Some(Part::Leaving(parent.path.clone())),
        (Some(parent), _) => Some(Part::Table(parent.path.clone())),
        (None, Kind::Enum(path)) => Some(Part::Variants(path.clone())),
        _ => None,
    }
}

/// Before the field in a mark that stands for those who are leaving.
const LEAVING: &str = "leaving ";

/// What we keep beside a table, unquoted: its `note`, who is `leaving`, its `versions`.
pub(crate) fn beside(what: &str, table: &str) -> String {
    format!("windrow_{what}_{table}")
}

/// The table of those who are leaving this table, quoted.
pub fn leaving(table: &str) -> String {
    quoted(&beside("leaving", table))
}

/// The identifier of this name, quoted.
pub fn quoted(name: &str) -> String {
    Name(name).to_string()
}

/// These texts as SQL literals, separated by commas.
pub fn literals<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(|t| Text(t).to_string()).collect::<Vec<_>>().join(", ")
}

/// Writes an identifier, quoted.
pub(crate) struct Name<'a>(pub(crate) &'a str);

/// Writes a text literal.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        enclosed(f, self.0, '"')
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        enclosed(f, self.0, '\'')
    }
}

fn enclosed(f: &mut Formatter<'_>, text: &str, quote: char) -> Result {
    f.write_char(quote)?;
    for c in text.chars() {
        f.write_char(c)?;
        if c == quote {
            f.write_char(quote)?;
        }
    }
    f.write_char(quote)
}

/// The table that this reference points to: its quoted name, or a mark where only the compiler knows it.
pub(crate) fn parent_table(model: &Model, at: usize, field: &Field) -> String {
    match &field.parent {
        Some(parent) if parent.own => quoted(&model.table),
        _ => mark(at),
    }
}

/// The table of those who are leaving the table that this reference points to, likewise.
pub(crate) fn leaving_table(model: &Model, at: usize, field: &Field) -> String {
    match &field.parent {
        Some(parent) if parent.own => leaving(&model.table),
        _ => format!("\0{LEAVING}{at}\0"),
    }
}

/// A mark for what is open about the field at this position.
pub(crate) fn mark(at: usize) -> String {
    format!("\0{at}\0")
}
