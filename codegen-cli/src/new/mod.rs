//! A project that runs at once.
//!
//! It is made in a folder beside its place, and gets its name at the very end: a run that fails leaves nothing.

mod lock;
mod name;
mod show;

use crate::args::{MigrateArgs, NewArgs, Part, SourceArgs};
use crate::fault::Fault;
use crate::generate::Parts;
use crate::templates::{self, Template};
use crate::{disk, migrate, terminal};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What is made.
#[derive(Debug, Serialize)]
struct Project {
    name: String,
    #[serde(rename = "template")]
    from: String,
    #[serde(flatten)]
    template: Template,
    /// The checkout of Windrow that it depends on.
    windrow: PathBuf,
    /// The Rust that it needs at least.
    rust: &'static str,
    /// Where Windrow comes from.
    repository: &'static str,
}

/// Makes a project; what to print.
///
/// # Errors
/// A name that can't be one, a place that is taken, files that can't be written.
pub(crate) fn run(args: &NewArgs) -> Result<String, Fault> {
    let name = name(args)?;
    let windrow = windrow(args)?;
    if lock::has(&windrow, &name)? {
        return Err(Fault::Said(format!("{name:?} is a crate that every project is built with; choose another name")));
    }
    let place = place(args, &name)?;
    let from = template(args)?;
    let template = templates::read(&from)?;
    let (rust, repository) = (env!("CARGO_PKG_RUST_VERSION"), env!("CARGO_PKG_REPOSITORY"));
    let project = Project { name, from, template, windrow, rust, repository };
    let beside = tempfile::Builder::new().prefix(".windrow-new-").tempdir_in(&args.into);
    let beside = disk::at(&args.into, beside)?;
    let making = beside.path().join(&project.name);
    project.write(&making)?;
    let locked = lock::write(&project.windrow, &making)?;
    let files = disk::files(&making)?;
    disk::at(&place, fs::rename(&making, &place))?;
    Ok(show::made(args, &project, &place, &files, locked))
}

fn name(args: &NewArgs) -> Result<String, Fault> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None if !args.json && terminal::can() => terminal::ask("What is the project called?")?,
        None => return Err(Fault::Said("say what the project is called: windrow new NAME".to_owned())),
    };
    match name::wrong(&name) {
        Some(why) => Err(Fault::Said(why)),
        None => Ok(name),
    }
}

fn template(args: &NewArgs) -> Result<String, Fault> {
    let all = templates::names();
    if let Some(name) = &args.template {
        return Ok(name.clone());
    }
    if args.json || !terminal::can() {
        return Err(Fault::Said(format!("say which model the project starts from: --template {}", all.join(" | "))));
    }
    let each = all.iter().map(|name| Ok(format!("  {name}: {}\n", templates::read(name)?.about)));
    let each = each.collect::<Result<String, Fault>>()?;
    let answer = terminal::ask(&format!("Which model does it start from?\n{each}>"))?;
    match all.contains(&answer.as_str()) {
        true => Ok(answer),
        false => Err(Fault::Said(format!("{answer:?} is no template; there are {}", all.join(", ")))),
    }
}

/// Where the project comes to stand: there is nothing yet, or an empty folder.
fn place(args: &NewArgs, name: &str) -> Result<PathBuf, Fault> {
    let said = |why: String| Err(Fault::Said(why));
    if !args.into.is_dir() {
        return said(format!("there is no folder {}; make it first", args.into.display()));
    }
    let place = args.into.join(name);
    let taken = match fs::read_dir(&place) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => fs::symlink_metadata(&place).is_ok(),
    };
    match taken {
        true => said(format!(
            "{} is there already, and nothing of it was touched; choose another name, another folder by --into, or move it away",
            place.display()
        )),
        false => Ok(place),
    }
}

fn windrow(args: &NewArgs) -> Result<PathBuf, Fault> {
    let found = fs::canonicalize(&args.windrow).ok().filter(|root| root.join("runtime/Cargo.toml").is_file());
    let shown = args.windrow.display();
    let root = found.ok_or_else(|| {
        Fault::Said(format!(
            "there is no checkout of Windrow at {shown}, and it is not published yet; name one by --windrow"
        ))
    })?;
    // It stands in TOML, in commands and in a Dockerfile.
    let plain = |c: char| c.is_alphanumeric() || "/._-+:\\".contains(c);
    match root.to_str().is_some_and(|text| text.chars().all(plain)) {
        true => Ok(root),
        false => Err(Fault::Said(format!(
            "{} has characters in its name that commands and a Dockerfile would not take as they are; move the checkout",
            root.display()
        ))),
    }
}

impl Project {
    /// All but `Cargo.lock`.
    fn write(&self, root: &Path) -> Result<(), Fault> {
        let own = ["common", &self.from].map(|folder| templates::render(folder, self));
        let own = own.into_iter().collect::<Result<Vec<_>, Fault>>()?;
        own.iter().flatten().try_for_each(|made| disk::write(&root.join(&made.path), &made.text))?;
        let toolchain = include_str!("../../../rust-toolchain.toml");
        disk::write(&root.join("rust-toolchain.toml"), toolchain)?;
        let model = || SourceArgs { model: Some(root.join("model/src")), domain: None };
        for part in [Part::Server, Part::Device] {
            Parts::of(part, root, Path::new(part.folder()), &model(), "model", "")?.write()?;
        }
        let start = MigrateArgs {
            name: None,
            source: model(),
            into: Some(root.to_owned()),
            check: false,
            certify: false,
            dry_run: false,
            json: true,
            rename: Vec::new(),
            drop: Vec::new(),
        };
        migrate::run(&start)?.1
    }
}
