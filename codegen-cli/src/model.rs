//! A project's model, found in its source.

use crate::args::SourceArgs;
use crate::fault::{Fault, Mistake};
use std::path::{Path, PathBuf};
use windrow_schema::lock::Table;
use windrow_schema::sql::Sql;
use windrow_schema::{Domain, List, Model, Source, Variants};

/// What a project syncs.
#[derive(Debug)]
pub(crate) struct Declared {
    /// The name given to `domain!`.
    pub(crate) name: String,
    /// The file that lists them.
    pub(crate) file: PathBuf,
    /// The structs, parents before children.
    pub(crate) domain: Domain,
    enums: Vec<Variants>,
}

impl Declared {
    /// The enum of this name.
    pub(crate) fn variants(&self, name: &str) -> Option<&Variants> {
        self.enums.iter().find(|e| e.name() == name)
    }

    /// Its tables as the lock knows them.
    ///
    /// # Errors
    /// Defaults that no enum has.
    pub(crate) fn tables(&self) -> Result<Vec<Table>, Fault> {
        Table::all(&self.domain, |name| self.variants(name))
            .map_err(|unfit| Fault::NoModel(unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
    }

    /// A statement, ready to be run.
    pub(crate) fn render(&self, sql: &Sql) -> String {
        self.domain.render(sql, |name| self.variants(name).map(Variants::sql_list).unwrap_or_default())
    }
}

/// Reads the model of a project.
///
/// # Errors
/// Every mistake in it, each with its file, its line and its column; no domain, or several of which none is named.
pub(crate) fn read(args: &SourceArgs) -> Result<Declared, Fault> {
    let model = args.model();
    if !model.exists() {
        let place = model.display();
        return Err(Fault::NoModel(format!("there is no {place} here; name the folder with the structs by --model")));
    }
    let mut files = Vec::new();
    find(model, &mut files)?;
    files.sort();
    let (mut sources, mut mistakes) = (Vec::new(), Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(|error| Fault::File(path.clone(), error))?;
        match Source::read(&text) {
            Ok(source) => sources.push((path, source)),
            Err(error) => mistakes.extend(Mistake::all(&path, error)),
        }
    }
    if !mistakes.is_empty() {
        return Err(Fault::Model(mistakes));
    }
    declared(args, sources)
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

fn declared(args: &SourceArgs, sources: Vec<(PathBuf, Source)>) -> Result<Declared, Fault> {
    let place = args.model().display();
    let lists = || sources.iter().flat_map(|(path, source)| source.domains.iter().map(move |list| (path, list)));
    let wanted = |(_, list): &(&PathBuf, &List)| args.domain.as_ref().is_none_or(|name| list.name == name);
    let names: Vec<String> = lists().map(|(_, list)| list.name.to_string()).collect();
    let mut found = lists().filter(wanted);
    let (path, list) = found.next().ok_or_else(|| none(&place.to_string(), &names))?;
    if found.next().is_some() {
        return Err(Fault::NoModel(format!("{place} has the domains {}; choose one by --domain", names.join(", "))));
    }
    let domain = domain(path, list, &sources)?;
    let (name, file) = (list.name.to_string(), path.clone());
    let enums = sources.into_iter().flat_map(|(_, source)| source.enums).collect();
    Ok(Declared { name, file, domain, enums })
}

fn none(place: &str, names: &[String]) -> Fault {
    Fault::NoModel(match names {
        [] => format!(
            "{place} has no `windrow::domain!`, the list of the structs that are synced; name the folder of the model by --model"
        ),
        names => format!("{place} has no domain of that name; it has {}", names.join(", ")),
    })
}

fn domain(path: &Path, list: &List, sources: &[(PathBuf, Source)]) -> Result<Domain, Fault> {
    let (mut models, mut mistakes) = (Vec::new(), Vec::new());
    for wanted in &list.structs {
        let Some(name) = wanted.segments.last().map(|s| &s.ident) else { continue };
        let named: Vec<&Model> = sources.iter().flat_map(|(_, s)| &s.models).filter(|m| m.name() == name).collect();
        match named[..] {
            [model] => models.push(model.clone()),
            [] => mistakes.push(Mistake::at(path, name.span(), format!("no struct {name} derives `Syncable` here"))),
            _ => {
                mistakes.push(Mistake::at(path, name.span(), format!("several structs {name} derive `Syncable` here")))
            }
        }
    }
    if mistakes.is_empty() {
        match Domain::new(models) {
            Ok(domain) => return Ok(domain),
            Err(errors) => {
                let at = |e: windrow_schema::DomainError| Mistake::at(path, list.name.span(), e.to_string());
                mistakes.extend(errors.into_iter().map(at));
            }
        }
    }
    Err(Fault::Model(mistakes))
}
