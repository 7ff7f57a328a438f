//! A foreign program that writes to a device's file: the `sqlite3` shell, or a connection that knows nothing of Windrow.

use crate::fault::Fault;
use std::path::Path;
use std::process::{Command, Stdio};
use windrow::rusqlite::Connection;

/// The first shell that knows STRICT tables.
const STRICT_SINCE: (u32, u32) = (3, 37);

/// The program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    /// The shell of this version.
    Shell(String),
    /// There is none that is new enough.
    Connection,
}

impl Foreign {
    /// What this machine has.
    pub(super) fn find() -> Foreign {
        let output = Command::new("sqlite3").arg("--version").stdin(Stdio::null()).output();
        let said = output.ok().filter(|o| o.status.success()).map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        let version = said.as_deref().and_then(|said| said.split_whitespace().next());
        match version.filter(|version| numbers(version) >= Some(STRICT_SINCE)) {
            Some(version) => Foreign::Shell(version.to_owned()),
            None => Foreign::Connection,
        }
    }

    /// Its name, for people.
    pub(super) fn name(&self) -> String {
        match self {
            Foreign::Shell(version) => format!("the sqlite3 shell {version}"),
            Foreign::Connection => "a plain SQLite connection".to_owned(),
        }
    }

    /// Runs SQL on a file; what SQLite says where it refuses.
    pub(super) fn run(&self, file: &Path, sql: &str) -> Result<(), Fault> {
        match self {
            Foreign::Shell(_) => shell(file, sql),
            Foreign::Connection => Ok(Connection::open(file)?.execute_batch(sql)?),
        }
    }
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn shell(file: &Path, sql: &str) -> Result<(), Fault> {
    let output = Command::new("sqlite3").args(["-batch", "-bail"]).arg(file).arg(sql).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(Fault::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
