//! `device log`: every write that the file remembers.

use super::device;
use crate::fault::Fault;
use crate::said::Said;
use serde_json::{Value as Json, json};
use std::path::Path;
use windrow::Timestamp;
use windrow::store::Logged;

/// Oldest first.
pub(super) fn run(db: &Path) -> Result<Said, Fault> {
    let log = device::open(db)?.changelog()?;
    let lines: Vec<String> = log.iter().map(line).collect();
    let text = if lines.is_empty() { "the log is empty".to_owned() } else { lines.join("\n") };
    Ok(Said::new(text, json!({ "entries": log.iter().map(document).collect::<Vec<_>>() })))
}

fn at(logged: &Logged) -> Timestamp {
    Timestamp::from_millis(logged.stamp.millis())
}

fn line(logged: &Logged) -> String {
    let Logged { operation, table, record, fields, .. } = logged;
    // Insert names every field and is known by its word.
    let fields = if operation == "insert" { String::new() } else { fields.join(", ") };
    format!("{:<24}  {operation:<7}  {table:<6}  {record}  {fields}", at(logged).to_string()).trim_end().to_owned()
}

fn document(logged: &Logged) -> Json {
    json!({
        // As text: JSON's readers round numbers of 63 bits.
        "stamp": logged.stamp.bits().to_string(),
        "at": at(logged),
        "device": logged.device.hex(),
        "origin": logged.origin.to_string(),
        "table": logged.table,
        "id": logged.record.to_string(),
        "operation": logged.operation,
        "fields": logged.fields,
        "base": logged.base.bits(),
    })
}
