//! `device resolve`: a person decides.

use super::conflicts::about;
use super::device;
use crate::cli::{Decision, Resolve};
use crate::fault::Fault;
use crate::said::Said;
use crate::values;
use serde_json::{Map, Value as Json, json};
use std::path::Path;
use windrow::Store;
use windrow::protocol::model::Field;
use windrow::protocol::value::Value;
use windrow::store::{Answer, Conflict};

/// Shown at once, sent with the next session.
pub(super) fn run(db: &Path, args: &Resolve) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let conflict = find(store.conflicts()?, args)?;
    let (decision, answer) = answer(&store, &conflict, &args.decision)?;
    let chosen = chosen(&conflict, &answer);
    store.resolve(&conflict, answer)?;
    let json = json!({
        "table": conflict.table,
        "id": conflict.record.to_string(),
        "about": about(conflict.about),
        "fields": conflict.fields,
        "decision": decision,
        "values": chosen,
    });
    Ok(Said::new(format!("{} {}: decided ({decision}); the next sync sends it", conflict.table, conflict.record), json))
}

/// The one conflict that is meant.
fn find(conflicts: Vec<Conflict>, args: &Resolve) -> Result<Conflict, Fault> {
    let field = |c: &Conflict| args.field.as_deref().is_none_or(|field| c.fields.contains(&field));
    let meant = |c: &Conflict| c.table == args.table && c.record == args.id && field(c);
    let mut meant = conflicts.into_iter().filter(meant);
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            Err(Fault::Refused(format!("{} {} has no such conflict; `conflicts` lists them", args.table, args.id)))
        }
        (Some(_), Some(_)) => {
            Err(Fault::Refused(format!("{} {} has several conflicts; say which with --field", args.table, args.id)))
        }
    }
}

/// The decision as it is named, and as it is made.
fn answer(store: &Store, conflict: &Conflict, decision: &Decision) -> Result<(&'static str, Answer), Fault> {
    Ok(match decision {
        Decision { keep: true, .. } => ("keep", Answer::Keep),
        Decision { delete: true, .. } => ("delete", Answer::Delete),
        Decision { null: true, .. } => ("value", Answer::Values(vec![Value::Null; conflict.fields.len()])),
        Decision { candidate: Some(number), .. } => ("candidate", Answer::Candidate(number.wrapping_sub(1))),
        Decision { value, .. } => ("value", Answer::Values(typed(store, conflict, value)?)),
    })
}

/// What was typed, as values of the conflict's fields.
fn typed(store: &Store, conflict: &Conflict, texts: &[String]) -> Result<Vec<Value>, Fault> {
    let tables = store.domain().tables.iter().filter(|t| t.model.name == conflict.table);
    let fields: Vec<&Field> =
        tables.flat_map(|t| t.model.fields).filter(|f| conflict.fields.contains(&f.name)).collect();
    let value = |(field, text): (&Field, &String)| {
        let unfit = || Fault::Refused(format!("{}.{} can't hold {text:?}", conflict.table, field.name));
        values::parse(field, text).ok_or_else(unfit)
    };
    if fields.len() != texts.len() {
        return Err(Fault::Refused(format!("this conflict takes {} values, one for each of its fields", fields.len())));
    }
    fields.into_iter().zip(texts).map(value).collect()
}

/// The values that were chosen, by field; none where the record stays as it is.
fn chosen(conflict: &Conflict, answer: &Answer) -> Map<String, Json> {
    let values = match answer {
        Answer::Candidate(at) => conflict.candidates.get(*at).map(|c| c.values.as_slice()),
        Answer::Values(values) => Some(values.as_slice()),
        Answer::Keep | Answer::Delete => None,
    };
    let named = conflict.fields.iter().zip(values.unwrap_or_default());
    named.map(|(field, value)| ((*field).to_owned(), values::to_json(value))).collect()
}
