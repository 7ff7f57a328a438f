//! `device refused`: what the hub would not take, and why.

use super::device;
use crate::fault::Fault;
use crate::said::Said;
use serde_json::{Value as Json, json};
use std::path::Path;
use windrow::Store;
use windrow::store::Refused;

/// Lists them, or forgets one.
pub(super) fn run(db: &Path, dismiss: Option<i64>) -> Result<Said, Fault> {
    let store = device::open(db)?;
    match dismiss {
        Some(number) => forget(&store, number),
        None => list(&store),
    }
}

fn list(store: &Store) -> Result<Said, Fault> {
    let refused = store.refused()?;
    let lines: Vec<String> = refused.iter().map(|r| format!("{}  {}  {}", r.number, r.at, r.sentence)).collect();
    let text = if lines.is_empty() { "nothing was refused".to_owned() } else { lines.join("\n") };
    Ok(Said::new(text, json!({ "refused": refused.iter().map(document).collect::<Vec<_>>() })))
}

fn document(refused: &Refused) -> Json {
    json!({
        "number": refused.number,
        "table": refused.table,
        "id": refused.record.to_string(),
        "field": refused.field,
        "change": refused.change,
        "code": refused.code,
        "sentence": refused.sentence,
        "at": refused.at,
    })
}

fn forget(store: &Store, number: i64) -> Result<Said, Fault> {
    let refused = store.refused()?.into_iter().find(|r| r.number == number);
    let refused = refused.ok_or_else(|| Fault::Refused(format!("no refused change has the number {number}")))?;
    store.dismiss(&refused)?;
    Ok(Said::new(format!("{number} is forgotten"), json!({ "dismissed": number })))
}
