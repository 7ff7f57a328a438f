//! `windrow schema`.

use crate::model::FIELD;
use crate::printed;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use windrow::Store;
use windrow::hub::{OpenHub, SqliteHub};
use windrow::rusqlite::Connection;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command")
}

fn schema(args: &[&str]) -> String {
    printed(&here(), &[&["schema", "--model", "model"], args].concat())
}

/// What stands in a database, as SQLite keeps it.
fn objects(conn: &Connection) -> Vec<(String, String)> {
    let mut query = conn.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn made_by(sql: &str) -> Vec<(String, String)> {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(sql).unwrap();
    objects(&conn)
}

#[test]
fn the_statements_of_a_device_make_what_opening_makes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("device.db"), &FIELD).unwrap();
    assert_eq!(made_by(&schema(&["--format", "sql"])), objects(&store.connection().unwrap()));
}

#[test]
fn the_statements_of_a_hub_make_what_opening_makes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.db");
    let hub = SqliteHub::open(&path).unwrap().open_for(&FIELD).unwrap();
    let names = |all: Vec<(String, String)>| all.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let made = made_by(&schema(&["--format", "sql", "--of", "hub"]));
    assert_eq!(names(made), names(objects(&Connection::open(&path).unwrap())));
    drop(hub);
}

/// Teams look at the statements with the shell of their machine, which is older than the SQLite that we bring.
#[test]
fn the_machines_shell_runs_them() {
    for of in ["device", "hub"] {
        let mut shell = Command::new("sqlite3").args(["-bail", ":memory:"]).stdin(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(schema(&["--format", "sql", "--of", of]).as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success(), "{of}");
    }
}

#[test]
fn people_see_tables() {
    insta::assert_snapshot!(schema(&[]));
}

#[test]
fn a_diagram_has_plain_names() {
    insta::assert_snapshot!(schema(&["--format", "mermaid"]));
}

#[test]
fn programs_read_json() {
    let json: serde_json::Value = serde_json::from_str(&schema(&["--format", "json"])).unwrap();
    let farm = &json["tables"][0];
    assert_eq!((&json["domain"], &farm["table"]), (&"FIELD".into(), &"order \"by\"; --".into()));
    let crop = &farm["fields"][2];
    assert_eq!(crop["variants"], serde_json::json!(["maize", "it's \"rye\""]));
    let visit = &json["tables"][1];
    assert_eq!(visit["fields"][1]["parent"], serde_json::json!({ "table": "visit", "on_delete": "set_null" }));
    assert_eq!(visit["fields"][4]["holds"], "u8");
}

/// The guide tells people to try it there.
#[test]
fn the_models_of_the_guide_and_of_the_example_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (model, table) in [("docs/guide/survey/src", "farm"), ("examples/farm-survey/src", "visit")] {
        assert!(printed(&root, &["schema", "--model", model]).contains(table), "{model}");
    }
}
