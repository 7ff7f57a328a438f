//! How each version of a domain reads in the last one.

use super::{Kept, Version};
use crate::model::{Field, Schema, SchemaError, Strategy, Table};

/// An earlier version of a domain, as a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Earlier {
    /// Its tables, parents before children.
    pub tables: &'static [Table],
    /// What the version after it calls otherwise.
    pub renamed: &'static [Renamed],
}

/// A table or a field that has another name in the version after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    /// The table, by its name before.
    pub table: &'static str,
    /// The field, by its name before; none where it is the table itself.
    pub field: Option<&'static str>,
    /// The name after.
    pub to: &'static str,
}

/// All versions of a domain that a hub understands.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// The last one first.
    versions: Vec<Version>,
}

impl Lineage {
    /// Of the last version and those before it, oldest first.
    ///
    /// # Errors
    /// Tables of an earlier version that make no domain.
    pub fn new(last: &Schema, earlier: &[Earlier]) -> Result<Lineage, SchemaError> {
        let mut versions = vec![identity(last)];
        for before in earlier.iter().rev() {
            let after = &versions[versions.len() - 1];
            let version = step(Schema::new(before.tables.to_vec())?, before.renamed, after, last);
            versions.push(version);
        }
        Ok(Lineage { versions })
    }

    /// The version of this number, counted from 1.
    pub fn numbered(&self, number: usize) -> Option<&Version> {
        self.versions.get(self.versions.len().checked_sub(number)?)
    }

    /// The version that a message names; none where it is not known here. Of two that are alike, the later.
    pub fn version(&self, digest: [u8; 8]) -> Option<&Version> {
        self.versions.iter().find(|v| v.schema.digest() == digest)
    }
}

fn identity(last: &Schema) -> Version {
    let kept = |(table, t): (usize, &Table)| {
        let fields: Vec<_> = (0..t.fields.len()).map(Some).collect();
        let nothing = vec![None; fields.len()];
        Some(Kept { table, then: fields.clone(), passed: nothing.clone(), filled: nothing, fields })
    };
    let tables = last.tables().iter().enumerate().map(kept).collect();
    let then = (0..last.tables().len()).map(Some).collect();
    Version { schema: last.clone(), tables, then, last: true }
}

/// A version, by what the one after it became.
fn step(schema: Schema, renamed: &[Renamed], after: &Version, last: &Schema) -> Version {
    let mut tables = Vec::new();
    for table in schema.tables() {
        tables.push(kept(table, renamed, after, last));
    }
    let became = tables.iter().map(|kept| kept.as_ref().map(|k| k.table));
    let then = then(became, last.tables().len());
    Version { schema, tables, then, last: false }
}

fn kept(table: &Table, renamed: &[Renamed], after: &Version, last: &Schema) -> Option<Kept> {
    let of_tables = renamed.iter().filter(|r| r.field.is_none()).map(|r| (r.table, r.to));
    let at = after.schema.find(name_after(table.name, of_tables)?)?;
    let (next, became) = (after.schema.table(at), after.kept(at)?);
    let of_fields = renamed.iter().filter(|r| r.table == table.name).filter_map(|r| Some((r.field?, r.to)));
    let field = |field: &Field| {
        let name = name_after(field.name, of_fields.clone())?;
        let at = next.fields.iter().position(|f| f.name == name)?;
        same(field, renamed, &next.fields[at]).then_some(at)
    };
    let followed: Vec<Option<usize>> = table.fields.iter().map(field).collect();
    let fields: Vec<_> = followed.iter().map(|at| became.field((*at)?)).collect();
    let passed = |(field, at): (&Field, &Option<usize>)| {
        let at = (*at)?;
        let own = if next.fields[at].nullable { became.passed[at] } else { next.fields[at].default };
        own.filter(|_| field.nullable)
    };
    let passed: Vec<_> = table.fields.iter().zip(&followed).map(passed).collect();
    let now = last.table(became.table).fields;
    let must = |at: &Option<usize>| at.is_some_and(|at| !now[at].nullable);
    let filled = passed.iter().zip(&fields).map(|(passed, at)| passed.filter(|_| must(at))).collect();
    let then = then(fields.iter().copied(), now.len());
    Some(Kept { table: became.table, fields, then, passed, filled })
}

/// By place in the last version, the place then, from what each then became.
fn then(became: impl Iterator<Item = Option<usize>>, count: usize) -> Vec<Option<usize>> {
    let mut then = vec![None; count];
    for (at, now) in became.enumerate() {
        if let Some(now) = now {
            then[now] = Some(at);
        }
    }
    then
}

/// The name in the version after; none where another took it.
fn name_after<'a>(name: &'a str, mut renamed: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Option<&'a str> {
    match fault!(RenameNotFollowed: None, renamed.clone().find(|(was, _)| *was == name)) {
        Some((_, to)) => Some(to),
        None => renamed.all(|(_, to)| to != name).then_some(name),
    }
}

/// Whether it is the same field still: under another kind, target or way of counting it is a new one of an old name.
fn same(before: &Field, renamed: &[Renamed], after: &Field) -> bool {
    let of_tables = || renamed.iter().filter(|r| r.field.is_none()).map(|r| (r.table, r.to));
    let target = |f: &Field| f.parent.map(|p| p.table);
    let counts = |f: &Field| f.strategy == Strategy::Sum;
    std::mem::discriminant(&before.kind) == std::mem::discriminant(&after.kind)
        && target(before).and_then(|table| name_after(table, of_tables())) == target(after)
        && counts(before) == counts(after)
}
