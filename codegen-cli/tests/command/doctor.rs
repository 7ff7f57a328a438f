//! `windrow doctor`.

use crate::{printed, windrow};
use std::path::Path;

const MODEL: &str = "windrow::domain!(pub SURVEY = [Farm]);
#[derive(Syncable)] struct Farm { id: Id<Farm>, name: String }\n";

/// A project with one migration.
fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(dir.path().join("Cargo.toml"), "").unwrap();
    std::fs::write(dir.path().join("src/lib.rs"), MODEL).unwrap();
    printed(dir.path(), &["migrate"]);
    dir
}

/// What it prints, and its exit status.
fn doctor(folder: &Path, args: &[&str]) -> (String, i32) {
    let output = windrow(folder, &[&["doctor"], args].concat());
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// What is wrong, and what mends it.
fn wrong(folder: &Path, args: &[&str]) -> Vec<(String, String, String)> {
    let (text, status) = doctor(folder, &[args, &["--json"]].concat());
    let findings: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let wrong: Vec<_> = findings.iter().filter(|f| f["state"] == "wrong").collect();
    assert_eq!(status, if wrong.is_empty() { 0 } else { 8 }, "{text}");
    let said = |f: &serde_json::Value, key: &str| f[key].as_str().unwrap().to_owned();
    wrong.iter().map(|f| (said(f, "what"), said(f, "says"), said(f, "remedy"))).collect()
}

#[test]
fn a_project_in_order_is_good() {
    let project = project();
    assert_eq!(wrong(project.path(), &[]), []);
    let (text, _) = doctor(project.path(), &[]);
    assert!(text.contains("SURVEY, 1 tables") && text.contains("version 1, as the structs are"), "{text}");
}

#[test]
fn structs_that_have_moved_on_are_told() {
    let project = project();
    std::fs::write(project.path().join("src/lib.rs"), MODEL.replace("name: String", "name: String, size: Option<i64>"))
        .unwrap();
    let found = wrong(project.path(), &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0.as_str(), found[0].2.as_str()), ("windrow.lock", "windrow migrate"));
    assert_eq!(found[0].1, "the structs differ from version 1");
}

#[test]
fn a_mistake_in_the_model_comes_with_its_place() {
    let project = project();
    std::fs::write(project.path().join("src/lib.rs"), MODEL.replace("name: String", "#[merge(summ)] name: String"))
        .unwrap();
    let found = wrong(project.path(), &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.starts_with("src/lib.rs:2:"), "{found:?}");
}

#[test]
fn a_lock_or_a_migration_that_is_not_there_is_told() {
    let project = project();
    let folder = project.path().join("migrations/0001_start");
    std::fs::remove_file(folder.join("hub.sqlite.sql")).unwrap();
    let found = wrong(project.path(), &[]);
    assert_eq!(found[0].1, "migrations/0001_start/hub.sqlite.sql is missing, and is in the lock");
    std::fs::write(project.path().join("windrow.lock"), "<<<<<<< HEAD\n").unwrap();
    assert_eq!(wrong(project.path(), &[])[0].0, "windrow.lock");
    std::fs::remove_file(project.path().join("windrow.lock")).unwrap();
    assert_eq!(wrong(project.path(), &[])[0].2, "windrow migrate");
}

#[test]
fn databases_are_looked_at_wherever_one_stands() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("farm.db");
    drop(windrow::Store::open(&file, &crate::model::FIELD).unwrap());
    assert_eq!(wrong(dir.path(), &["farm.db"]), [], "no model is needed for that");
    let (text, _) = doctor(dir.path(), &["farm.db"]);
    assert!(text.contains("a device's of version 1, sound; records pending: 0; changes refused: 0"), "{text}");
    // A sector went bad.
    let mut bytes = std::fs::read(&file).unwrap();
    let end = bytes.len() - 4096;
    bytes[end..].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let found = wrong(dir.path(), &["farm.db", "missing.db"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].2.contains("backup") && found[1].1.contains("there is no file"), "{found:?}");
}

/// Nothing is written, nothing is changed: also where there is no project at all.
#[test]
fn without_a_project_it_says_where_the_model_may_be() {
    let dir = tempfile::tempdir().unwrap();
    let found = wrong(dir.path(), &[]);
    assert!(found[0].1.contains("--model"), "{found:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Somebody checked out last month's state, and a tablet of today comes in.
#[test]
fn a_database_that_is_newer_than_the_lock_is_told() {
    let project = project();
    let path = project.path().join("tablet.db");
    drop(windrow::Store::open(&path, &crate::model::FIELD).unwrap());
    assert_eq!(wrong(project.path(), &["tablet.db"]), []);
    let conn = windrow::rusqlite::Connection::open(&path).unwrap();
    conn.execute("UPDATE windrow_device SET version = 2", []).unwrap();
    drop(conn);
    let found = wrong(project.path(), &["tablet.db"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1, "is of version 2, and windrow.lock knows versions up to 1");
}
