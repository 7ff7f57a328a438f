//! Two versions of a lock, and what of the one is which of the other, found by names from version to version.

use windrow::Domain;
use windrow::protocol::model::Schema;
use windrow::rusqlite::types::Value;
use windrow_schema::lock::{Column, Holds, Literal, Table, Version};

/// One of the two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
}

/// Two versions, and what is between them.
pub(super) struct Pair<'a> {
    /// From the old version to the new one, at least these two.
    versions: &'a [Version],
    domains: [&'static Domain; 2],
    /// By table of the new version; none where the old one has no such.
    kept: Vec<Option<Kept<'a>>>,
}

/// A table that both versions have.
pub(super) struct Kept<'a> {
    /// Its place in the old version.
    old: usize,
    /// For each column of the new version what it was in each version, the last first, as far back as there is any.
    columns: Vec<Vec<(usize, &'a Column)>>,
    /// How many versions there are from the old one to the new one.
    versions: usize,
    /// Whether the old version can show every record that the new one makes.
    told: bool,
}

impl<'a> Pair<'a> {
    /// Those at the two ends of these versions, as programs have them.
    pub(super) fn new(versions: &'a [Version], domains: [&'static Domain; 2]) -> Pair<'a> {
        let tables = versions.last().map_or(0, |last| last.tables.len());
        let kept = (0..tables).map(|at| Kept::trace(versions, at)).collect();
        let mut pair = Pair { versions, domains, kept };
        (0..pair.tables(Side::Old).len()).for_each(|old| pair.judge(old));
        pair
    }

    fn version(&self, side: Side) -> Option<&'a Version> {
        if side == Side::Old { self.versions.first() } else { self.versions.last() }
    }

    /// Its number in the lock.
    pub(super) fn number(&self, side: Side) -> u32 {
        self.version(side).map_or(0, |v| v.number)
    }

    /// Its tables, parents before children.
    pub(super) fn tables(&self, side: Side) -> &'a [Table] {
        self.version(side).map_or(&[], |v| &v.tables)
    }

    /// It, as its programs have it.
    pub(super) fn domain(&self, side: Side) -> &'static Domain {
        self.domains[usize::from(side == Side::New)]
    }

    /// Whether the wire tells the versions apart.
    pub(super) fn differ(&self) -> bool {
        let digest = |side| {
            let tables = self.domain(side).tables.iter().map(|t| t.model).collect();
            Schema::new(tables).ok().map(|schema| schema.digest())
        };
        digest(Side::Old) != digest(Side::New)
    }

    /// A table of the new version that the old one has too.
    pub(super) fn kept(&self, new: usize) -> Option<&Kept<'a>> {
        self.kept.get(new)?.as_ref()
    }

    /// The tables that both have, as the new version numbers them.
    pub(super) fn both(&self) -> impl Iterator<Item = (usize, &Kept<'a>)> {
        self.kept.iter().enumerate().filter_map(|(at, kept)| Some((at, kept.as_ref()?)))
    }

    /// A table of one side, as the other numbers it.
    pub(super) fn table(&self, from: Side, table: usize, to: Side) -> Option<usize> {
        match (from, to) {
            (Side::Old, Side::New) => self.both().find(|(_, kept)| kept.old == table).map(|(at, _)| at),
            (Side::New, Side::Old) => Some(self.kept(table)?.old),
            _ => Some(table),
        }
    }

    /// The place of the table of this name.
    pub(super) fn named(&self, side: Side, name: &str) -> Option<usize> {
        self.tables(side).iter().position(|t| t.name == name)
    }

    /// Whether a table or a column has another name.
    pub(super) fn renamed(&self, new: usize, column: usize) -> bool {
        let (table, Some(kept)) = (&self.tables(Side::New)[new], self.kept(new)) else { return false };
        let other_table = self.tables(Side::Old)[kept.old].name != table.name;
        kept.was(column).is_some_and(|(_, was)| other_table || was.name != table.columns[column].name)
    }

    /// Whether an update of a table carries whole records, in either version.
    pub(super) fn whole(&self, new: usize) -> bool {
        let old = self.kept(new).map(|kept| &self.tables(Side::Old)[kept.old]);
        self.tables(Side::New)[new].whole || old.is_some_and(|old| old.whole)
    }

    /// Whether an old device shows a column of the new version as it is.
    pub(super) fn keeps(&self, new: usize, column: usize) -> bool {
        let now = &self.tables(Side::New)[new].columns[column];
        let was = self.kept(new).and_then(|kept| kept.was(column));
        self.told(new) && was.is_some_and(|(_, was)| was.nullable || !now.nullable)
    }

    /// Whether the new version gained a column of a table that the old one can show.
    pub(super) fn gained(&self, new: usize, column: usize) -> bool {
        self.told(new) && self.kept(new).is_some_and(|kept| kept.was(column).is_none())
    }

    /// Whether a table or a column went.
    pub(super) fn drops(&self) -> bool {
        self.tables(Side::Old).iter().enumerate().any(|(old, table)| {
            let kept = self.table(Side::Old, old, Side::New).and_then(|new| self.kept(new));
            kept.is_none_or(|kept| (0..table.columns.len()).any(|column| kept.now(column).is_none()))
        })
    }

    /// Old tables stand parents first: what hangs on a record that is not told is not told either.
    fn judge(&mut self, old: usize) {
        let Some(new) = self.table(Side::Old, old, Side::New) else { return };
        let table = &self.tables(Side::Old)[old];
        let told = table.columns.iter().enumerate().all(|(at, column)| {
            let gone = self.kept(new).is_some_and(|kept| kept.now(at).is_none());
            let needs = column.holds == Holds::Id && !column.nullable;
            let parent = column.parent.as_ref().filter(|p| p.table != table.name).filter(|_| !gone);
            let parent = parent.and_then(|p| self.named(Side::Old, &p.table));
            let told = parent.is_none_or(|p| self.table(Side::Old, p, Side::New).is_some_and(|p| self.told(p)));
            !(gone && needs) && told
        });
        if let Some(kept) = &mut self.kept[new] {
            kept.told = told;
        }
    }

    /// Whether the old version can show every record of a table of the new one.
    pub(super) fn told(&self, new: usize) -> bool {
        self.kept(new).is_some_and(|kept| kept.told)
    }
}

impl<'a> Kept<'a> {
    fn trace(versions: &'a [Version], last: usize) -> Option<Kept<'a>> {
        let table = &versions.last()?.tables[last];
        let mut columns: Vec<_> = table.columns.iter().enumerate().map(|column| vec![column]).collect();
        let (mut at, mut here) = (last, table);
        for (back, before) in versions.iter().rev().skip(1).enumerate() {
            at = before.tables.iter().position(|t| &t.name == here.was.as_ref().unwrap_or(&here.name))?;
            here = &before.tables[at];
            for chain in columns.iter_mut().filter(|chain| chain.len() == back + 1) {
                let (_, column) = chain[back];
                let was = here.position(column.was.as_ref().unwrap_or(&column.name));
                chain.extend(was.map(|was| (was, &here.columns[was])));
            }
        }
        Some(Kept { old: at, columns, versions: versions.len(), told: false })
    }

    /// A column of the new version, as the old one has it.
    pub(super) fn was(&self, column: usize) -> Option<(usize, &'a Column)> {
        self.columns.get(column)?.get(self.versions - 1).copied()
    }

    /// The place in the new version of a column of the old one.
    pub(super) fn now(&self, old: usize) -> Option<usize> {
        (0..self.columns.len()).find(|at| self.was(*at).is_some_and(|(was, _)| was == old))
    }

    /// What a column of the new version is to hold for a value of the old one, or where the old one has no such column:
    /// with a file that migrates, and over the wire, which knows the last version's default alone.
    pub(super) fn carried(&self, column: usize, value: Option<Value>) -> Vec<Value> {
        let chain = &self.columns[column];
        let later = chain.iter().rev().skip(usize::from(value.is_some()));
        let migrated = later.fold(value.clone(), |value, (_, column)| Some(next(column, value)));
        let told = chain.first().map(|(_, last)| next(last, value));
        migrated.into_iter().chain(told).collect()
    }
}

/// A value one version later.
fn next(column: &Column, value: Option<Value>) -> Value {
    match value {
        Some(Value::Null) if column.nullable => Value::Null,
        None | Some(Value::Null) => column.default.as_ref().map_or(Value::Null, literal),
        Some(value) => value,
    }
}

fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Integer(n) => Value::Integer(*n),
        Literal::Real(x) => Value::Real(*x),
        Literal::Text(text) => Value::Text(text.clone()),
        Literal::Blob(bytes) => Value::Blob(bytes.clone()),
    }
}
