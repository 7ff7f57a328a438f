//! Whether something has another name now: only people know. They are asked at a terminal, and nowhere else.

use crate::fault::Fault;
use crate::terminal;
use windrow_schema::lock::{Choices, Refusal, Version};

/// Asks of everything that is gone whether it is one of those that are new.
pub(super) fn renames(before: &Version, refusals: &[Refusal], choices: &mut Choices) -> Result<(), Fault> {
    let mut taken: Vec<&str> = Vec::new();
    for refusal in refusals {
        let old = match &refusal.column {
            Some(column) => format!("{}.{column}", refusal.table),
            None => refusal.table.clone(),
        };
        for new in refusal.maybe_renamed() {
            if !taken.contains(&new.as_str()) && yes(&format!("{old} is gone. Is it {new} now?"))? {
                taken.push(new);
                choices.rename(before, &format!("{old}={new}")).map_err(Fault::Said)?;
                break;
            }
        }
    }
    Ok(())
}

fn yes(question: &str) -> Result<bool, Fault> {
    let answer = terminal::ask(&format!("{question} [y/N]"))?;
    Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
}
