//! A project's model, found in its source.

use crate::args::SourceArgs;
use crate::fault::{Fault, Mistake};
use std::path::{Path, PathBuf};
use windrow_schema::{Declared, Mistakes, Project};

/// Reads the model of a project.
///
/// # Errors
/// Every mistake in it, each with its file, its line and its column; no domain, or several of which none is named.
pub(crate) fn read(args: &SourceArgs) -> Result<Declared, Fault> {
    let model = place(args)?;
    let mut files = Vec::new();
    find(model, &mut files)?;
    files.sort();
    let texts = files.into_iter().map(|path| match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(Fault::File(path, error)),
    });
    let project = Project::read(texts.collect::<Result<Vec<_>, _>>()?).map_err(mistakes)?;
    declared(args, &project)
}

/// The folder, or the file, with the structs.
///
/// # Errors
/// There is none.
pub(crate) fn place(args: &SourceArgs) -> Result<&Path, Fault> {
    let model = args.model();
    let why = || format!("there is no {} here; name the folder with the structs by --model", model.display());
    if model.exists() { Ok(model) } else { Err(Fault::NoModel(why())) }
}

fn mistakes(all: Mistakes) -> Fault {
    Fault::Model(all.into_iter().map(|(path, error)| Mistake::at(path, &error)).collect())
}

/// All source files below a folder, or this one.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let fault = |error| Fault::File(path.to_owned(), error);
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() || path.extension().is_some_and(|e| e == "rs") {
            find(&path, files)?;
        }
    }
    Ok(())
}

fn declared(args: &SourceArgs, project: &Project) -> Result<Declared, Fault> {
    let shown = args.model().display();
    let names: Vec<String> = project.domains().collect();
    let wanted = |(_, name): &(usize, &String)| args.domain.as_ref().is_none_or(|wanted| *name == wanted);
    let mut found = names.iter().enumerate().filter(wanted);
    let none = || none(&shown.to_string(), &names);
    let (at, _) = found.next().ok_or_else(none)?;
    if found.next().is_some() {
        return Err(Fault::NoModel(format!("{shown} has the domains {}; choose one by --domain", names.join(", "))));
    }
    project.declared(at).map_err(mistakes)?.ok_or_else(none)
}

fn none(place: &str, names: &[String]) -> Fault {
    Fault::NoModel(match names {
        [] => format!(
            "{place} has no `windrow::domain!`, the list of the structs that are synced; name the folder of the model by --model"
        ),
        names => format!("{place} has no domain of that name; it has {}", names.join(", ")),
    })
}
