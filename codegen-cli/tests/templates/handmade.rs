//! A project that was made by hand, with packages and a domain of other names: it gets its parts by `windrow generate`.

use crate::guest;
use crate::project::{Project, checkout, place};
use std::path::Path;

const MODEL: &str = r#"
use windrow::{Id, Syncable};

#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Boat {
    pub id: Id<Boat>,
    pub name: String,
}
windrow::domain!(pub CATCH = [Boat]);

#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Net {
    pub id: Id<Net>,
    pub mesh: i64,
}
windrow::domain!(pub GEAR = [Net]);
"#;

const HUB: &str = "
mod generated;

#[derive(clap::Parser)]
struct Args {
    #[command(flatten)]
    config: generated::Config,
    #[command(subcommand)]
    command: Option<generated::Command>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Args = clap::Parser::parse();
    args.config.run(args.command).await
}
";

const TABLET: &str = "
mod generated;

#[derive(clap::Parser)]
struct Args {
    #[command(flatten)]
    config: generated::Config,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Args = clap::Parser::parse();
    println!(\"{} pending\", args.config.open()?.pending()?);
    Ok(())
}
";

/// What a package of it depends on.
fn manifest(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}")
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn made() -> Project {
    let (name, checkout) = ("by-hand-of-the-tests", checkout());
    let folder = place().join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let windrow = format!("windrow = {{ path = \"{}/runtime\" }}\n", checkout.display());
    let needed = format!(
        "{windrow}fish-model = {{ path = \"../fish\" }}\nclap = {{ version = \"4\", features = [\"derive\", \"env\"] }}\n\
         tokio = {{ version = \"1\", default-features = false, features = [\"macros\", \"rt-multi-thread\", \"signal\"] }}\n\
         tracing = {{ version = \"0.1\", default-features = false, features = [\"std\"] }}\n\
         tracing-subscriber = {{ version = \"0.3\", default-features = false, features = [\"fmt\", \"json\"] }}\n"
    );
    // The same profile as everywhere, or all would be built again.
    let common = std::fs::read_to_string(checkout.join("templates/common/Cargo.toml.j2")).unwrap();
    let profile = &common[common.find("[profile.dev]").unwrap()..];
    write(
        &folder,
        "Cargo.toml",
        &format!("[workspace]\nresolver = \"3\"\nmembers = [\"fish\", \"hub\", \"tablet\"]\n\n{profile}"),
    );
    std::fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    write(&folder, "fish/Cargo.toml", &manifest("fish-model", &windrow));
    write(&folder, "fish/src/lib.rs", MODEL);
    write(&folder, "hub/Cargo.toml", &manifest("harbour", &needed));
    write(&folder, "hub/src/main.rs", HUB);
    write(&folder, "tablet/Cargo.toml", &manifest("boat", &needed));
    write(&folder, "tablet/src/main.rs", TABLET);
    Project { name: name.to_owned(), folder }
}

/// What the templates take for granted in a new project is not so in an old one: names, folders, several domains.
#[test]
fn a_project_made_by_hand_gets_its_parts() {
    let project = made();
    let hub = ["generate", "server", "--into", "hub", "--model", "fish/src", "--domain", "CATCH"];
    let tablet = ["generate", "device", "--into", "tablet", "--model", "fish/src", "--domain", "CATCH"];
    for args in [hub, tablet] {
        assert!(!project.windrow(&args).contains("must also depend on"), "it has all it needs");
        project.windrow(&[&args[..], &["--check"]].concat());
    }
    let unit = std::fs::read_to_string(project.folder.join("hub/harbour.service")).unwrap();
    assert!(unit.starts_with(&format!("# Made by `windrow {}`", hub.join(" "))), "{unit}");
    guest::join(&project);
    project.has_no_lints();
}
