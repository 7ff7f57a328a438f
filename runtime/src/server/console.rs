//! What people and their programs ask, in JSON.

use super::guard::{Caller, Guard};
use crate::hub::{Conflicts, Decision, Happened, HubError, HubStore, Verdict, plain};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use windrow_protocol::change::Key;
use windrow_protocol::clock::Seq;
use windrow_protocol::log::About;
use windrow_protocol::message::{Problem, ProblemKind};
use windrow_protocol::model::{FieldIx, Schema};
use windrow_protocol::value::Value;

/// The longest decision.
pub(super) const MAX_BODY: u64 = 4 << 20;
/// Records, or lines of history, in one answer.
const LINES: usize = 200;

/// `GET /v1/conflicts?after=T:ID`
#[derive(Debug, Deserialize)]
pub(super) struct ConflictsQuery {
    /// `next` of the answer before.
    after: Option<String>,
}

/// `GET /v1/history?table=T&id=ID`
#[derive(Debug, Deserialize)]
pub(super) struct HistoryQuery {
    table: String,
    id: String,
}

/// `POST /v1/resolve`
#[derive(Debug, Deserialize)]
pub(super) struct ResolveBody {
    table: String,
    id: String,
    /// `fields`, `delete` or `unique`, as the conflict says.
    about: String,
    /// Of a conflict about `unique`: its field.
    field: Option<String>,
    /// The conflict's `seq` as the reviewer saw it.
    seq: Seq,
    /// A value for each field of a conflict about `fields`.
    #[serde(default)]
    values: Map<String, Json>,
    /// `keep` or `delete`, for the other conflicts.
    verdict: Option<String>,
}

pub(super) async fn conflicts(query: ConflictsQuery, store: Arc<dyn HubStore>) -> Result<Json, HubError> {
    let after = query.after.as_deref().map(|text| place(store.schema(), text)).transpose()?;
    let Conflicts { open, next } = store.conflicts(after, LINES).await?;
    let schema = store.schema();
    let open: Vec<_> = open.iter().map(|o| plain::conflict(schema, o.record, &o.conflict)).collect();
    let next = next.map(|(table, id)| format!("{}:{id}", schema.table(table).name));
    Ok(json!({ "conflicts": open, "next": next }))
}

pub(super) async fn history(query: HistoryQuery, store: Arc<dyn HubStore>, guard: Guard) -> Result<Json, HubError> {
    let record = record(store.schema(), &query.table, &query.id)?;
    let lines = store.history(record, LINES).await?;
    let users = guard.users_of(lines.iter().map(|line| (line.device, line.at)).collect()).await?;
    let lines: Vec<_> = lines.iter().zip(users).map(|(told, users)| line(told, users)).collect();
    Ok(json!({ "history": lines }))
}

fn line(line: &Happened, users: Vec<String>) -> Json {
    json!({
        "seq": line.seq,
        "merged_at": plain::time(line.at),
        "written_at": plain::time(line.stamp.hlc.millis()),
        "device": line.device.hex(),
        "users": users,
        "origin": line.stamp.author.to_string(),
        "detail": line.detail,
    })
}

pub(super) async fn resolve(caller: Caller, body: ResolveBody, store: Arc<dyn HubStore>) -> Result<Json, HubError> {
    let decision = decision(store.schema(), &body, caller.user())?;
    let at = store.resolve(decision).await?;
    Ok(json!({ "seq": at.seq }))
}

fn decision(schema: &Schema, body: &ResolveBody, by: Option<String>) -> Result<Decision, Problem> {
    let record = record(schema, &body.table, &body.id)?;
    let about = match (body.about.as_str(), &body.field) {
        ("fields", None) => About::Fields,
        ("delete", None) => About::Delete,
        ("unique", Some(name)) => About::Unique(field(schema, record, name)?),
        _ => return Err(malformed("`about` is `fields`, `delete`, or `unique` together with `field`.")),
    };
    let verdict = match body.verdict.as_deref() {
        None => Verdict::Values(values(schema, record, &body.values)?),
        Some("keep") if body.values.is_empty() => Verdict::Keep,
        Some("delete") if body.values.is_empty() => Verdict::Delete,
        Some(_) => return Err(malformed("`verdict` is `keep` or `delete`, and excludes `values`.")),
    };
    Ok(Decision { record, about, base: body.seq, verdict, by })
}

fn values(schema: &Schema, record: Key, named: &Map<String, Json>) -> Result<Vec<(FieldIx, Value)>, Problem> {
    let one = |(name, json): (&String, &Json)| {
        let field = field(schema, record, name)?;
        let kind = &schema.field(record.0, field).kind;
        let value = plain::from_json(kind, json).ok_or_else(|| malformed(&format!("{name} can't hold that value.")))?;
        Ok((field, value))
    };
    named.iter().map(one).collect()
}

fn field(schema: &Schema, (table, _): Key, name: &str) -> Result<FieldIx, Problem> {
    let fields = schema.table(table).fields;
    fields.iter().position(|f| f.name == name).ok_or_else(|| malformed("There is no such field."))
}

fn record(schema: &Schema, table: &str, id: &str) -> Result<Key, Problem> {
    let table = schema.find(table).ok_or_else(|| malformed("There is no such table."))?;
    Ok((table, plain::id(id).ok_or_else(|| malformed("The id is no UUID."))?))
}

/// A record as [`conflicts`] names it: its table's name may hold colons, its id none.
fn place(schema: &Schema, text: &str) -> Result<Key, Problem> {
    let (table, id) = text.rsplit_once(':').ok_or_else(|| malformed("`after` is `next` of another answer."))?;
    record(schema, table, id)
}

fn malformed(detail: &str) -> Problem {
    Problem::new(ProblemKind::Malformed, detail)
}
