//! Questions, at a terminal and nowhere else.

use crate::fault::Fault;
use std::io::{BufRead, IsTerminal, Write};

/// Whether somebody is there.
pub(crate) fn can() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The line that somebody answers.
pub(crate) fn ask(question: &str) -> Result<String, Fault> {
    let failed = |error| Fault::File("the terminal".into(), error);
    let mut terminal = anstream::stderr();
    write!(terminal, "{question} ").and_then(|()| terminal.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim().to_owned())
}
