//! A device's changelog, as the triggers wrote it.

use crate::clock::{Hlc, Seq};
use crate::id::RecordId;
use crate::model::{FieldIx, TableIx};
use crate::value::Value;

/// One operation on one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When. Unique in the file, and the log's order.
    pub hlc: Hlc,
    /// Of which table.
    pub table: TableIx,
    /// Of which record.
    pub id: RecordId,
    /// What the writer had seen.
    pub base: Seq,
    /// What was done.
    pub op: Op,
}

/// What an entry did.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// The record was inserted, with all its fields in order.
    Insert(Vec<Value>),
    /// These fields were changed, in order of fields; of a `sum` the difference.
    Update(Vec<(FieldIx, Value)>),
    /// The record was deleted; what it held.
    Delete(Vec<Value>),
    /// A foreign key took the record with the parent that this reference named; what it held.
    Cascade {
        /// What it held, the reference included.
        last: Vec<Value>,
        /// The reference.
        via: FieldIx,
    },
    /// A foreign key emptied this reference.
    Stale {
        /// The reference.
        field: FieldIx,
        /// The record that it named.
        target: RecordId,
    },
    /// A reviewer decided a conflict.
    Resolve(About, Vec<(FieldIx, Value)>),
}

/// What a conflict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum About {
    /// Concurrent values of one field, or of all fields where the struct itself is under `review`. Its answer is values.
    Fields,
    /// A delete that an unseen edit undid (`deletes = review`). Its answers are to keep the record or to delete it.
    Delete,
    /// A value of this unique field that another record has too.
    Unique(FieldIx),
}
