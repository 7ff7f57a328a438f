//! Conflicts: questions that only a person can answer. Work goes on while they are open.

use std::error::Error;
use windrow::Store;
use windrow::protocol::log::About;
use windrow::protocol::value::Value;
use windrow::store::{Answer, Conflict};

/// What somebody decides.
#[derive(Debug, clap::Args)]
pub struct Decision {
    /// The conflict's number, as `conflicts` counts them
    #[arg(required_unless_present = "let_delete")]
    number: Option<usize>,
    /// This candidate's value, as `conflicts` counts them; else the record stays as it is
    #[arg(long, value_name = "NUMBER", requires = "number")]
    candidate: Option<usize>,
    /// Deletes the record after all
    #[arg(long, requires = "number", conflicts_with = "candidate")]
    delete: bool,
    /// Lets the hub's answer delete most of a table
    #[arg(long, conflicts_with = "number")]
    let_delete: bool,
}

/// All that are open, numbered from 1.
pub fn show(store: &Store) -> Result<(), Box<dyn Error>> {
    for (at, conflict) in store.conflicts()?.iter().enumerate() {
        println!("{}: {}", at + 1, question(conflict));
        for (at, candidate) in conflict.candidates.iter().enumerate() {
            let values: Vec<String> = candidate.values.iter().map(text).collect();
            println!("   {}: {}, at {}", at + 1, values.join(", "), candidate.at);
        }
    }
    Ok(())
}

fn question(conflict: &Conflict) -> String {
    let (table, record, fields) = (conflict.table, conflict.record, conflict.fields.join(", "));
    match conflict.about {
        About::Fields => format!("which {fields} has {table} {record}?"),
        About::Delete => format!("{table} {record} was deleted and edited: does it stay?"),
        About::Unique(_) => format!("{table} {record} and another have the same {fields}"),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// The decision is shown here at once, and sent by the next session.
pub fn decide(store: &Store, decision: &Decision) -> Result<(), Box<dyn Error>> {
    let Some(number) = decision.number else {
        return Ok(store.confirm_deletion()?);
    };
    let all = store.conflicts()?;
    let conflict = all.get(number.wrapping_sub(1));
    let answer = match decision.candidate {
        Some(candidate) => Answer::Candidate(candidate.wrapping_sub(1)),
        None if decision.delete => Answer::Delete,
        None => Answer::Keep,
    };
    store.resolve(conflict.ok_or("no conflict has this number")?, answer)?;
    Ok(())
}
