//! The command as its users run it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

mod certify;
mod doctor;
mod generate;
mod inspect;
mod migrate;
mod mistakes;
mod model;
mod new;
mod schema;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the command in a folder.
fn windrow(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_windrow")).args(args).current_dir(folder).output().unwrap()
}

/// What it prints where it succeeds.
fn printed(folder: &Path, args: &[&str]) -> String {
    let output = windrow(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it complains of, and its exit status.
fn refused(folder: &Path, args: &[&str]) -> (String, i32) {
    let output = windrow(folder, args);
    assert!(output.stdout.is_empty(), "half of an answer");
    (String::from_utf8(output.stderr).unwrap(), output.status.code().unwrap())
}

#[test]
fn completions_and_the_manual_page_are_written() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(here, &["completions", shell]).contains("inspect"), "{shell}");
    }
    assert!(printed(here, &["man"]).starts_with(".ie"));
    // The first page names the others, and they say what the flags are.
    let folder = tempfile::tempdir().unwrap();
    printed(here, &["man", "--into", folder.path().join("man1").to_str().unwrap()]);
    let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    assert!(page("windrow.1").contains("windrow\\-migrate(1)"));
    assert!(page("windrow-migrate.1").contains("certify") && page("windrow-new.1").contains("template"));
}
