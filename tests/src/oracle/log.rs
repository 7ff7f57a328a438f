//! What a device writes down, and who stamps it.

use super::{Hlc, Id, Key, Row, Seq, Value};

/// One operation on one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When. Unique in the file, and the log's order.
    pub hlc: Hlc,
    /// On which record.
    pub key: Key,
    /// What the writer had seen.
    pub base: Seq,
    /// What was done.
    pub op: Op,
}

/// What an entry did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Inserted, with all fields.
    Insert(Row),
    /// These fields were changed; of a `sum` the difference.
    Update(Row),
    /// Deleted; what it held.
    Delete(Row),
    /// A foreign key took it; what it held, and the parent that it went with.
    Cascade(Row, Key),
    /// A foreign key emptied this reference to that record.
    Stale(&'static str, Key),
    /// A conflict was decided; of a field, for this value.
    Resolve(About, Value),
}

/// What a conflict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The values of a field.
    Field(&'static str),
    /// A delete that was undone. That it is settled says nothing here.
    Delete,
    /// A value that two records share. Likewise.
    Unique(&'static str),
}

/// The kind of an entry, by which one log is laid beside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// [`Op::Insert`].
    Insert,
    /// [`Op::Update`].
    Update,
    /// [`Op::Delete`].
    Delete,
    /// [`Op::Cascade`].
    Cascade,
    /// [`Op::Stale`], of this field.
    Stale(&'static str),
    /// [`Op::Resolve`].
    Resolve,
}

impl Op {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Op::Insert(_) => Kind::Insert,
            Op::Update(_) => Kind::Update,
            Op::Delete(_) => Kind::Delete,
            Op::Cascade(..) => Kind::Cascade,
            Op::Stale(field, _) => Kind::Stale(field),
            Op::Resolve(..) => Kind::Resolve,
        }
    }
}

/// What stamps a device's entries.
pub trait Clock {
    /// The stamp of an entry about to be logged, above `last`, the device's last one.
    fn stamp(&mut self, key: Key, kind: Kind, last: Hlc) -> Hlc;
}

/// A clock that shows this many milliseconds since 1970 until somebody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall(pub u64);

impl Wall {
    /// The first reading of this millisecond.
    pub fn hlc(self) -> Hlc {
        self.0 << 15
    }
}

impl Clock for Wall {
    fn stamp(&mut self, _: Key, _: Kind, last: Hlc) -> Hlc {
        self.hlc().max(last + 1)
    }
}

/// One write of an application: what it asks for. Whether it may is for the local foreign keys to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Insert a record; fields that are not named are left empty. Refused where the id is taken.
    Insert {
        /// Into which table.
        table: &'static str,
        /// Under which id.
        id: Id,
        /// With what.
        values: Row,
    },
    /// Set fields of a record. Of one that is not there: nothing.
    Update {
        /// In which table.
        table: &'static str,
        /// Of which record.
        id: Id,
        /// To what; of a `sum`, the new total.
        values: Row,
    },
    /// Delete a record. One that is not there: nothing.
    Delete {
        /// From which table.
        table: &'static str,
        /// Which record.
        id: Id,
    },
}

impl Write {
    /// The record that it is about.
    pub fn key(&self) -> Key {
        match self {
            Write::Insert { table, id, .. } | Write::Update { table, id, .. } | Write::Delete { table, id } => {
                (table, *id)
            }
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// It was done, even if it changed nothing.
    Done,
    /// A constraint forbade it, and nothing of it was done.
    Refused,
}

/// The difference that a new total of a `sum` makes.
pub(super) fn difference(new: Value, old: Value) -> Value {
    Value::Int(new.number() - old.number())
}
