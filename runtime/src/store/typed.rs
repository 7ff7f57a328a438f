//! The typed way in: records as structs.

use super::error::{Rule, StoreError, WriteError};
use super::plan::Plan;
use super::record::{Committed, Record};
use super::values::{execute, fields_of, id_of, id_value, masked};
use super::{App, Store, state};
use crate::sqlite::Bound;
use crate::syncable::Syncable;
use crate::types::Id;
use rusqlite::{Connection, ErrorCode, Params, Row, Transaction, TransactionBehavior, ffi};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use windrow_protocol::clock::Seq;
use windrow_protocol::id::RecordId;
use windrow_protocol::model::TableIx;
use windrow_protocol::value::Value;

/// A transaction. What is read and written through it is one unit: all of it is committed, or none.
#[derive(Debug)]
pub struct Tx<'a> {
    conn: &'a Connection,
    plan: &'a Plan,
    committed: Committed,
}

impl Store {
    /// Runs a closure in a transaction, which is committed if it answers `Ok` and rolled back if it answers `Err`.
    ///
    /// ```
    /// # use windrow::{Id, Store, Syncable};
    /// # use windrow::store::StoreError;
    /// # #[derive(Debug, Clone, PartialEq, Syncable)]
    /// # pub struct Farm { pub id: Id<Farm>, pub name: String, #[merge(sum)] pub cattle: i64 }
    /// # windrow::domain!(pub FARMS = [Farm]);
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let dir = tempfile::tempdir()?;
    /// # let store = Store::open(dir.path().join("farm.db"), &FARMS)?;
    /// let (from, to) = (Id::new(), Id::new());
    /// store.insert(&Farm { id: from, name: "Kibo".into(), cattle: 12 })?;
    /// store.insert(&Farm { id: to, name: "Mara".into(), cattle: 0 })?;
    ///
    /// let moved = store.transaction(|tx| {
    ///     for mut farm in tx.query::<Farm>("", [])? {
    ///         farm.cattle += if farm.id == from { -5 } else { 5 };
    ///         tx.update(&mut farm)?;
    ///     }
    ///     tx.connection().execute("UPDATE farm SET name = upper(name)", [])?;
    ///     Ok::<_, StoreError>(5)
    /// })?;
    /// assert_eq!(moved, 5);
    /// assert_eq!(store.get::<Farm>(to)?.map(|f| f.cattle), Some(5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The closure's. A transaction that can't begin, because another program's takes too long, or can't be committed.
    /// [`WriteError::Nested`] within another transaction of this store.
    pub fn transaction<R, E: From<StoreError>>(&self, f: impl FnOnce(&Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        let app = self.app()?;
        let before = app.conn.total_changes();
        let newest = &self.inner.newest;
        let (version, done) = run(&app, self.plan(), TransactionBehavior::Immediate, |tx| {
            let version = newest.keep(tx.conn, tx.plan)?;
            f(tx).map(|done| (version, done))
        })?;
        newest.note(version);
        if app.conn.total_changes() > before {
            self.announce();
        }
        Ok(done)
    }

    fn reading<R>(&self, f: impl FnOnce(&Tx<'_>) -> Result<R, StoreError>) -> Result<R, StoreError> {
        run(&self.app()?, self.plan(), TransactionBehavior::Deferred, f)
    }

    /// Inserts a record.
    ///
    /// # Errors
    /// [`WriteError::Rule`] where the table refuses it. What SQLite says.
    pub fn insert<T: Syncable>(&self, record: &T) -> Result<(), StoreError> {
        self.transaction(|tx| tx.insert(record))
    }

    /// The record of this id; none where it is not here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn get<T: Syncable>(&self, id: Id<T>) -> Result<Option<Record<T>>, StoreError> {
        self.reading(|tx| tx.get(id))
    }

    /// Writes what was changed in a record since it was read, and nothing else: fields that others changed meanwhile
    /// keep their values, and to a `sum` field the difference is added.
    ///
    /// # Errors
    /// [`WriteError::Vanished`] where the record is not here any more, [`WriteError::Rule`] where the table refuses it.
    /// What SQLite says. The record is as it was then, and may be updated again.
    pub fn update<T: Syncable>(&self, record: &mut Record<T>) -> Result<(), StoreError> {
        self.transaction(|tx| tx.update(record))
    }

    /// Deletes a record; whether it was here. What hangs on it goes as its parents' `on_delete` says.
    ///
    /// # Errors
    /// [`WriteError::Rule`] where another record still needs it. What SQLite says.
    pub fn delete<T: Syncable>(&self, id: Id<T>) -> Result<bool, StoreError> {
        self.transaction(|tx| tx.delete(id))
    }

    /// The records that a condition selects: what follows `SELECT ... FROM table` in SQL, such as
    /// `WHERE cattle > ?1 ORDER BY name`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn query<T: Syncable>(&self, condition: &str, params: impl Params) -> Result<Vec<Record<T>>, StoreError> {
        self.reading(|tx| tx.query(condition, params))
    }

    /// How many records a condition selects; see [`Store::query`].
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count<T: Syncable>(&self, condition: &str, params: impl Params) -> Result<u64, StoreError> {
        self.reading(|tx| tx.count::<T>(condition, params))
    }
}

/// Runs a closure in a transaction of the application's connection.
fn run<R, E: From<StoreError>>(
    app: &App<'_>,
    plan: &Plan,
    behavior: TransactionBehavior,
    f: impl FnOnce(&Tx<'_>) -> Result<R, E>,
) -> Result<R, E> {
    let transaction = Transaction::new_unchecked(&app.conn, behavior).map_err(StoreError::from)?;
    let tx = Tx { conn: &transaction, plan, committed: Arc::new(AtomicBool::new(false)) };
    let done = f(&tx)?;
    let committed = tx.committed;
    transaction.commit().map_err(StoreError::from)?;
    committed.store(true, Ordering::Release);
    Ok(done)
}

impl<'a> Tx<'a> {
    /// The connection, for any SQL within this transaction.
    pub fn connection(&self) -> &'a Connection {
        self.conn
    }

    pub(super) fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// Inserts a record. See [`Store::insert`].
    ///
    /// # Errors
    /// As there.
    pub fn insert<T: Syncable>(&self, record: &T) -> Result<(), StoreError> {
        let (table, id) = (self.plan.find(T::TABLE)?, record.id().record());
        let values = record.to_values().map_err(|source| WriteError::Value { table: T::NAME, source })?;
        let args: Vec<Value> = std::iter::once(id_value(id)).chain(values).collect();
        self.write::<T>(id, &self.plan.sql(table).insert, &args).map(|_| ())
    }

    /// The record of this id. See [`Store::get`].
    ///
    /// # Errors
    /// As there.
    pub fn get<T: Syncable>(&self, id: Id<T>) -> Result<Option<Record<T>>, StoreError> {
        let table = self.plan.find(T::TABLE)?;
        let id = id_value(id.record());
        Ok(self.select(table, &self.plan.sql(table).by_id, [Bound(&id)])?.pop())
    }

    /// Writes what was changed in a record. See [`Store::update`].
    ///
    /// # Errors
    /// As there.
    pub fn update<T: Syncable>(&self, record: &mut Record<T>) -> Result<(), StoreError> {
        let table = self.plan.find(T::TABLE)?;
        let (id, edits) = record.edits(&self.committed)?;
        let args = masked(self.plan.table(table), id, edits);
        let edit = || self.write::<T>(id, &self.plan.sql(table).edit, &args);
        if self.as_of(record.base(), edit)? == 0 {
            return Err(WriteError::Vanished { table: T::NAME, record: id }.into());
        }
        Ok(record.note_written(&self.committed)?)
    }

    /// Deletes a record; whether it was here. See [`Store::delete`].
    ///
    /// # Errors
    /// As there.
    pub fn delete<T: Syncable>(&self, id: Id<T>) -> Result<bool, StoreError> {
        let (table, id) = (self.plan.find(T::TABLE)?, id.record());
        Ok(self.write::<T>(id, &self.plan.sql(table).delete, &[id_value(id)])? > 0)
    }

    /// The records that a condition selects. See [`Store::query`].
    ///
    /// # Errors
    /// As there.
    pub fn query<T: Syncable>(&self, condition: &str, params: impl Params) -> Result<Vec<Record<T>>, StoreError> {
        let table = self.plan.find(T::TABLE)?;
        self.select(table, &format!("{} {condition}", self.plan.sql(table).select), params)
    }

    /// How many records a condition selects. See [`Store::count`].
    ///
    /// # Errors
    /// As there.
    pub fn count<T: Syncable>(&self, condition: &str, params: impl Params) -> Result<u64, StoreError> {
        let table = self.plan.find(T::TABLE)?;
        let sql = format!("SELECT count(*) FROM ({} {condition})", self.plan.sql(table).select);
        let count: i64 = self.conn.prepare_cached(&sql)?.query_row(params, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn select<T: Syncable>(
        &self,
        table: TableIx,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<Record<T>>, StoreError> {
        let base = state::read(self.conn)?.checkpoint.seq;
        let mut query = self.conn.prepare_cached(sql)?;
        let (mut rows, mut records) = (query.query(params)?, Vec::new());
        while let Some(row) = rows.next()? {
            records.push(self.record(table, row, base)?);
        }
        Ok(records)
    }

    fn record<T: Syncable>(&self, table: TableIx, row: &Row<'_>, base: Seq) -> Result<Record<T>, StoreError> {
        let id = id_of(row, 0)?;
        let values = fields_of(row, 1, self.plan.table(table), id)?;
        Ok(Record::new(id, values, base).map_err(|source| WriteError::Value { table: T::NAME, source })?)
    }

    /// Writes as somebody who had seen no more of the hub than this.
    pub(super) fn as_of<R>(&self, seen: Seq, f: impl FnOnce() -> Result<R, StoreError>) -> Result<R, StoreError> {
        let checkpoint = state::read(self.conn)?.checkpoint.seq;
        if seen >= checkpoint {
            return f();
        }
        state::set_base(self.conn, seen)?;
        let done = f();
        state::set_base(self.conn, checkpoint)?;
        done
    }

    fn write<T: Syncable>(&self, id: RecordId, sql: &str, args: &[Value]) -> Result<usize, StoreError> {
        execute(self.conn, sql, args).map_err(|error| refusal(T::NAME, id, error))
    }
}

/// What an error of a write means: a rule that refuses it, or trouble with the file.
pub(super) fn refusal(table: &'static str, record: RecordId, error: rusqlite::Error) -> StoreError {
    let rule = match &error {
        rusqlite::Error::SqliteFailure(code, _) if code.code == ErrorCode::ConstraintViolation => {
            rule(code.extended_code)
        }
        _ => return error.into(),
    };
    let detail = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => match message.strip_prefix("windrow: ") {
            Some(ours) => ours.to_owned(),
            None => message,
        },
        other => other.to_string(),
    };
    WriteError::Rule { table, record, rule, detail }.into()
}

fn rule(extended: i32) -> Rule {
    match extended {
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_ROWID => {
            Rule::Exists
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Rule::Reference,
        ffi::SQLITE_CONSTRAINT_NOTNULL => Rule::Missing,
        ffi::SQLITE_CONSTRAINT_TRIGGER => Rule::Trigger,
        _ => Rule::Type,
    }
}
