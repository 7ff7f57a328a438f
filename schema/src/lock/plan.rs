//! What leads from a version to the next.

use super::{Column, Holds, Table, Version};
use crate::model::{Deletes, OnDelete, Strategy};
use std::fmt::{Display, Formatter, Result};

/// What leads from a version to the next; only [`compare`](super::compare) makes one, so that what would lose data is not
/// among its steps, or was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(crate) before: Option<Version>,
    pub(crate) now: Version,
    pub(crate) steps: Vec<Step>,
    /// For each table now, where it comes from.
    pub(crate) tables: Vec<Option<Origin>>,
}

/// Where a table comes from: positions in the version before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) table: usize,
    /// For each column now.
    pub(crate) columns: Vec<Option<usize>>,
}

/// One thing that changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The table, by its name now; of a dropped one, by the name that it had.
    pub table: String,
    /// The column, where it is about one, named likewise.
    pub column: Option<String>,
    /// What becomes of it.
    pub what: What,
}

/// What changes about a table or a column.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It is new.
    Added(Option<Column>),
    /// It goes, with all that it holds.
    Dropped,
    /// It had this name.
    Renamed(String),
    /// It can be NULL from now on.
    Nullable,
    /// It can't be NULL any more: what is NULL becomes this, as SQL.
    Filled(String),
    /// It can hold more.
    Widened(Holds, Holds),
    /// Concurrent writes merge otherwise.
    Strategy(Strategy, Strategy),
    /// An update carries the changed fields from now on, and no longer all of them.
    Parts,
    /// A delete that races an unseen edit ends otherwise.
    Deletes(Deletes, Deletes),
    /// It roots a scope, or does so no longer.
    Scope(bool),
    /// A parent's death does something else.
    OnDelete(OnDelete, OnDelete),
    /// Two records must not share a value, or may.
    Unique(bool),
    /// Lookups have an index, or not.
    Indexed(bool),
    /// Its fields stand in another order.
    Reordered,
    /// The texts of an enum stand in another order.
    Texts,
}

impl Plan {
    /// The version that it leads to.
    pub fn now(&self) -> &Version {
        &self.now
    }

    /// The version from which it leads; none where it makes the first.
    pub fn before(&self) -> Option<&Version> {
        self.before.as_ref()
    }

    /// What changes, in order of the tables now; what is dropped comes last.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Gives the migration a name.
    pub fn named(mut self, name: impl Into<String>) -> Plan {
        self.now.name = name.into();
        self
    }

    /// The name of a migration that nobody named: what its first step is.
    pub fn suggested_name(&self) -> String {
        let (Some(_), Some(step)) = (&self.before, self.steps.first()) else { return "start".to_owned() };
        let verb = match step.what {
            What::Added(_) => "add",
            What::Dropped => "drop",
            What::Renamed(_) => "rename",
            _ => "change",
        };
        let words = [Some(verb), Some(step.table.as_str()), step.column.as_deref()];
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
        let words: String = words.into_iter().flatten().collect::<Vec<_>>().join(" ").chars().map(plain).collect();
        words.split_whitespace().take(6).collect::<Vec<_>>().join("_").chars().take(48).collect()
    }

    /// Each table that stays, with what it was.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&Table, &Table, &Origin)> {
        let pairs = self.now.tables.iter().zip(&self.tables);
        pairs.filter_map(|(now, origin)| {
            let origin = origin.as_ref()?;
            Some((self.before.as_ref()?.tables.get(origin.table)?, now, origin))
        })
    }

    /// The tables that go.
    pub(crate) fn gone(&self) -> impl Iterator<Item = &Table> {
        let stays = |at: usize| self.tables.iter().flatten().any(|o| o.table == at);
        let before = self.before.iter().flat_map(|v| v.tables.iter().enumerate());
        before.filter(move |(at, _)| !stays(*at)).map(|(_, table)| table)
    }
}

/// Whether what stays keeps its order.
pub(super) fn in_order(columns: &[Option<usize>]) -> bool {
    columns.iter().flatten().is_sorted()
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.column {
            Some(column) => write!(f, "{}.{column}: ", self.table)?,
            None => write!(f, "{}: ", self.table)?,
        }
        self.what.fmt(f)
    }
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            What::Added(None) => f.write_str("a new table"),
            What::Added(Some(column)) => added(f, column),
            What::Dropped => f.write_str("dropped, with all that it holds; what devices still send of it is ignored"),
            What::Renamed(from) => write!(f, "was {from}"),
            What::Nullable => f.write_str("can be NULL"),
            What::Filled(default) => write!(f, "can't be NULL any more; NULL becomes {default}"),
            What::Widened(from, to) => widened(f, from, to),
            What::Strategy(from, to) => strategy(f, *from, *to),
            What::Parts => f.write_str("an update carries what changed, no longer the whole record"),
            What::Deletes(from, to) => {
                write!(f, "a delete against an unseen edit: {} instead of {}", to.word(), from.word())
            }
            What::Scope(true) => f.write_str("roots a scope"),
            What::Scope(false) => f.write_str("roots no scope any more"),
            What::OnDelete(from, to) => write!(f, "on a parent's delete: {} instead of {}", to.word(), from.word()),
            What::Unique(true) => f.write_str("unique; what is there twice stays until somebody changes it"),
            What::Unique(false) => f.write_str("need not be unique any more"),
            What::Indexed(true) => f.write_str("indexed"),
            What::Indexed(false) => f.write_str("not indexed any more"),
            What::Reordered => f.write_str("its fields stand in another order"),
            What::Texts => f.write_str("the texts of its enum stand in another order"),
        }
    }
}

fn added(f: &mut Formatter<'_>, column: &Column) -> Result {
    write!(f, "a new column, {}", column.holds.word())?;
    if column.nullable {
        f.write_str(" or NULL")?;
    }
    let value = column.default.as_ref().map_or_else(|| "NULL".to_owned(), |default| default.sql());
    write!(f, "; records that are there get {value}")
}

fn widened(f: &mut Formatter<'_>, from: &Holds, to: &Holds) -> Result {
    match (from, to) {
        (Holds::Enum(from), Holds::Enum(to)) => {
            let new: Vec<String> = to.iter().filter(|t| !from.contains(t)).map(|t| format!("{t:?}")).collect();
            write!(f, "can also be {}", new.join(", "))
        }
        _ => write!(f, "{} instead of {}", to.word(), from.word()),
    }
}

fn strategy(f: &mut Formatter<'_>, from: Strategy, to: Strategy) -> Result {
    write!(f, "merges by {} instead of {}", to.word(), from.word())?;
    if from == Strategy::Review { f.write_str("; open conflicts end with what is shown") } else { Ok(()) }
}
