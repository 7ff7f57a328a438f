//! A device's database and the programs that write to it, and beside it a twin without Windrow's triggers: what SQLite
//! makes of the same statements when nobody listens.

use super::Fault;
use super::case::{Case, Step};
use super::rows::{Cell, cells, query};
use super::schema::{Schema, Table};
use super::writes::PREFIX;
use crate::product::log::tables;
use fastrand::Rng;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use windrow::rusqlite::Connection;
use windrow_schema::sql::quoted;

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The connection that also holds transactions open.
    Main,
    /// A second connection with settings of its own.
    Other,
    /// A connection to another database, which attached the file.
    Attached,
    /// The machine's `sqlite3` shell.
    Shell,
    /// The machine's Python.
    Python,
}

/// What a connection is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// `foreign_keys`.
    pub(super) foreign_keys: bool,
    /// `recursive_triggers`.
    pub(super) recursive: bool,
    /// `ignore_check_constraints`.
    pub(super) unchecked: bool,
    /// `reverse_unordered_selects`.
    pub(super) reverse: bool,
}

impl Settings {
    /// Any, mostly with checks.
    pub(super) fn draw(rng: &mut Rng) -> Settings {
        let unchecked = rng.u8(..10) == 0;
        Settings { foreign_keys: rng.u8(..3) > 0, recursive: rng.bool(), unchecked, reverse: rng.u8(..4) == 0 }
    }

    /// As statements.
    pub(super) fn sql(&self) -> String {
        format!(
            "PRAGMA foreign_keys = {}; PRAGMA recursive_triggers = {}; PRAGMA ignore_check_constraints = {}; \
             PRAGMA reverse_unordered_selects = {};",
            self.foreign_keys, self.recursive, self.unchecked, self.reverse
        )
    }

    fn of(conn: &Connection) -> Result<Settings, Fault> {
        let on = |name: &str| Ok::<_, Fault>(query(conn, &format!("PRAGMA {name}"), &[])? == [[Cell::Integer(1)]]);
        Ok(Settings {
            foreign_keys: on("foreign_keys")?,
            recursive: on("recursive_triggers")?,
            unchecked: on("ignore_check_constraints")?,
            reverse: on("reverse_unordered_selects")?,
        })
    }
}

/// What of the device's own tables triggers and the changelog read and write, the log excepted.
const SYSTEM: &str =
    "CREATE TABLE windrow_state (device INTEGER NOT NULL, base INTEGER NOT NULL, applying INTEGER NOT NULL) STRICT;
CREATE TABLE windrow_origins (first INTEGER NOT NULL PRIMARY KEY, origin INTEGER NOT NULL) STRICT;
INSERT INTO windrow_state VALUES (7, 3, 0);
INSERT INTO windrow_origins VALUES (0, -5);";

/// The device's own tables.
fn system(schema: &Schema) -> String {
    let widest = schema.tables.iter().map(|t| t.columns.len()).max().unwrap_or_default();
    format!("{SYSTEM}\n{}", tables(widest))
}

/// What a statement returned, or why it failed.
pub(super) type Ran = Result<Vec<Vec<Cell>>, String>;

/// The databases of a case.
pub(super) struct Databases {
    /// The device's.
    pub(super) main: Connection,
    other: Option<Connection>,
    attached: Option<Connection>,
    /// The one without capture.
    pub(super) twin: Connection,
    file: Option<(TempDir, PathBuf)>,
    alias: &'static str,
    /// The settings of the others.
    settings: Settings,
    twin_settings: Option<Settings>,
}

impl Databases {
    /// Makes them.
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn new(case: &Case) -> Result<Databases, Fault> {
        let dir = case.file.then(super::super::product::fast_dir).transpose().map_err(|e| e.to_string())?;
        let file = dir.map(|dir| (dir.path().join("device.db"), dir)).map(|(path, dir)| (dir, path));
        let main = match &file {
            Some((_, path)) => open(path)?,
            None => memory()?,
        };
        let twin = memory()?;
        for (conn, capture) in [(&main, true), (&twin, false)] {
            run(conn, &script(case, capture))?;
        }
        let path = file.as_ref().map(|(_, path)| path.as_path());
        let other = path.map(|path| set(open(path)?, &case.settings[1])).transpose()?;
        let attached = path.map(|path| set(attach(path, case)?, &case.settings[1])).transpose()?;
        let (alias, settings) = (case.alias, case.settings[1]);
        Ok(Databases {
            main: set(main, &case.settings[0])?,
            other,
            attached,
            twin,
            file,
            alias,
            settings,
            twin_settings: None,
        })
    }

    /// Lets a program run its statement.
    ///
    /// # Errors
    /// A program that can't be started.
    pub(super) fn act(&self, step: &Step) -> Result<Ran, Fault> {
        let plain = step.sql.replace(PREFIX, "");
        match step.by {
            By::Main => Ok(execute(&self.main, &plain)),
            By::Other => self.elsewhere(None, &plain),
            By::Attached => {
                let sql = step.sql.replace(PREFIX, &format!("{}.", quoted(self.alias)));
                self.attached.as_ref().map(|c| execute(c, &sql)).ok_or_else(|| "no file".into())
            }
            By::Shell => self.elsewhere(self.shell(&plain)?, &plain),
            By::Python => self.elsewhere(self.python(&plain)?, &plain),
        }
    }

    /// Runs the statement on the twin, with the settings of the program that wrote.
    ///
    /// # Errors
    /// What SQLite says of the settings.
    pub(super) fn twin(&mut self, step: &Step) -> Result<Ran, Fault> {
        let settings = if step.by == By::Main { Settings::of(&self.main)? } else { self.settings };
        if self.twin_settings != Some(settings) {
            run(&self.twin, &settings.sql())?;
            self.twin_settings = Some(settings);
        }
        let result = execute(&self.twin, &step.sql.replace(PREFIX, ""));
        if step.sql.starts_with("PRAGMA") {
            self.twin_settings = None;
        }
        Ok(result)
    }

    fn path(&self) -> Result<&Path, Fault> {
        self.file.as_ref().map(|(_, path)| path.as_path()).ok_or_else(|| "no file".into())
    }

    /// What another program did; one that this machine lacks is stood in for by the second connection.
    fn elsewhere(&self, ran: Option<Ran>, sql: &str) -> Result<Ran, Fault> {
        let other = || self.other.as_ref().map(|c| execute(c, sql));
        ran.or_else(other).ok_or_else(|| "no file".into())
    }

    fn shell(&self, sql: &str) -> Result<Option<Ran>, Fault> {
        let mut shell = Command::new("sqlite3");
        shell.args(["-batch", "-bail", "-init", "/dev/null"]).arg(self.path()?);
        feed(shell, &format!("{}\n{sql};\n", self.settings.sql()))
    }

    fn python(&self, sql: &str) -> Result<Option<Ran>, Fault> {
        const PROGRAM: &str = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
             c.executescript(sys.argv[2])\nc.execute(sys.stdin.read()).fetchall()";
        let mut python = Command::new("python3");
        python.args(["-c", PROGRAM]).arg(self.path()?).arg(self.settings.sql());
        feed(python, sql)
    }
}

/// The whole schema. Windrow's triggers are newer than the application's, as they are once the store was opened.
pub(super) fn script(case: &Case, capture: bool) -> String {
    let (schema, users) = (&case.schema, &case.users);
    let inert = inert(schema);
    let ours: &[String] = if capture { &schema.capture } else { &inert };
    let parts = [
        &schema.objects[..],
        &users.objects,
        &users.triggers,
        ours,
        std::slice::from_ref(&schema.changelog),
        &users.temporary,
    ];
    let script: String = parts.into_iter().flatten().map(|sql| format!("\n{sql};")).collect();
    system(schema) + &script
}

/// Triggers that do nothing, where Windrow's stand. Without any, SQLite checks types after the rest, and takes a value of
/// the wrong type in `OR ROLLBACK` for no reason to open a statement's journal: it leaves the rows before it.
fn inert(schema: &Schema) -> Vec<String> {
    let table = |(at, table): (usize, &Table)| {
        let name = table.quoted();
        let unique: String = table.columns.iter().filter(|c| c.unique).map(|c| format!(", {}", c.quoted())).collect();
        let before = format!("BEFORE UPDATE OF \"id\"{unique}");
        let events = ["BEFORE INSERT", &before, "AFTER INSERT", "AFTER UPDATE", "AFTER DELETE"];
        let trigger = |(i, event): (usize, &&str)| {
            format!("CREATE TRIGGER \"inert {at} {i}\" {event} ON {name} BEGIN SELECT RAISE(ABORT, '') WHERE 0; END")
        };
        events.iter().enumerate().map(trigger).collect::<Vec<_>>()
    };
    schema.tables.iter().enumerate().flat_map(table).collect()
}

fn memory() -> Result<Connection, Fault> {
    let conn = Connection::open_in_memory().map_err(|e| e.to_string())?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

fn open(path: &Path) -> Result<Connection, Fault> {
    let conn = Connection::open(path).map_err(|e| e.to_string())?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.busy_timeout(std::time::Duration::ZERO).map_err(|e| e.to_string())?;
    run(&conn, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
    Ok(conn)
}

/// Another database, in which everything has the names of ours and says otherwise.
fn attach(path: &Path, case: &Case) -> Result<Connection, Fault> {
    let conn = memory()?;
    run(&conn, &format!("{} UPDATE windrow_state SET applying = 1;", system(&case.schema)))?;
    run(&conn, &case.schema.objects.iter().map(|sql| format!("{sql};\n")).collect::<String>())?;
    run(
        &conn,
        "CREATE TEMP TABLE windrow_state (device, base, applying); INSERT INTO temp.windrow_state VALUES (1, 3, 1);
         CREATE TEMP TABLE windrow_log (n);",
    )?;
    let path = path.to_str().ok_or("a path in UTF-8")?.replace('\'', "''");
    run(
        &conn,
        &format!("ATTACH '{path}' AS {}; PRAGMA {}.synchronous = OFF;", quoted(case.alias), quoted(case.alias)),
    )?;
    Ok(conn)
}

fn set(conn: Connection, settings: &Settings) -> Result<Connection, Fault> {
    run(&conn, &settings.sql())?;
    Ok(conn)
}

fn run(conn: &Connection, script: &str) -> Result<(), Fault> {
    conn.execute_batch(script).map_err(|e| format!("{e}: {script}"))
}

/// Runs one statement to its end.
pub(super) fn execute(conn: &Connection, sql: &str) -> Ran {
    let fault = |e: windrow::rusqlite::Error| e.to_string();
    let mut statement = conn.prepare(sql).map_err(fault)?;
    let count = statement.column_count();
    let mut rows = statement.query([]).map_err(fault)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        all.push(cells(row, count)?);
    }
    Ok(all)
}

/// Runs a program on this input; nothing if there is none of its name.
fn feed(mut program: Command, input: &str) -> Result<Option<Ran>, Fault> {
    program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = match program.spawn() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        child => child.map_err(|e| e.to_string())?,
    };
    // A program that fails early does not read to the end.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Some(if output.status.success() { Ok(Vec::new()) } else { Err(said()) }))
}
