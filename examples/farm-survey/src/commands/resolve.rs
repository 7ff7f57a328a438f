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
use windrow::protocol::value::Value;
use windrow::store::{Answer, Conflict};

/// Shown at once, sent with the next session.
pub(super) fn run(db: &Path, args: &Resolve) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let conflict = find(&store, args)?;
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

/// A record of this domain has at most one: in no table are two fields under review.
fn find(store: &Store, args: &Resolve) -> Result<Conflict, Fault> {
    let meant = |c: &Conflict| c.table == args.table && c.record == args.id;
    let none = || Fault::Refused(format!("{} {} has no open conflict; `conflicts` lists them", args.table, args.id));
    store.conflicts()?.into_iter().find(meant).ok_or_else(none)
}

/// The decision as it is named, and as it is made.
fn answer(store: &Store, conflict: &Conflict, decision: &Decision) -> Result<(&'static str, Answer), Fault> {
    Ok(match decision {
        Decision { candidate: Some(number), .. } => ("candidate", Answer::Candidate(number.wrapping_sub(1))),
        Decision { value: Some(text), .. } => ("value", Answer::Values(typed(store, conflict, text)?)),
        Decision { null: true, .. } => ("value", Answer::Values(vec![Value::Null])),
        _ => ("keep", Answer::Keep),
    })
}

/// What was typed, as a value of the conflict's field.
fn typed(store: &Store, conflict: &Conflict, text: &str) -> Result<Vec<Value>, Fault> {
    let fields = store.domain().tables.iter().filter(|t| t.model.name == conflict.table).flat_map(|t| t.model.fields);
    let values = fields.filter(|f| conflict.fields.contains(&f.name)).map(|field| {
        let unfit = || Fault::Refused(format!("{}.{} can't hold {text:?}", conflict.table, field.name));
        values::parse(field, text).ok_or_else(unfit)
    });
    values.collect()
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
