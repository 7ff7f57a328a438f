//! `windrow doctor`: whether a machine, a project and its databases are as they should be, and what mends them.

mod look;
mod tell;

use crate::args::DoctorArgs;
use crate::fault::Fault;

/// One thing that was looked at.
struct Finding {
    /// What it is.
    what: String,
    /// How it stands.
    says: String,
    state: State,
}

/// How a thing stands.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// As it should be.
    Good,
    /// It may be missed.
    Aside,
    /// Wrong, and what mends it.
    Wrong(String),
}

impl Finding {
    fn good(what: impl Into<String>, says: impl Into<String>) -> Finding {
        Finding { what: what.into(), says: says.into(), state: State::Good }
    }

    fn aside(what: impl Into<String>, says: impl Into<String>) -> Finding {
        Finding { what: what.into(), says: says.into(), state: State::Aside }
    }

    fn wrong(what: impl Into<String>, says: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { what: what.into(), says: says.into(), state: State::Wrong(remedy.into()) }
    }
}

/// Looks at everything. What to print, and how it ends.
pub(crate) fn run(args: &DoctorArgs) -> (String, Result<(), Fault>) {
    let findings = look::all(args);
    let wrong = findings.iter().any(|f| matches!(f.state, State::Wrong(_)));
    let text = if args.json { tell::as_json(&findings) } else { tell::in_words(&findings) };
    (text, if wrong { Err(Fault::Unwell) } else { Ok(()) })
}
