//! The demo, run as a person and as a script would run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::json;
use support::{Folder, assert_equal, keys, program, rows, run, run_json};

#[test]
fn a_person_reads_a_story_in_which_every_promise_is_kept() {
    let output = run(["demo"]);
    let story = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{story}");
    // Each once where the signs are explained.
    assert_eq!((story.matches('✗').count(), story.matches('✓').count()), (1, 23), "{story}");
    assert!(!story.contains('\u{1b}'), "no colours where no terminal is");
    assert!(story.lines().count() < 120, "it is to be read");
    assert!(story.lines().all(|line| line.chars().count() <= 120), "{story}");
    for heading in ["Morning", "In the field", "at its worst", "What merged", "A question", "The account"] {
        assert!(story.contains(heading), "{heading}: {story}");
    }
}

#[test]
fn a_script_reads_one_document_of_facts() {
    let (status, facts) = run_json(["demo"]);
    assert_eq!((status, &facts["ok"]), (0, &json!(true)), "{facts:#}");
    let names =
        ["barley", "bytes", "checks", "conflict", "equal", "files", "foreign_program", "merged", "ok", "seconds"];
    assert_eq!(keys(&facts), names);
    assert_eq!(facts["equal"], json!({ "farm": 6, "plot": 120, "worker": 2, "visit": 20 }));
    assert!(facts["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true));
    let rules: Vec<_> = facts["merged"].as_array().unwrap().iter().map(|m| m["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["sum", "max", "lww", "keep", "set_null"]);
    assert_eq!(facts["merged"][0]["result"], "50");
    let who: Vec<_> = facts["conflict"]["candidates"].as_array().unwrap().iter().map(|c| &c["device"]).collect();
    assert_eq!(who, ["Ada", "Ben"]);
    assert!(facts["bytes"]["day"]["ratio"].as_f64().unwrap() < 0.5);
}

#[test]
fn the_files_can_be_kept() {
    let folder = Folder::new();
    let kept = folder.file("kept");
    let output = program().arg("demo").arg("--keep").arg(&kept).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let files = ["hub", "ada", "ben", "cleo"].map(|name| kept.join(format!("{name}.db")));
    assert_equal(&files.each_ref().map(|file| file.as_path()));
    assert_eq!(rows(&files[0], "SELECT cattle FROM farm WHERE name = 'Morris'"), [[50.into()]]);

    let output = program().arg("demo").arg("--keep").arg(&kept).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not empty"), "{output:?}");
}
