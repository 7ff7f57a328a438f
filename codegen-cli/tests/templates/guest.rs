//! A package that asks for what the packages of this workspace ask for.
//!
//! Cargo builds a dependency once for each set of features. In a project alone tokio would have fewer than here, and it, and all
//! that stands on it, would be built again: minutes of CI. So the project gets a guest, which wants what we want.

use crate::project::{Project, checkout, succeeds};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;

/// Adds it to a project's workspace.
pub fn join(project: &Project) {
    let folder = project.folder.join("guest");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/lib.rs"), "").unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest(&project.name)).unwrap();
    let workspace = project.folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&workspace).unwrap();
    let joined = text.replace("members = [", "members = [\"guest\", ");
    assert_ne!(joined, text, "a workspace without members");
    std::fs::write(workspace, joined).unwrap();
}

/// What is wanted of a dependency: its version, its features, and whether its default ones.
#[derive(Default)]
struct Wanted {
    version: String,
    features: BTreeSet<String>,
    default: bool,
}

fn manifest(name: &str) -> String {
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(checkout());
    let told: Map<String, Value> = serde_json::from_str(&succeeds(&mut metadata)).unwrap();
    let mut all: BTreeMap<String, Wanted> = BTreeMap::new();
    // What macros are built with is for the compiler's side, and comes with Windrow itself.
    let packages = told["packages"].as_array().unwrap().iter().filter(|p| p["name"] != "windrow-macros");
    for dependency in packages.flat_map(|package| package["dependencies"].as_array().unwrap()) {
        if dependency["source"].is_null() {
            continue;
        }
        let wanted = all.entry(table(dependency)).or_default();
        wanted.version = dependency["req"].as_str().unwrap().to_owned();
        wanted.default |= dependency["uses_default_features"].as_bool().unwrap();
        wanted
            .features
            .extend(dependency["features"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_owned()));
    }
    let mut text = format!("[package]\nname = \"guest-of-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    for (table, Wanted { version, features, default }) in all {
        let (version, features) = (json!(version), json!(features));
        writeln!(text, "\n[{table}]\nversion = {version}\nfeatures = {features}\ndefault-features = {default}")
            .unwrap();
    }
    text
}

/// The table of a manifest in which it stands.
fn table(dependency: &Value) -> String {
    let kind = match dependency["kind"].as_str() {
        Some(kind) => format!("{kind}-dependencies"),
        None => "dependencies".to_owned(),
    };
    let name = dependency["name"].as_str().unwrap();
    match dependency["target"].as_str() {
        Some(target) => format!("target.'{target}'.{kind}.{name}"),
        None => format!("{kind}.{name}"),
    }
}
