//! What was refused: kept for people to see, mend and write again.

use super::Store;
use super::error::StoreError;
use super::json;
use super::plan::Plan;
use super::values::{id_of, id_value};
use crate::sqlite::{Bound, Repeated};
use crate::types::Timestamp;
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value as Json, json};
use windrow_protocol::change::{Change, End, What};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Refusal, RefusalCode};
use windrow_protocol::model::{FieldIx, Table};
use windrow_protocol::value::Value;

/// A change that was refused, and the reason. The record itself is as the hub has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Its place in `windrow_refused`.
    pub number: i64,
    /// The table.
    pub table: String,
    /// The record.
    pub record: RecordId,
    /// The field at fault, where it is one.
    pub field: Option<String>,
    /// What was to change: `operation` (`insert`, `update`, `delete`), the `values` by field, what was to be `added` to
    /// sums, and what was `chosen` in conflicts.
    pub change: Json,
    /// The rule, a stable name.
    pub code: String,
    /// The rule, the record and the remedy, for people.
    pub sentence: String,
    /// When it was refused.
    pub at: Timestamp,
}

impl Store {
    /// The changes that were refused, oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn refused(&self) -> Result<Vec<Refused>, StoreError> {
        let app = self.app()?;
        let mut query = app.conn.prepare_cached(
            "SELECT number, \"table\", record, field, change, code, sentence, at FROM windrow_refused ORDER BY number",
        )?;
        let (mut rows, mut refused) = (query.query([])?, Vec::new());
        while let Some(row) = rows.next()? {
            refused.push(read(row)?);
        }
        Ok(refused)
    }

    /// Forgets a refused change, once it was mended or given up.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn dismiss(&self, refused: &Refused) -> Result<(), StoreError> {
        let forget = "DELETE FROM windrow_refused WHERE number = ?1";
        self.transaction(|tx| Ok(tx.connection().run(forget, [refused.number]).map(|_| ())?))
    }
}

/// How many changes were refused.
pub(super) fn count(conn: &Connection) -> rusqlite::Result<u64> {
    let count: i64 = conn.one("SELECT count(*) FROM windrow_refused", [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Keeps a change that the hub refused.
pub(super) fn add(conn: &Connection, plan: &Plan, change: &Change, refusal: &Refusal) -> rusqlite::Result<()> {
    keep(conn, plan, change, refusal.field, refusal.code, &refusal.sentence)
}

/// Keeps a difference that does not fit its field together with the hub's total.
pub(super) fn add_overflow(conn: &Connection, plan: &Plan, change: &Change, field: FieldIx) -> rusqlite::Result<()> {
    let table = plan.table(change.table);
    let sentence = format!(
        "{} {}: {} would leave its range together with what others added; write a smaller change",
        table.name, change.id, table.fields[field].name
    );
    keep(conn, plan, change, Some(field), RefusalCode::Overflow, &sentence)
}

fn keep(
    conn: &Connection,
    plan: &Plan,
    change: &Change,
    field: Option<FieldIx>,
    code: RefusalCode,
    sentence: &str,
) -> rusqlite::Result<()> {
    let table = plan.table(change.table);
    let field = field.and_then(|f| table.fields.get(f)).map(|f| f.name);
    let (id, what) = (id_value(change.id), describe(table, change).to_string());
    conn.prepare_cached(
        "INSERT INTO windrow_refused (\"table\", record, field, change, code, sentence, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![table.name, Bound(&id), field, what, code.name(), sentence, crate::clock::now_ms()])
    .map(|_| ())
}

/// A net change as JSON.
fn describe(table: &Table, change: &Change) -> Json {
    let operation = match (change.end, change.born) {
        (End::Delete | End::Cascade, _) => "delete",
        (End::Alive, true) => "insert",
        (End::Alive, false) => "update",
    };
    let mut json = Map::from_iter([("operation".to_owned(), json!(operation))]);
    let set = change.writes.iter().filter_map(|w| match &w.what {
        What::Set(value) => Some((w.field, value)),
        What::Add(_) => None,
    });
    let added = change.writes.iter().filter_map(|w| match &w.what {
        What::Add(delta) => Some((table.fields[w.field].name.to_owned(), sum(*delta))),
        What::Set(_) => None,
    });
    let chosen: Vec<(FieldIx, &Value)> =
        change.resolves.iter().flat_map(|r| r.chosen.iter().map(|(f, v)| (*f, v))).collect();
    let parts = [
        ("values", json::fields(table, set)),
        ("added", added.collect()),
        ("chosen", json::fields(table, chosen.into_iter())),
    ];
    let parts = parts.into_iter().filter(|(_, fields)| !fields.is_empty());
    json.extend(parts.map(|(name, fields)| (name.to_owned(), Json::Object(fields))));
    Json::Object(json)
}

/// A sum of differences; one that 64 bits don't hold as text.
fn sum(delta: i128) -> Json {
    i64::try_from(delta).map_or_else(|_| json!(delta.to_string()), |n| json!(n))
}

fn read(row: &Row<'_>) -> Result<Refused, StoreError> {
    let change: String = row.get(4)?;
    Ok(Refused {
        number: row.get(0)?,
        table: row.get(1)?,
        record: id_of(row, 2)?,
        field: row.get(3)?,
        change: serde_json::from_str(&change)
            .map_err(|_| StoreError::Damaged("windrow_refused has a change that is no JSON".into()))?,
        code: row.get(5)?,
        sentence: row.get(6)?,
        at: Timestamp::from_millis(row.get(7)?),
    })
}
