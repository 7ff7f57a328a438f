//! What tables declare, as far as merging needs it.

use super::{Id, Key, Row, Value, View};
use std::collections::{BTreeMap, BTreeSet};

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
    /// All stay as candidates, and a conflict opens.
    Review,
}

/// What becomes of a delete that races an unseen edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// The edit wins.
    Keep,
    /// The delete wins.
    Drop,
    /// The edit wins, and a conflict opens.
    Review,
}

/// What a parent's death does to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// A parent that somebody needs does not die.
    Restrict,
    /// The child dies with it, and lives again with it.
    Cascade,
    /// The reference shows NULL while its target is dead.
    SetNull,
}

/// A field. Merging takes every field but a `sum` to be one that can be NULL; references are `lww`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// How it merges.
    pub strategy: Strategy,
    /// The table that it refers to, if it is a reference, and what a death there does here.
    pub parent: Option<(&'static str, OnDelete)>,
    /// What it can hold. Only where versions differ does that matter here.
    pub holds: Holds,
}

/// What a field can hold, and what stands in it for what it can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// Whether it must hold something.
    pub required: bool,
    /// Which numbers it has room for.
    pub room: Room,
    /// What it holds where its author did not know it.
    pub default: Option<Value>,
    /// The number that stands for what is empty in its kind.
    pub nothing: i64,
}

/// Which numbers a field has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// All.
    Any,
    /// Those up to this one; a greater one is told as this.
    Upto(i64),
    /// So many, from 0 on, each with a meaning of its own.
    OneOf(i64),
}

impl Holds {
    /// Anything.
    pub const ANYTHING: Holds = Holds { required: false, room: Room::Any, default: None, nothing: 0 };
}

impl Field {
    /// A field that holds numbers.
    pub fn number(name: &'static str, strategy: Strategy) -> Field {
        Field { name, strategy, parent: None, holds: Holds::ANYTHING }
    }

    /// A reference.
    pub fn reference(name: &'static str, parent: &'static str, on_delete: OnDelete) -> Field {
        Field { name, strategy: Strategy::Lww, parent: Some((parent, on_delete)), holds: Holds::ANYTHING }
    }

    /// What it holds where nothing was written: 0 in a `sum`, else NULL.
    pub fn empty(&self) -> Value {
        if self.strategy == Strategy::Sum { Value::Int(0) } else { Value::Null }
    }

    /// What it holds in a record whose author did not know it.
    pub fn unknown(&self) -> Value {
        self.holds.default.unwrap_or_else(|| self.empty())
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its fields without the id.
    pub fields: Vec<Field>,
    /// What becomes of a delete that races an unseen edit.
    pub deletes: Deletes,
}

impl Table {
    /// A record of this table in which nothing was written.
    pub fn empty(&self) -> Row {
        self.fields.iter().map(|f| (f.name, f.empty())).collect()
    }
}

/// A reference: `child.field` names a record of `parent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The table that refers.
    pub child: &'static str,
    /// By which field.
    pub field: &'static str,
    /// To which table; possibly its own.
    pub parent: &'static str,
    /// What a death there does here.
    pub on_delete: OnDelete,
}

/// Tables in dependency order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    tables: Vec<Table>,
    edges: Vec<Edge>,
}

impl Schema {
    /// These tables, which must stand in dependency order: parents before children.
    pub fn new(tables: Vec<Table>) -> Schema {
        let mut edges = Vec::new();
        for t in &tables {
            for f in &t.fields {
                let edge = |(parent, on_delete)| Edge { child: t.name, field: f.name, parent, on_delete };
                edges.extend(f.parent.map(edge));
            }
        }
        Schema { tables, edges }
    }

    /// All tables, parents before children.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Where this table stands in the order, from 0.
    pub fn position(&self, table: &str) -> usize {
        self.tables.iter().position(|t| t.name == table).unwrap_or(self.tables.len())
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> &Table {
        &self.tables[self.position(name)]
    }

    /// How a field merges.
    pub fn strategy(&self, table: &str, field: &str) -> Strategy {
        let found = self.table(table).fields.iter().find(|f| f.name == field);
        found.map_or(Strategy::Lww, |f| f.strategy)
    }

    /// The references that a table makes.
    pub fn parents(&self, table: &str) -> impl Iterator<Item = Edge> {
        self.edges.iter().copied().filter(move |e| e.child == table)
    }

    /// The references made to a table.
    pub fn children(&self, table: &str) -> impl Iterator<Item = Edge> {
        self.edges.iter().copied().filter(move |e| e.parent == table)
    }

    /// What is shown where there is nothing: every table, empty.
    pub fn nothing(&self) -> View {
        self.per_table()
    }

    /// Something empty for each table.
    pub(super) fn per_table<T: Default>(&self) -> BTreeMap<&'static str, T> {
        self.tables.iter().map(|t| (t.name, T::default())).collect()
    }

    /// Whether every reference names a record that is shown.
    pub fn whole(&self, view: &View) -> bool {
        self.edges.iter().all(|e| {
            let targets = view[e.child].values().filter_map(|row| row[e.field].target());
            targets.into_iter().all(|id| view[e.parent].contains_key(&id))
        })
    }

    /// The references that name no record that is shown: table, record, field and what they name.
    pub fn dangling(&self, view: &View) -> BTreeSet<(Key, &'static str, Id)> {
        let mut dangling = BTreeSet::new();
        for e in &self.edges {
            let named = view[e.child].iter().filter_map(|(id, row)| Some((*id, row[e.field].target()?)));
            let gone = named.filter(|(_, target)| !view[e.parent].contains_key(target));
            dangling.extend(gone.map(|(id, target)| ((e.child, id), e.field, target)));
        }
        dangling
    }
}
