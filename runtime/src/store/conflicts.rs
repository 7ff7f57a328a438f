//! Open conflicts, as the hub told them.

use super::Store;
use super::error::StoreError;
use super::json;
use super::plan::Plan;
use super::state;
use super::values::{id_of, id_value, ids};
use crate::sqlite::{Bound, Repeated};
use crate::types::Timestamp;
use rusqlite::{Connection, Row, params};
use serde_json::{Value as Json, json};
use windrow_protocol::change::{Key, Resolve};
use windrow_protocol::clock::{DeviceId, Hlc, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::model::{FieldIx, Table, TableIx};
use windrow_protocol::told;
use windrow_protocol::value::Value;

/// An open conflict. [`Store::resolve`] decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The table.
    pub table: &'static str,
    /// The record.
    pub record: RecordId,
    /// What it is about.
    pub about: About,
    /// The fields whose values stand to choose from: one, or all where the struct is under `review`; none about a delete.
    pub fields: Vec<&'static str>,
    /// What stands to choose from, by time.
    pub candidates: Vec<Candidate>,
    /// For a clash of unique values, the other record.
    pub other: Option<RecordId>,
    pub(super) key: TableIx,
    pub(super) at: Vec<FieldIx>,
    /// What the device had seen of the hub when this was read.
    pub(super) seen: Seq,
}

/// A value, or one for each field of the conflict: what, who, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// A value for each of the conflict's fields.
    pub values: Vec<Value>,
    /// The device that wrote it; 0 for the hub.
    pub device: DeviceId,
    /// When, by the clock of that device.
    pub at: Timestamp,
}

impl Store {
    /// The conflicts that are open and that nobody has answered here yet, by table and record.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        let app = self.app()?;
        let seen = state::read(&app.conn)?.checkpoint.seq;
        let mut query = app.conn.prepare_cached(
            "SELECT \"table\", record, about, fields, candidates, other FROM windrow_conflicts
             WHERE answered IS NULL ORDER BY \"table\", record, about, fields",
        )?;
        let (mut rows, mut conflicts) = (query.query([])?, Vec::new());
        while let Some(row) = rows.next()? {
            conflicts.push(read(row, self.plan(), seen)?);
        }
        Ok(conflicts)
    }
}

/// How many conflicts are open and unanswered.
pub(super) fn count(conn: &Connection) -> rusqlite::Result<u64> {
    let count: i64 = conn.one("SELECT count(*) FROM windrow_conflicts WHERE answered IS NULL", [], |r| r.get(0))?;
    Ok(count.unsigned_abs())
}

/// Whether any is known, answered or not.
pub(super) fn any(conn: &Connection) -> rusqlite::Result<bool> {
    conn.one("SELECT EXISTS (SELECT 1 FROM windrow_conflicts)", [], |r| r.get(0))
}

/// The records of a table of which conflicts are known.
pub(super) fn of_table(conn: &Connection, table: &Table) -> Result<Vec<RecordId>, StoreError> {
    let sql = "SELECT DISTINCT record FROM windrow_conflicts WHERE \"table\" = ?1";
    ids(conn, sql, &[Value::Text(table.name.to_owned())])
}

/// Replaces what is known of a record's conflicts. `answers`: decisions made here that the hub has not heard of.
pub(super) fn replace(
    conn: &Connection,
    plan: &Plan,
    key: Key,
    open: &[told::Conflict],
    answers: &[Resolve],
) -> rusqlite::Result<()> {
    let (table, id) = (plan.table(key.0), id_value(key.1));
    let mut forget = conn.prepare_cached("DELETE FROM windrow_conflicts WHERE \"table\" = ?1 AND record = ?2")?;
    forget.execute(params![table.name, Bound(&id)])?;
    let mut add = conn.prepare_cached(
        "INSERT OR REPLACE INTO windrow_conflicts (\"table\", record, about, fields, seq, candidates, other, answered)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for conflict in open {
        let (about, fields) = name(table, conflict.about, &conflict.fields);
        let other = conflict.other.map_or(Value::Null, id_value);
        let candidates =
            Json::Array(conflict.candidates.iter().map(|c| candidate(table, &conflict.fields, c)).collect());
        let answered = answers.iter().find(|a| answers_it(a, conflict)).map(|a| a.hlc.to_i64());
        let seq = conflict.seq.to_i64();
        add.execute(params![
            table.name,
            Bound(&id),
            about,
            fields,
            seq,
            candidates.to_string(),
            Bound(&other),
            answered
        ])?;
    }
    Ok(())
}

/// Whether a decision covers all that the conflict has to choose from.
fn answers_it(answer: &Resolve, conflict: &told::Conflict) -> bool {
    let same = answer.about == conflict.about;
    let values = if conflict.about == About::Fields { &conflict.fields[..] } else { &[] };
    let covers = values.iter().all(|f| answer.chosen.iter().any(|(chosen, _)| chosen == f));
    same && covers && answer.base >= conflict.seq
}

/// How a conflict is named in its row: what it is about, and its fields.
pub(super) fn name(table: &Table, about: About, fields: &[FieldIx]) -> (&'static str, String) {
    let about = match about {
        About::Fields => "fields",
        About::Delete => "delete",
        About::Unique(_) => "unique",
    };
    let names: Vec<&str> = fields.iter().filter_map(|f| table.fields.get(*f)).map(|f| f.name).collect();
    (about, json!(names).to_string())
}

fn candidate(table: &Table, fields: &[FieldIx], choice: &told::Choice) -> Json {
    let values = json::fields(table, fields.iter().copied().zip(&choice.values));
    json!({ "values": values, "device": choice.device.bits(), "hlc": choice.hlc.bits() })
}

fn read(row: &Row<'_>, plan: &Plan, seen: Seq) -> Result<Conflict, StoreError> {
    let damaged = || StoreError::Damaged("windrow_conflicts has a row that can't be read".into());
    let parse = |at: usize| serde_json::from_str::<Json>(&row.get::<_, String>(at)?).map_err(|_| damaged());
    let key = plan.schema.find(&row.get::<_, String>(0)?).ok_or_else(damaged)?;
    let table = plan.table(key);
    let at = fields(table, &parse(3)?).ok_or_else(damaged)?;
    let about = match (row.get::<_, String>(2)?.as_str(), at.first()) {
        ("fields", _) => About::Fields,
        ("delete", _) => About::Delete,
        ("unique", Some(field)) => About::Unique(*field),
        _ => return Err(damaged()),
    };
    let choices = parse(4)?;
    let candidates = choices.as_array().ok_or_else(damaged)?.iter().map(|c| choice(table, &at, c));
    Ok(Conflict {
        table: table.name,
        record: id_of(row, 1)?,
        about,
        fields: at.iter().map(|f| table.fields[*f].name).collect(),
        candidates: candidates.collect::<Option<_>>().ok_or_else(damaged)?,
        other: row.get::<_, Option<[u8; 16]>>(5)?.map(RecordId),
        key,
        at,
        seen,
    })
}

fn fields(table: &Table, names: &Json) -> Option<Vec<FieldIx>> {
    let position = |name: &Json| table.fields.iter().position(|f| Some(f.name) == name.as_str());
    names.as_array()?.iter().map(position).collect()
}

fn choice(table: &Table, fields: &[FieldIx], json: &Json) -> Option<Candidate> {
    let values = json.get("values")?;
    let value = |f: &FieldIx| json::to_value(&table.fields[*f].kind, values.get(table.fields[*f].name)?);
    Some(Candidate {
        values: fields.iter().map(value).collect::<Option<_>>()?,
        device: DeviceId::from_bits(json.get("device")?.as_u64()?)?,
        at: Timestamp::from_millis(Hlc::from_bits(json.get("hlc")?.as_u64()?)?.millis()),
    })
}
