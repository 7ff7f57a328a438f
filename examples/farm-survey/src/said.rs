//! What a command has to say, as text for people or as one JSON document for programs.

use crate::fault::Fault;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::process::ExitCode;

/// What a command has to say at its end.
#[derive(Debug)]
pub(crate) struct Said {
    /// For people.
    pub(crate) text: String,
    /// For programs.
    pub(crate) json: Json,
    /// Whether all went well: otherwise the exit status is 1.
    pub(crate) ok: bool,
}

impl Said {
    /// All went well.
    pub(crate) fn new(text: impl Into<String>, json: Json) -> Said {
        Said { text: text.into(), json, ok: true }
    }

    /// As said, but with the exit status 1 unless this holds.
    pub(crate) fn only_if(self, ok: bool) -> Said {
        Said { ok, ..self }
    }
}

/// Says it, and gives the exit status. `None`: all was said already.
pub(crate) fn finish(json: bool, result: Result<Option<Said>, Fault>) -> ExitCode {
    match result {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(said)) => {
            say(json, &said.text, &said.json);
            if said.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) if json => {
            say(json, "", &error(fault.kind(), &fault.to_string()));
            ExitCode::FAILURE
        }
        Err(fault) => {
            anstream::eprintln!("farm-survey: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Says text or a document at once. Nobody may be listening any more, and that is their choice.
pub(crate) fn say(json: bool, text: &str, document: &Json) {
    let said = if json { document.to_string() } else { text.to_owned() };
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{said}").and_then(|()| out.flush());
}

/// Wrong usage, or a call for help.
pub(crate) fn usage(error_or_help: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|arg| arg == "--json");
    if error_or_help.use_stderr() && json {
        say(true, "", &error("usage", error_or_help.to_string().trim_end()));
    } else {
        // As above: a closed pipe is no failure.
        let _ = error_or_help.print();
    }
    ExitCode::from(u8::try_from(error_or_help.exit_code()).unwrap_or(2))
}

fn error(kind: &str, message: &str) -> Json {
    json!({ "error": { "kind": kind, "message": message } })
}
