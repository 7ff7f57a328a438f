//! The lock as text: one line a column, what is usual left out, so that a review shows what changed and nothing else.

use super::{Column, Holds, Literal, Lock, Table, Version, hex};
use crate::model::{Deletes, Strategy};
use std::fmt::Write;

/// The format of the file.
pub(super) const FORMAT: u32 = 1;

const HEAD: &str = "# All versions of this domain's model, oldest first: what devices in the field may still have.\n\
                    # `windrow migrate` writes this file. Keep it under version control, and do not edit it.\n";

impl Lock {
    /// The text of the file: the same for the same versions, byte for byte.
    pub fn write(&self) -> String {
        let head = format!("{HEAD}format = {FORMAT}\ndomain = {}\n", text(&self.domain));
        self.versions.iter().fold(head, |text, version| text + &self::version(version))
    }
}

fn version(version: &Version) -> String {
    let head = format!("\n[[version]]\nnumber = {}\nname = {}\n", version.number, text(&version.name));
    version.tables.iter().fold(head, |text, table| text + &self::table(table))
}

fn table(table: &Table) -> String {
    let mut lines = format!("\n[[version.table]]\nname = {}\nstruct = {}\n", text(&table.name), text(&table.type_name));
    if let Some(was) = &table.was {
        writeln!(lines, "was = {}", text(was)).ok();
    }
    if table.deletes != Deletes::Keep {
        writeln!(lines, "deletes = {}", text(table.deletes.word())).ok();
    }
    for (is, word) in [(table.whole, "whole"), (table.scope, "scope")] {
        lines += &if is { format!("{word} = true\n") } else { String::new() };
    }
    lines += "columns = [\n";
    table.columns.iter().for_each(|c| writeln!(lines, "  {{ {} }},", column(c)).unwrap_or_default());
    lines + "]\n"
}

fn column(column: &Column) -> String {
    let mut said = vec![format!("name = {}", text(&column.name)), format!("holds = {}", text(&column.holds.word()))];
    if let Holds::Enum(texts) = &column.holds {
        said.push(format!("texts = [{}]", texts.iter().map(|t| text(t)).collect::<Vec<_>>().join(", ")));
    }
    said.extend(column.nullable.then(|| "nullable = true".to_owned()));
    if column.strategy != Strategy::Lww {
        said.push(format!("merge = {}", text(column.strategy.word())));
    }
    if let Some(parent) = &column.parent {
        said.push(format!("parent = {}, on_delete = {}", text(&parent.table), text(parent.on_delete.word())));
    }
    said.extend(column.unique.then(|| "unique = true".to_owned()));
    said.extend(column.indexed.then(|| "indexed = true".to_owned()));
    said.extend(column.was.as_ref().map(|was| format!("was = {}", text(was))));
    said.extend(column.default.as_ref().map(|default| format!("default = {}", literal(default))));
    said.join(", ")
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Integer(n) => n.to_string(),
        Literal::Real(x) => format!("{x:?}"),
        Literal::Text(said) => text(said),
        Literal::Blob(bytes) => format!("{{ hex = \"{}\" }}", hex(bytes)),
    }
}

/// A text in quotes. Whatever is not plainly seen is escaped: line ends above all, and what turns the direction of writing.
fn text(said: &str) -> String {
    let mut quoted = String::from("\"");
    for c in said.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                write!(quoted, "\\u{:04X}", u32::from(c)).ok();
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
