//! Deciding a conflict on the device.

use super::conflicts::{self, Conflict};
use super::error::{StoreError, WriteError};
use super::log::{self, op};
use super::typed::{Tx, refusal};
use super::values::{execute, fields_of, id_of, id_value, masked};
use super::{Store, state};
use crate::clock;
use crate::sqlite::{Bound, Repeated};
use rusqlite::params;
use windrow_protocol::change::Key;
use windrow_protocol::log::About;
use windrow_protocol::model::FieldIx;
use windrow_protocol::value::Value;

/// The decision about a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The candidate at this place.
    Candidate(usize),
    /// Other values, one for each of the conflict's fields. About a unique value, a value that nobody else has.
    Values(Vec<Value>),
    /// The record as it is: its values as it shows them, and alive where the conflict is about a delete.
    Keep,
    /// Where the conflict is about a delete: the record goes.
    Delete,
}

impl Store {
    /// Decides a conflict. The device shows the decision at once; it is sent like any write, and settles what this
    /// device had seen of the conflict when [`Store::conflicts`] was read. A candidate that came to the hub later stays,
    /// and keeps the conflict open.
    ///
    /// # Errors
    /// [`WriteError::Settled`] where the conflict is closed or answered already, [`WriteError::Unanswered`] where the
    /// answer is none for this conflict, [`WriteError::Vanished`] where the record is not here, [`WriteError::Rule`]
    /// where the table refuses a value. What SQLite says.
    pub fn resolve(&self, conflict: &Conflict, answer: Answer) -> Result<(), StoreError> {
        self.transaction(|tx| resolve(tx, conflict, answer))
    }
}

fn resolve(tx: &Tx<'_>, conflict: &Conflict, answer: Answer) -> Result<(), StoreError> {
    let (conn, key) = (tx.connection(), (conflict.key, conflict.record));
    let now = clock::now_ms();
    close(tx, conflict, log::clock(conn)?.tick(now).to_i64())?;
    let shown = shown(tx, key)?;
    let keeps = answer == Answer::Keep;
    let (chosen, delete) = match (conflict.about, answer) {
        (About::Delete, Answer::Keep) => (Vec::new(), false),
        (About::Delete, Answer::Delete) => (Vec::new(), true),
        (About::Delete, _) => return unfit(conflict, "answer a delete by keeping or deleting the record"),
        (_, Answer::Delete) => return unfit(conflict, "choose values; to delete the record, delete it as any other"),
        (_, answer) => (chosen(conflict, answer, &shown)?, false),
    };
    let op = match conflict.about {
        About::Fields => op::RESOLVE_FIELDS,
        About::Delete => op::RESOLVE_DELETE,
        About::Unique(_) => op::RESOLVE_UNIQUE,
    };
    // The hub may have been found restored since: nobody has seen more of it than this device has now.
    let seen = conflict.seen.min(state::read(conn)?.checkpoint.seq);
    log::append(conn, tx.plan(), key, (now, op, seen), chosen.clone())
        .map_err(|e| refusal(conflict.table, key.1, e))?;
    let write = |sql: &str, args: &[Value]| {
        let written = || execute(conn, sql, args).map_err(|e| refusal(conflict.table, key.1, e));
        tx.as_of(seen, written).map(|_| ())
    };
    let (sql, table) = (tx.plan().sql(key.0), tx.plan().table(key.0));
    match conflict.about {
        About::Delete if delete => write(&sql.delete, &[id_value(key.1)]),
        About::Delete => Ok(()),
        // That both stand is settled; another value is a write like any other, logged by the trigger.
        About::Unique(_) if keeps => Ok(()),
        About::Unique(_) => write(&sql.patch, &masked(table, key.1, chosen)),
        About::Fields => show(tx, key, chosen),
    }
}

/// Notes that the conflict is answered. Only one answer counts.
fn close(tx: &Tx<'_>, conflict: &Conflict, stamp: i64) -> Result<(), StoreError> {
    let (about, fields) = conflicts::name(tx.plan().table(conflict.key), conflict.about, &conflict.at);
    let closed = tx.connection().run(
        "UPDATE windrow_conflicts SET answered = ?5
         WHERE \"table\" = ?1 AND record = ?2 AND about = ?3 AND fields = ?4 AND answered IS NULL",
        params![conflict.table, Bound(&id_value(conflict.record)), about, fields, stamp],
    )?;
    match closed {
        0 => Err(WriteError::Settled { table: conflict.table, record: conflict.record }.into()),
        _ => Ok(()),
    }
}

/// The record as it is.
fn shown(tx: &Tx<'_>, key: Key) -> Result<Vec<Value>, StoreError> {
    let (plan, id) = (tx.plan(), id_value(key.1));
    let mut query = tx.connection().prepare_cached(&plan.sql(key.0).by_id)?;
    let mut rows = query.query([Bound(&id)])?;
    match rows.next()? {
        Some(row) => fields_of(row, 1, plan.table(key.0), id_of(row, 0)?),
        None => Err(WriteError::Vanished { table: plan.name(key), record: key.1 }.into()),
    }
}

fn chosen(conflict: &Conflict, answer: Answer, shown: &[Value]) -> Result<Vec<(FieldIx, Value)>, StoreError> {
    let values = match answer {
        Answer::Candidate(at) => conflict.candidates.get(at).map(|c| c.values.clone()),
        Answer::Values(values) => Some(values),
        Answer::Keep | Answer::Delete => conflict.at.iter().map(|f| shown.get(*f).cloned()).collect(),
    };
    match values.filter(|values| values.len() == conflict.at.len()) {
        Some(values) => Ok(conflict.at.iter().copied().zip(values).collect()),
        None => unfit(conflict, "choose one of its candidates, or give a value for each of its fields"),
    }
}

fn unfit<R>(conflict: &Conflict, sentence: &'static str) -> Result<R, StoreError> {
    Err(WriteError::Unanswered { table: conflict.table, record: conflict.record, sentence }.into())
}

/// Shows the chosen values. The log has the decision; this is no write beside it.
fn show(tx: &Tx<'_>, key: Key, chosen: Vec<(FieldIx, Value)>) -> Result<(), StoreError> {
    let (conn, plan) = (tx.connection(), tx.plan());
    let args = masked(plan.table(key.0), key.1, chosen);
    state::set_applying(conn, true)?;
    let done = execute(conn, &plan.sql(key.0).patch, &args).map_err(|e| refusal(plan.name(key), key.1, e));
    state::set_applying(conn, false)?;
    done.map(|_| ())
}
