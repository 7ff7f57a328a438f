//! Values, conflicts and history as JSON for people and for other programs: plain values under the fields' names.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use windrow_protocol::change::{End, Key};
use windrow_protocol::clock::Hlc;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::merge::{Detail, Fate, Notice, Written};
use windrow_protocol::model::{Kind, Schema, Table};
use windrow_protocol::told::{Choice, Conflict};
use windrow_protocol::value::Value;

/// A value as JSON: ids as UUIDs, bytes in hexadecimal digits, numbers that JSON has none for as text.
pub(crate) fn value(kind: &Kind, value: &Value) -> Json {
    serde_json::to_value(Plain(kind, value)).unwrap_or_default()
}

/// A value of a field of this kind, on its way to JSON.
struct Plain<'a>(&'a Kind, &'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (_, Value::Null) => to.serialize_unit(),
            (Kind::Bool, Value::Integer(n)) => to.serialize_bool(*n != 0),
            (_, Value::Integer(n)) => to.serialize_i64(*n),
            (_, Value::Real(x)) if x.is_finite() => to.serialize_f64(*x),
            (_, Value::Real(x)) => to.serialize_str(&x.to_string()),
            (_, Value::Text(text)) => to.serialize_str(text),
            (kind, Value::Blob(bytes)) => to.serialize_str(&id_or_hex(kind, bytes)),
        }
    }
}

/// The value that [`value`] writes so; none where the field can't hold it.
pub(crate) fn from_json(kind: &Kind, json: &Json) -> Option<Value> {
    let value = match (kind, json) {
        (_, Json::Null) => return Some(Value::Null),
        (Kind::Bool, Json::Bool(b)) => Value::Integer((*b).into()),
        (Kind::Real, Json::Number(n)) => Value::Real(n.as_f64()?),
        (Kind::Real, Json::String(text)) => Value::Real(text.parse().ok()?),
        (_, Json::Number(n)) => Value::Integer(n.as_i64()?),
        (Kind::Id, Json::String(text)) => Value::Blob(id(text)?.0.to_vec()),
        (Kind::Blob, Json::String(text)) => Value::Blob(bytes(text)?),
        (_, Json::String(text)) => Value::Text(text.clone()),
        _ => return None,
    };
    kind.admits(&value).then_some(value)
}

/// A record id as people write it.
pub(crate) fn id(text: &str) -> Option<RecordId> {
    text.parse::<uuid::Uuid>().ok().map(|id| RecordId(*id.as_bytes()))
}

/// A time as people write it, UTC.
pub(crate) fn time(millis: i64) -> Json {
    jiff::Timestamp::from_millisecond(millis).map_or(Json::Null, |time| json!(time.to_string()))
}

/// A conflict, and what stands to choose from.
pub(crate) fn conflict(schema: &Schema, (table, record): Key, conflict: &Conflict) -> Json {
    let t = schema.table(table);
    let names: Vec<_> = conflict.fields.iter().filter_map(|f| Some(t.fields.get(*f)?.name)).collect();
    json!({
        "table": t.name,
        "id": record.to_string(),
        "about": about(conflict.about),
        "fields": names,
        "seq": conflict.seq,
        "candidates": conflict.candidates.iter().map(|c| choice(t, conflict, c)).collect::<Vec<_>>(),
        "other": conflict.other.map(|id| id.to_string()),
    })
}

/// The word for what a conflict is about.
pub(crate) fn about(about: About) -> &'static str {
    match about {
        About::Fields => "fields",
        About::Delete => "delete",
        About::Unique(_) => "unique",
    }
}

fn choice(table: &Table, conflict: &Conflict, choice: &Choice) -> Json {
    let fields = conflict.fields.iter().filter_map(|f| table.fields.get(*f));
    let values: Map<_, _> = fields.zip(&choice.values).map(|(f, v)| (f.name.into(), value(&f.kind, v))).collect();
    json!({ "values": values, "device": choice.device.hex(), "at": stamped(choice.hlc) })
}

fn stamped(hlc: Hlc) -> Json {
    time(hlc.millis())
}

/// A line of history as text, behind what is in `text` already: one commit may bring a hundred thousand. `by`: who decided at the
/// hub.
pub(crate) fn detail(table: &Table, detail: &Detail, by: Option<&str>, text: &mut Vec<u8>) {
    let written = match detail {
        Detail::Notice(notice) => serde_json::to_writer(&mut *text, &Noticed { notice: *notice }),
        Detail::Change { born, end, delete, writes, resolves } => {
            let fates = Fates { table, writes };
            let resolves = resolves.iter().map(|chosen| Chosen { table, chosen }).collect();
            let changed = Changed { born: *born, by, delete: *delete, end: *end, resolves, writes: fates };
            serde_json::to_writer(&mut *text, &changed)
        }
    };
    // Text to memory fails for no value of ours.
    written.unwrap_or_default();
}

#[derive(Serialize)]
struct Noticed {
    notice: Notice,
}

/// A net change that came in.
#[derive(Serialize)]
struct Changed<'a> {
    born: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    delete: Option<Fate>,
    end: End,
    resolves: Vec<Chosen<'a>>,
    writes: Fates<'a>,
}

/// What was written to fields, and what became of it.
struct Fates<'a> {
    table: &'a Table,
    writes: &'a [(&'static str, Written, Fate)],
}

#[derive(Serialize)]
struct Wrote<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    add: Option<Json>,
    outcome: Fate,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Plain<'a>>,
}

impl Serialize for Fates<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.writes.iter().map(|(name, written, outcome)| {
            let (add, set) = match written {
                Written::Set(value) => (None, Some(Plain(kind(self.table, name), value))),
                Written::Add(delta) => (Some(sum(*delta)), None),
            };
            (name, Wrote { add, outcome: *outcome, set })
        }))
    }
}

/// What a reviewer chose for fields.
struct Chosen<'a> {
    table: &'a Table,
    chosen: &'a [(&'static str, Value)],
}

impl Serialize for Chosen<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.chosen.iter().map(|(name, value)| (name, Plain(kind(self.table, name), value))))
    }
}

fn kind<'a>(table: &'a Table, name: &str) -> &'a Kind {
    table.fields.iter().find(|f| f.name == name).map_or(&Kind::Text, |f| &f.kind)
}

/// A difference: a number where JSON's readers take it for one.
fn sum(delta: i128) -> Json {
    i64::try_from(delta).map_or_else(|_| json!(delta.to_string()), |n| json!(n))
}

fn id_or_hex(kind: &Kind, bytes: &[u8]) -> String {
    match (kind, RecordId::from_slice(bytes)) {
        (Kind::Id, Some(id)) => id.to_string(),
        _ => bytes.iter().map(|b| format!("{b:02x}")).collect(),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    let whole = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    whole.then(|| digits.chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_kind_of_value_comes_back() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let cases = [
            (Kind::Bool, Value::Integer(1), json!(true)),
            (Kind::Integer { min: i64::MIN, max: i64::MAX }, Value::Integer(i64::MIN), json!(i64::MIN)),
            (Kind::Real, Value::Real(0.1), json!(0.1)),
            (Kind::Real, Value::Real(3.0), json!(3.0)),
            (Kind::Real, Value::Real(f64::NEG_INFINITY), json!("-inf")),
            (Kind::Text, Value::Text("\u{0}é'".into()), json!("\u{0}é'")),
            (Kind::Blob, Value::Blob(vec![0, 255]), json!("00ff")),
            (Kind::Blob, Value::Blob(vec![]), json!("")),
            (Kind::Id, Value::Blob(super::id(id).unwrap().0.to_vec()), json!(id)),
            (Kind::Text, Value::Null, Json::Null),
        ];
        for (kind, v, json) in cases {
            assert_eq!(value(&kind, &v), json);
            assert_eq!(from_json(&kind, &json), Some(v));
        }
    }

    #[test]
    fn what_a_field_cannot_hold_is_none() {
        assert_eq!(from_json(&Kind::Bool, &json!(1.5)), None);
        assert_eq!(from_json(&Kind::Integer { min: 0, max: 9 }, &json!(10)), None);
        assert_eq!(from_json(&Kind::Real, &json!("NaN")), None);
        for odd in ["0", "0g", "+1", "é"] {
            assert_eq!(from_json(&Kind::Blob, &json!(odd)), None, "{odd}");
        }
        assert_eq!(from_json(&Kind::Id, &json!("01890a5d")), None);
        assert_eq!(from_json(&Kind::Text, &json!({})), None);
    }
}
