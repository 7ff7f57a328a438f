//! What a commit may look at: records that the store has loaded, under those that the commit has changed.

use crate::change::Key;
use crate::id::RecordId;
use crate::model::{Edge, FieldIx, TableIx};
use crate::record::Record;
use crate::value::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A result, or what is needed to reach one.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<T> {
    /// Load this into the [`World`], then ask again.
    Load(Wants),
    /// Done.
    Done(T),
}

/// What a store is to load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// These records, dead or alive.
    pub records: Vec<Key>,
    /// The records, dead or alive, whose reference (child table, field) names this record.
    pub children: Vec<(TableIx, FieldIx, RecordId)>,
    /// The other living records (but for the one named) whose unique field shows this value, as far as a store will go.
    pub same: Vec<(TableIx, FieldIx, Value, RecordId)>,
}

impl Wants {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.children.is_empty() && self.same.is_empty()
    }
}

/// What a store has loaded for a commit, as of before it.
#[derive(Debug, Default)]
pub struct World {
    records: HashMap<Key, Option<Record>>,
    children: HashMap<(TableIx, FieldIx, RecordId), Vec<RecordId>>,
    same: HashMap<(TableIx, FieldIx, Value, RecordId), Vec<RecordId>>,
}

impl World {
    /// A record; none where the hub never heard of it.
    pub fn add_record(&mut self, key: Key, record: Option<Record>) {
        self.records.insert(key, record);
    }

    /// The records that refer to `parent` by this field.
    pub fn add_children(&mut self, child: TableIx, field: FieldIx, parent: RecordId, children: Vec<RecordId>) {
        self.children.insert((child, field, parent), children);
    }

    /// The living records other than `except` that show this value of a unique field.
    pub fn add_same(&mut self, table: TableIx, field: FieldIx, value: Value, except: RecordId, found: Vec<RecordId>) {
        self.same.insert((table, field, value, except), found);
    }

    /// Whether this record was loaded, existing or not. A store that loads children loads their records with them: they
    /// are wanted next.
    pub fn has_record(&self, key: Key) -> bool {
        self.records.contains_key(&key)
    }

    /// A record that was loaded and exists.
    pub(super) fn record(&self, key: Key) -> Option<&Record> {
        self.records.get(&key)?.as_ref()
    }

    pub(super) fn children(&self, of: &(TableIx, FieldIx, RecordId)) -> Option<&[RecordId]> {
        self.children.get(of).map(Vec::as_slice)
    }

    pub(super) fn same(&self, of: &(TableIx, FieldIx, Value, RecordId)) -> Option<&[RecordId]> {
        self.same.get(of).map(Vec::as_slice)
    }
}

/// Reads records as the commit sees them, and notes what is missing instead of failing: whoever reads checks
/// [`View::wants`] before acting on what was read.
pub(super) struct View<'a> {
    touched: &'a BTreeMap<Key, Record>,
    referring: &'a HashMap<(TableIx, FieldIx, RecordId), Vec<Key>>,
    world: &'a World,
    wants: RefCell<Wants>,
    asked: RefCell<HashSet<Key>>,
    asked_children: RefCell<HashSet<(TableIx, FieldIx, RecordId)>>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        touched: &'a BTreeMap<Key, Record>,
        referring: &'a HashMap<(TableIx, FieldIx, RecordId), Vec<Key>>,
        world: &'a World,
    ) -> View<'a> {
        let (wants, asked, asked_children) = (RefCell::default(), RefCell::default(), RefCell::default());
        View { touched, referring, world, wants, asked, asked_children }
    }

    /// A record, if it is loaded and exists.
    pub(super) fn record(&self, key: Key) -> Option<&'a Record> {
        if let Some(record) = self.touched.get(&key) {
            return Some(record);
        }
        if !self.world.has_record(key) && self.asked.borrow_mut().insert(key) {
            self.wants.borrow_mut().records.push(key);
        }
        self.world.record(key)
    }

    /// As the store has it, before the commit.
    pub(super) fn before(&self, key: Key) -> Option<&'a Record> {
        self.world.record(key)
    }

    /// The records that refer to `parent` by this edge, as the commit sees them.
    pub(super) fn children(&self, edge: &Edge, parent: RecordId) -> Vec<Key> {
        let of = (edge.child, edge.field, parent);
        let Some(stored) = self.world.children(&of) else {
            if self.asked_children.borrow_mut().insert(of) {
                self.wants.borrow_mut().children.push(of);
            }
            return Vec::new();
        };
        let changed = self.referring.get(&of).into_iter().flatten().copied();
        let unchanged = stored.iter().map(|id| (edge.child, *id)).filter(|k| !self.touched.contains_key(k));
        let mut children: Vec<Key> = changed.chain(unchanged).collect();
        children.sort_unstable();
        children.dedup();
        children.retain(|k| self.record(*k).is_some_and(|r| r.reference(edge.field) == Some(parent)));
        children
    }

    /// The other living records that the store has with this value.
    pub(super) fn same(&self, of: (TableIx, FieldIx, Value, RecordId)) -> &'a [RecordId] {
        match self.world.same(&of) {
            Some(found) => found,
            None => {
                self.wants.borrow_mut().same.push(of);
                &[]
            }
        }
    }

    /// Whether nothing was missing so far.
    pub(super) fn complete(&self) -> bool {
        self.wants.borrow().is_empty()
    }

    /// What was missing, if anything.
    pub(super) fn wants(self) -> Result<(), Wants> {
        let wants = self.wants.into_inner();
        if wants.is_empty() { Ok(()) } else { Err(wants) }
    }
}
