//! What is told of a part.

use super::{Parts, State};
use crate::args::GenerateArgs;
use serde_json::json;

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Same => "same",
            State::Missing => "missing",
            State::Differs => "differs",
            State::Foreign => "not made by `windrow generate`",
        }
    }
}

/// What `--check` found.
pub(super) fn checked(args: &GenerateArgs, parts: &Parts, states: &[State]) -> String {
    let differ = states.iter().any(|state| *state != State::Same);
    if args.json {
        return as_json(parts, states, false);
    }
    let mut text = each(parts, states, State::word);
    if differ {
        text += "\nmake them again: run the command that stands in their first line\n";
    }
    text
}

/// What was written.
pub(super) fn written(args: &GenerateArgs, parts: &Parts, states: &[State]) -> String {
    if args.json {
        return as_json(parts, states, true);
    }
    let mut text = each(parts, states, |state| if state == State::Same { "same" } else { "written" });
    if !parts.lacks.is_empty() {
        text += &format!("\nthe package must also depend on {}\n", parts.lacks.join(", "));
    }
    text
}

fn each(parts: &Parts, states: &[State], word: impl Fn(State) -> &'static str) -> String {
    let line =
        |(file, state): (&crate::templates::Made, &State)| format!("{}: {}\n", file.path.display(), word(*state));
    parts.files.iter().zip(states).map(line).collect()
}

fn as_json(parts: &Parts, states: &[State], written: bool) -> String {
    let file = |(file, state): (&crate::templates::Made, &State)| json!({ "path": file.path, "was": state.word() });
    let files: Vec<_> = parts.files.iter().zip(states).map(file).collect();
    format!("{:#}\n", json!({ "files": files, "written": written, "lacks": parts.lacks }))
}
