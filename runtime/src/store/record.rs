//! A record in the application's hands: its values, and what it was read as.

use super::error::WriteError;
use crate::syncable::{Syncable, ValueError};
use crate::types::Id;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use windrow_protocol::clock::Seq;
use windrow_protocol::id::RecordId;
use windrow_protocol::model::{FieldIx, Strategy, Table};
use windrow_protocol::value::Value;

/// Whether a transaction was committed. One that is dropped stays uncommitted.
pub(super) type Committed = Arc<AtomicBool>;

/// A record as it was read, to be changed and given to `update`.
///
/// It remembers what it was read as, and what the device had seen of the hub then, so that an update writes only what was
/// changed (of a `sum` the difference), and merges as what it is: a write by somebody who saw the record as it was then.
#[derive(Debug, Clone)]
pub struct Record<T> {
    value: T,
    id: RecordId,
    read: Vec<Value>,
    base: Seq,
    /// Values written in a transaction, and whether it was committed: if it was not, `read` still holds.
    written: Option<(Committed, Vec<Value>)>,
}

impl<T> Deref for Record<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Record<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Record<T> {
    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// What the device had seen of the hub when the record was read.
    pub(super) fn base(&self) -> Seq {
        self.base
    }
}

impl<T: Syncable> Record<T> {
    pub(super) fn new(id: RecordId, values: Vec<Value>, base: Seq) -> Result<Record<T>, ValueError> {
        let value = T::from_values(Id::from(id), values)?;
        // Not as stored: a foreign program may have written the same JSON in another form.
        let read = value.to_values()?;
        Ok(Record { value, id, read, base, written: None })
    }

    /// The fields that the application changed, and what to write to them: of a `sum` the difference.
    ///
    /// `committed`: of the transaction that is to write them.
    pub(super) fn edits(&self, committed: &Committed) -> Result<(RecordId, Vec<(FieldIx, Value)>), WriteError> {
        let table = &T::TABLE.model;
        if self.value.id().record() != self.id {
            return Err(WriteError::IdChanged { table: table.name, record: self.id });
        }
        let now = self.value.to_values().map_err(|source| WriteError::Value { table: table.name, source })?;
        let changed = self.stored(committed).iter().zip(now).enumerate().filter(|(_, (old, new))| *old != new);
        let edits = changed.map(|(field, (old, new))| Ok((field, edit(table, self.id, field, old, new)?)));
        Ok((self.id, edits.collect::<Result<_, WriteError>>()?))
    }

    /// The values are written, if this transaction is committed.
    pub(super) fn note_written(&mut self, committed: &Committed) -> Result<(), WriteError> {
        let values = self.value.to_values().map_err(|source| WriteError::Value { table: T::NAME, source })?;
        if !self.written.as_ref().is_some_and(|(by, _)| Arc::ptr_eq(by, committed)) {
            self.read = self.stored(committed).to_vec();
        }
        self.written = Some((committed.clone(), values));
        Ok(())
    }

    /// What stands in the file as far as this record knows, seen from within a transaction.
    fn stored(&self, committed: &Committed) -> &[Value] {
        match &self.written {
            Some((by, values)) if Arc::ptr_eq(by, committed) || by.load(Ordering::Acquire) => values,
            _ => &self.read,
        }
    }
}

fn edit(table: &Table, record: RecordId, field: FieldIx, old: &Value, new: Value) -> Result<Value, WriteError> {
    match (table.fields[field].strategy, old, &new) {
        (Strategy::Sum, Value::Integer(old), Value::Integer(new)) => match new.checked_sub(*old) {
            Some(difference) => Ok(Value::Integer(difference)),
            None => Err(WriteError::Overflow { table: table.name, record, field: table.fields[field].name }),
        },
        _ => Ok(new),
    }
}
