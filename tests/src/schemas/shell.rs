//! The machine's `sqlite3` shell: other people's SQLite, older than the one that we bring, fed with the text of a file.

use super::Fault;
use super::database::{self, Of};
use crate::product::fast_dir;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use windrow::rusqlite::Connection;
use windrow_schema::Declared;
use windrow_schema::sql::migrate::Script;

/// Makes a device's and a hub's file. Whether there is a shell.
///
/// # Errors
/// What it says, or files that are made of something else.
pub(super) fn makes(declared: &Declared) -> Result<bool, Fault> {
    for of in [Of::Device, Of::Hub] {
        let dir = fast_dir().map_err(|e| e.to_string())?;
        let path = dir.path().join("made.db");
        let text: String = database::statements(of, declared).iter().map(|sql| format!("{sql};\n\n")).collect();
        if !feed(&path, &text)? {
            return Ok(false);
        }
        database::new(&Connection::open(&path).map_err(|e| e.to_string())?, of, declared, |_| true)?;
    }
    Ok(true)
}

/// Migrates a copy of a database, which must have the tables and indexes of a new one then. Whether there is a shell.
///
/// # Errors
/// As [`makes`].
pub(super) fn migrates(conn: &Connection, of: Of, script: &Script, now: &Declared) -> Result<bool, Fault> {
    let dir = fast_dir().map_err(|e| e.to_string())?;
    let path = dir.path().join("copy.db");
    conn.execute("VACUUM INTO ?1", [path.display().to_string()]).map_err(|e| e.to_string())?;
    let text = format!("PRAGMA foreign_keys = OFF;\nBEGIN;\n{}\nCOMMIT;\n", script.text("A test.\nOf two lines."));
    if !feed(&path, &text)? {
        return Ok(false);
    }
    let copy = Connection::open(&path).map_err(|e| e.to_string())?;
    database::new(&copy, of, now, database::lasts).map_err(|e| format!("{e}\n{text}"))?;
    Ok(true)
}

/// Whether there is a shell.
fn feed(path: &Path, text: &str) -> Result<bool, Fault> {
    let mut shell = Command::new("sqlite3");
    shell.args(["-batch", "-bail", "-init", "/dev/null"]).arg(path);
    let spawned = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut shell) = spawned else { return Ok(false) };
    let said = shell.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    let ended = shell.wait_with_output().map_err(|e| e.to_string())?;
    match (ended.status.success(), said) {
        (true, Some(Ok(()))) => Ok(true),
        _ => Err(format!("{}\n{text}", String::from_utf8_lossy(&ended.stderr))),
    }
}
