//! Programs without Windrow that write to a device's file: Python, the `sqlite3` shell, and the SQLite that is linked in.

use std::path::Path;
use std::process::{Command, Stdio};
use windrow::rusqlite::Connection;

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// Python's `sqlite3`.
    Python,
    /// The shell.
    Shell,
    /// A connection of this process.
    Bundled,
}

/// What Python runs.
const SCRIPT: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.executescript(sys.argv[2])
db.close()
";

impl Program {
    /// Those that are installed here, with a SQLite that knows STRICT tables. Under CI all must be.
    pub(crate) fn installed() -> Vec<Program> {
        let python = strict("python3", &["-c", "import sqlite3; print(sqlite3.sqlite_version)"]);
        let shell = strict("sqlite3", &["--version"]);
        assert!(std::env::var_os("CI").is_none() || python && shell, "CI has Python and the sqlite3 shell");
        let all = [(Program::Python, python), (Program::Shell, shell), (Program::Bundled, true)];
        all.into_iter().filter(|(_, here)| *here).map(|(program, _)| program).collect()
    }

    /// Runs SQL, with foreign keys on or off; SQLite's words where it refuses.
    pub(crate) fn tries(self, file: &Path, foreign_keys: bool, sql: &str) -> Result<(), String> {
        // The linked SQLite has them on by default, the others off: all are told.
        let sql = format!("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = {}; {sql}", i32::from(foreign_keys));
        match self {
            Program::Python => outcome(Command::new("python3").args(["-c", SCRIPT]).arg(file).arg(sql)),
            Program::Shell => outcome(Command::new("sqlite3").args(["-batch", "-bail"]).arg(file).arg(sql)),
            Program::Bundled => Connection::open(file).and_then(|db| db.execute_batch(&sql)).map_err(|e| e.to_string()),
        }
    }

    /// Runs SQL that is not refused.
    pub(crate) fn writes(self, file: &Path, foreign_keys: bool, sql: &str) {
        self.tries(file, foreign_keys, sql).unwrap_or_else(|e| panic!("{self:?}: {sql}: {e}"));
    }
}

fn outcome(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Whether a program is here and its SQLite is at least 3.37.
fn strict(program: &str, args: &[&str]) -> bool {
    let Ok(output) = Command::new(program).args(args).stdin(Stdio::null()).output() else { return false };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = said.split(['.', ' ']).map(|part| part.trim().parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(3), Some(37))
}
