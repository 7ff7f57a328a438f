//! What `docs/architecture.md` says of the house, kept true.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::path::Path;
use support::{files, read, root};

/// Which of our crates each one knows. Whatever is not here may know none.
const FLOORS: [(&str, &[&str]); 9] = [
    ("windrow-schema", &[]),
    ("windrow-protocol", &[]),
    ("windrow-macros", &["windrow-schema"]),
    ("windrow", &["windrow-protocol", "windrow-macros"]),
    ("windrow-cli", &["windrow", "windrow-schema"]),
    ("farm-survey", &["windrow"]),
    ("survey", &["windrow"]),
    ("clinic", &["windrow"]),
    ("windrow-tests", &["windrow", "windrow-cli", "windrow-protocol", "windrow-schema", "windrow-macros", "survey"]),
];

/// What a crate must not see, and why.
const BANNED: [(&str, &[&str], &str); 3] = [
    (
        "windrow-protocol",
        &["tokio", "rusqlite", "reqwest", "warp", "hyper", "getrandom", "rand", "fastrand", "mio", "socket2"],
        "the core has no input and no output",
    ),
    ("windrow-schema", &["rusqlite", "tokio"], "reading a struct needs no database"),
    ("windrow", &["syn", "quote", "proc-macro2"], "an application does not build a compiler's parser to run"),
];

/// Lines of a source file. Tests may be longer.
const LONGEST: usize = 600;

fn packages() -> Vec<Package> {
    let manifest = root().join("Cargo.toml");
    let metadata =
        MetadataCommand::new().manifest_path(manifest).no_deps().other_options(vec!["--offline".into()]).exec();
    metadata.expect("cargo metadata").packages
}

/// The crates that a package is built with. What only its tests use is no floor.
fn known(package: &Package) -> impl Iterator<Item = &str> {
    let built = |kind| matches!(kind, DependencyKind::Normal | DependencyKind::Build);
    package.dependencies.iter().filter(move |d| built(d.kind)).map(|d| d.name.as_str())
}

#[test]
fn each_crate_knows_only_what_stands_below_it() {
    let packages = packages();
    let ours: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    for package in &packages {
        let floor = FLOORS.iter().find(|(name, _)| *name == package.name.as_str());
        let (name, below) = floor.unwrap_or_else(|| panic!("{} has no floor: give it one here", package.name));
        for other in known(package).filter(|d| ours.contains(d)) {
            assert!(below.contains(&other), "{name} must not know {other}");
        }
    }
}

#[test]
fn templates_know_what_applications_know() {
    let manifests = files(&["j2"]).into_iter().filter(|f| f.file_name().is_some_and(|name| name == "Cargo.toml.j2"));
    let manifests: Vec<_> = manifests.collect();
    assert_eq!(manifests.len(), 4, "{manifests:?}");
    let guilty: Vec<_> = manifests.iter().filter(|f| read(f).contains("windrow-")).collect();
    assert!(guilty.is_empty(), "an application depends on `windrow` alone: {guilty:?}");
}

#[test]
fn the_core_sees_no_world_and_the_runtime_no_parser() {
    for package in packages() {
        for (_, banned, why) in BANNED.iter().filter(|(name, ..)| *name == package.name.as_str()) {
            let seen: Vec<_> = known(&package).filter(|d| banned.contains(d)).collect();
            assert!(seen.is_empty(), "{} must not depend on {seen:?}: {why}", package.name);
        }
    }
}

#[test]
fn the_oracle_shares_no_code_with_the_core() {
    let oracle = files(&["rs"]).into_iter().filter(|f| f.starts_with("tests/src/oracle"));
    let guilty: Vec<_> = oracle.filter(|f| read(f).contains("windrow_")).collect();
    assert!(guilty.is_empty(), "the oracle must judge by itself: {guilty:?}");
}

#[test]
fn only_the_schema_crate_writes_sql_for_the_users_tables() {
    // Where a name is put into a statement; elsewhere statements come ready in constants.
    let words = ["FROM", "INTO", "UPDATE", "JOIN", "TABLE", "ON"];
    let named =
        |line: &str| words.iter().any(|w| [" {", " \\\"{"].iter().any(|gap| line.contains(&format!("{w}{gap}"))));
    // Logs of earlier formats are read by the names that a file has: it may be of a version that no constant knows.
    let earlier = Path::new("runtime/src/store/earlier.rs");
    let elsewhere = files(&["rs"]).into_iter().filter(|f| f.starts_with("runtime/src") || f.starts_with("macros/src"));
    let elsewhere = elsewhere.filter(|f| f != earlier);
    let guilty: Vec<_> = elsewhere.filter(|f| read(f).lines().any(named)).collect();
    assert!(guilty.is_empty(), "SQL that names a user's table belongs to schema/src/sql: {guilty:?}");
}

#[test]
fn a_source_file_can_be_held_in_the_head() {
    let is_test = |file: &Path| file.iter().any(|part| part == "tests");
    let source = files(&["rs"]).into_iter().filter(|f| !is_test(f) || f.starts_with("tests/src"));
    let long: Vec<_> = source.map(|f| (read(&f).lines().count(), f)).filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {long:?}");
}

#[test]
fn the_project_stands_alone() {
    // Put together here, or this file would be the first to mention them.
    let outside =
        [["/wo", "rk/"], ["../sha", "red"], [".lib", "rary"], ["/ro", "ot/"], ["/ho", "me/"]].map(|p| p.concat());
    for file in files(&["rs", "md", "toml", "sql", "json", "py", "sh", "stderr", "snap", "lock", "txt"]) {
        let text = read(&file);
        let mentions = outside.iter().find(|path| text.contains(*path));
        assert_eq!(mentions, None, "{} mentions a path that is not in the project", file.display());
    }
}
