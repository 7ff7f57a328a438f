//! The parts of a project that are the same everywhere: made by the command, never edited, and made again byte for byte.

mod package;
mod show;

use crate::args::{GenerateArgs, Part, SourceArgs};
use crate::fault::Fault;
use crate::templates::{self, Made};
use crate::{disk, model};
use package::{Checkout, Package};
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How the first line of each file begins, behind what makes it a comment.
const MADE_BY: &str = "Made by `windrow generate ";

impl Part {
    /// Its name on the command line, which is also its usual folder's.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Part::Server => "server",
            Part::Device => "device",
        }
    }
}

/// What the templates know.
#[derive(Debug, Serialize)]
struct Context<'a> {
    made_by: String,
    /// The model's crate.
    #[serde(rename = "crate")]
    krate: &'a str,
    domain: &'a str,
    /// The folder from the workspace's.
    folder: String,
    package: &'a str,
    binary: &'a str,
    windrow: Option<Checkout>,
    rust: &'static str,
}

/// The files of a part, with their paths.
#[derive(Debug)]
pub(crate) struct Parts {
    files: Vec<Made>,
    /// What the package must depend on, and does not.
    lacks: Vec<&'static str>,
}

/// How a file stands to what would be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Same,
    Missing,
    /// Made once, and different now.
    Differs,
    /// Not made by the command.
    Foreign,
}

/// Makes a part, or compares it. What to print, and how it ends.
///
/// # Errors
/// A model or a package that can't be read, a file in the way.
pub(crate) fn run(args: &GenerateArgs) -> Result<(String, Result<(), Fault>), Fault> {
    let folder = args.into.clone().unwrap_or_else(|| args.part.folder().into());
    let krate = match &args.krate {
        Some(name) => name.clone(),
        None => package::library_above(model::place(&args.source)?)?,
    };
    let parts = Parts::of(args.part, Path::new(""), &folder, &args.source, &krate, &flags(args))?;
    let states = parts.states()?;
    if args.check {
        let end = if states.iter().all(|state| *state == State::Same) { Ok(()) } else { Err(Fault::Differs) };
        return Ok((show::checked(args, &parts, &states), end));
    }
    parts.write()?;
    Ok((show::written(args, &parts, &states), Ok(())))
}

/// What must be said again to make the same files.
fn flags(args: &GenerateArgs) -> String {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let each = [
        ("--into", path(&args.into)),
        ("--model", path(&args.source.model)),
        ("--crate", args.krate.clone()),
        ("--domain", args.source.domain.clone()),
    ];
    each.into_iter().filter_map(|(flag, said)| Some(format!(" {flag} {}", said?))).collect()
}

impl Parts {
    /// What stands in `folder` of `root`, where people run the command, with these flags.
    pub(crate) fn of(
        part: Part,
        root: &Path,
        folder: &Path,
        source: &SourceArgs,
        krate: &str,
        flags: &str,
    ) -> Result<Parts, Fault> {
        let declared = model::read(source)?;
        let package = Package::read(&root.join(folder))?;
        let context = Context {
            made_by: format!("{MADE_BY}{}{flags}`: do not edit, it is made again by that command.", part.folder()),
            krate,
            domain: &declared.name,
            folder: folder.display().to_string(),
            package: &package.name,
            binary: &package.binary,
            windrow: package.checkout(root, folder)?,
            rust: env!("CARGO_PKG_RUST_VERSION"),
        };
        let mut files = templates::render(&format!("generated/{}", part.folder()), &context)?;
        files.iter_mut().for_each(|file| file.path = root.join(folder).join(&file.path));
        Ok(Parts { files, lacks: package.lacks() })
    }

    fn states(&self) -> Result<Vec<State>, Fault> {
        self.files.iter().map(state).collect()
    }

    /// Writes what is not as it should be.
    ///
    /// # Errors
    /// A file that the command has not made: it stays, and so does everything else.
    pub(crate) fn write(&self) -> Result<(), Fault> {
        let states = self.states()?;
        let all = || self.files.iter().zip(&states);
        if let Some((file, _)) = all().find(|(_, state)| **state == State::Foreign) {
            let why = "it is there already, and was not made by `windrow generate`; move it away, or generate into \
                       another folder by --into";
            return Err(Fault::File(file.path.clone(), io::Error::new(io::ErrorKind::AlreadyExists, why)));
        }
        let stale = all().filter(|(_, state)| **state != State::Same);
        stale.into_iter().try_for_each(|(file, _)| disk::write(&file.path, &file.text))
    }
}

fn state(file: &Made) -> Result<State, Fault> {
    match fs::read(&file.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Missing),
        Err(error) => Err(Fault::File(file.path.clone(), error)),
        Ok(found) if found == file.text.as_bytes() => Ok(State::Same),
        Ok(found) => {
            let first = String::from_utf8_lossy(&found).lines().next().unwrap_or_default().to_owned();
            Ok(if first.contains(MADE_BY) { State::Differs } else { State::Foreign })
        }
    }
}
