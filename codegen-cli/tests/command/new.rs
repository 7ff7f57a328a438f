//! `windrow new`. What comes of it is built in `tests/templates`.

use crate::{printed, refused};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Everything in a folder, by name.
pub(crate) fn all(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut walk = vec![folder.to_owned()];
    while let Some(next) = walk.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_made_is_told_with_what_to_do_next() {
    let dir = tempfile::tempdir().unwrap();
    let told = printed(dir.path(), &["new", "kibo", "--template", "survey"]);
    assert!(told.contains("cd kibo && cargo test\n  cargo run -p kibo-server\n"), "{told}");
    for name in ["model/src/lib.rs", "windrow.lock", "migrations/0001_start/hub.sqlite.sql", ".gitignore", "Cargo.lock"]
    {
        assert!(dir.path().join("kibo").join(name).is_file(), "{name}");
    }
    // The model and the lock are those of `windrow migrate`.
    assert_eq!(
        printed(&dir.path().join("kibo"), &["migrate", "--check"]),
        "the model is that of version 1: nothing to do\n"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "something was left beside it");
}

#[test]
fn programs_read_json() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("projects")).unwrap();
    let told = printed(dir.path(), &["new", "afya", "--template", "clinic", "--into", "projects", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["name"], &told["template"], &told["folder"]),
        (&"afya".into(), &"clinic".into(), &"projects/afya".into())
    );
    let files: Vec<String> = all(&dir.path().join("projects/afya")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(told["files"], serde_json::json!(files));
    assert_eq!(told["next"][0], "cd projects/afya");
}

/// A run that stopped half-way once left half a project, and the next one refused to touch it.
#[test]
fn what_is_refused_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (args, says) in [
        (&["new"][..], "windrow new NAME"),
        (&["new", "kibo"], "--template clinic | logistics | survey"),
        (&["new", "kibo", "--json"], "--template"),
        (&["new", "kibo", "--template", "shop"], "possible values: clinic, logistics, survey"),
        (&["new", "test", "--template", "survey"], "the name of something else already"),
        (&["new", "tokio", "--template", "survey"], "a crate that every project is built with"),
        (&["new", "a/b", "--template", "survey"], "say the name alone, and the folder by --into"),
        (&["new", "kibo", "--template", "survey", "--into", "nowhere"], "there is no folder nowhere; make it first"),
        (&["new", "kibo", "--template", "survey", "--windrow", "."], "there is no checkout of Windrow at ."),
    ] {
        let (error, status) = refused(dir.path(), args);
        assert!(error.contains(says) && status == 2, "{status}: {error}");
        assert_eq!(all(dir.path()), [], "{args:?}");
    }
}

#[test]
fn what_is_there_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("kibo")).unwrap();
    std::fs::write(dir.path().join("kibo/notes.txt"), "mine").unwrap();
    std::fs::write(dir.path().join("mara"), "a file").unwrap();
    let before = all(dir.path());
    for name in ["kibo", "mara"] {
        let (error, status) = refused(dir.path(), &["new", name, "--template", "survey"]);
        assert!(error.contains("is there already, and nothing of it was touched") && status == 2, "{error}");
        assert_eq!(all(dir.path()), before);
    }
    // An empty folder is as good as none.
    std::fs::remove_file(dir.path().join("kibo/notes.txt")).unwrap();
    printed(dir.path(), &["new", "kibo", "--template", "survey"]);
}

/// A name was refused because this workspace has a package of that name, which no project is built with.
#[test]
fn a_project_may_be_called_as_an_example_is() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["farm-survey", "clinic"] {
        printed(dir.path(), &["new", name, "--template", "clinic"]);
    }
}

/// `script` gives the command a terminal.
#[test]
fn at_a_terminal_it_asks() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} new", env!("CARGO_BIN_EXE_windrow")), "/dev/null"]).current_dir(dir.path());
    let Ok(mut script) = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        return eprintln!("there is no `script` on this machine: nobody was asked");
    };
    script.stdin.take().unwrap().write_all(b"kibo\nlogistics\n").unwrap();
    let output = script.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("What is the project called?"), "{told}");
    assert!(told.contains("survey: farms, the people who visit them, and their visits"), "{told}");
    let model = std::fs::read_to_string(dir.path().join("kibo/model/src/lib.rs")).unwrap();
    assert!(model.contains("pub LOGISTICS"));
}
