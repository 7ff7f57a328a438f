//! `device conflicts`: what waits for a person's decision.

use super::device;
use crate::fault::Fault;
use crate::said::Said;
use crate::values;
use serde_json::{Map, Value as Json, json};
use std::path::Path;
use windrow::protocol::log::About;
use windrow::store::{Candidate, Conflict};

/// All that are open and not answered here yet.
pub(super) fn run(db: &Path) -> Result<Said, Fault> {
    let conflicts = device::open(db)?.conflicts()?;
    let json = json!({ "conflicts": conflicts.iter().map(conflict_json).collect::<Vec<_>>() });
    let texts: Vec<String> = conflicts.iter().map(conflict_text).collect();
    let text = if texts.is_empty() { "no open conflicts".to_owned() } else { texts.join("\n") };
    Ok(Said::new(text, json))
}

/// The word for what a conflict is about.
pub(super) fn about(about: About) -> &'static str {
    match about {
        About::Fields => "fields",
        About::Delete => "delete",
        About::Unique(_) => "unique",
    }
}

fn conflict_json(conflict: &Conflict) -> Json {
    let candidates = conflict.candidates.iter().enumerate();
    json!({
        "table": conflict.table,
        "id": conflict.record.to_string(),
        "about": about(conflict.about),
        "fields": conflict.fields,
        "candidates": candidates.map(|(at, c)| candidate_json(conflict, at, c)).collect::<Vec<_>>(),
        "other": conflict.other.map(|other| other.to_string()),
    })
}

fn candidate_json(conflict: &Conflict, at: usize, candidate: &Candidate) -> Json {
    let values = conflict.fields.iter().zip(&candidate.values);
    let values: Map<String, Json> = values.map(|(f, v)| ((*f).to_owned(), values::to_json(v))).collect();
    json!({ "number": at + 1, "values": values, "device": candidate.device.hex(), "at": candidate.at })
}

fn conflict_text(conflict: &Conflict) -> String {
    let what = match conflict.about {
        About::Fields => conflict.fields.join(", "),
        About::Delete => "deleted, and edited by somebody who did not know".to_owned(),
        About::Unique(_) => format!("{}, which another record has too", conflict.fields.join(", ")),
    };
    let mut text = format!("{} {}: {what}", conflict.table, conflict.record);
    for (at, candidate) in conflict.candidates.iter().enumerate() {
        let values: Vec<String> = candidate.values.iter().map(values::to_text).collect();
        let (values, device) = (values.join(", "), candidate.device.hex());
        text += &format!("\n  {}  {values}  (device {device}, {})", at + 1, candidate.at);
    }
    text
}
