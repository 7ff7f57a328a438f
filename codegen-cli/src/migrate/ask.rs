//! Whether something has another name now: only people know. They are asked at a terminal, and nowhere else.

use crate::fault::Fault;
use std::io::{BufRead, IsTerminal, Write};
use windrow_schema::lock::{Choices, Refusal, Version};

/// Whether somebody is there.
pub(super) fn can() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

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
    let failed = |error| Fault::File("the terminal".into(), error);
    let mut terminal = anstream::stderr();
    write!(terminal, "{question} [y/N] ").and_then(|()| terminal.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
