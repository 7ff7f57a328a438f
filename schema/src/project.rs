//! What the files of a project declare together: for tools, which see text and no compiler.

use crate::lock::{Table, Unfit};
use crate::names::bare;
use crate::sql::Sql;
use crate::{Domain, Field, Kind, List, Model, Source, Variants};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use syn::Ident;
use syn::spanned::Spanned;

/// What the files of a project declare, each thing with the file that it stands in.
#[derive(Default)]
pub struct Project {
    models: Vec<(PathBuf, Model)>,
    enums: Vec<(PathBuf, Variants)>,
    domains: Vec<(PathBuf, List)>,
}

/// What a project syncs.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The name given to `domain!`.
    pub name: String,
    /// The file that lists them.
    pub file: PathBuf,
    /// The structs, parents before children.
    pub domain: Domain,
    /// Their tables, as the lock knows them.
    pub tables: Vec<Table>,
    enums: Vec<Variants>,
}

/// Mistakes, each with the file that it stands in.
pub type Mistakes = Vec<(PathBuf, syn::Error)>;

impl Project {
    /// Reads the texts of files.
    ///
    /// # Errors
    /// Every mistake in each of them.
    pub fn read(files: impl IntoIterator<Item = (PathBuf, String)>) -> Result<Project, Mistakes> {
        let (mut project, mut mistakes) = (Project::default(), Vec::new());
        for (path, text) in files {
            match Source::read(&text) {
                Ok(Source { models, enums, domains }) => {
                    project.models.extend(models.into_iter().map(|model| (path.clone(), model)));
                    project.enums.extend(enums.into_iter().map(|variants| (path.clone(), variants)));
                    project.domains.extend(domains.into_iter().map(|list| (path.clone(), list)));
                }
                Err(error) => mistakes.extend(error.into_iter().map(|error| (path.clone(), error))),
            }
        }
        if mistakes.is_empty() { Ok(project) } else { Err(mistakes) }
    }

    /// The names of the domains.
    pub fn domains(&self) -> impl Iterator<Item = String> {
        self.domains.iter().map(|(_, list)| list.name.to_string())
    }

    /// What the domain of this position declares; nothing where there is none.
    ///
    /// # Errors
    /// Every mistake in how its structs and enums fit together.
    pub fn declared(&self, domain: usize) -> Result<Option<Declared>, Mistakes> {
        let Some((path, list)) = self.domains.get(domain) else { return Ok(None) };
        let models = self.models(path, list)?;
        let at_list = |e: &dyn Display| (path.clone(), syn::Error::new(list.name.span(), e));
        let domain = Domain::new(models).map_err(|all| all.iter().map(|e| at_list(e)).collect::<Mistakes>())?;
        let enums = self.enums(&domain)?;
        let named = |name: &str| enums.iter().find(|e| bare(e.name()) == name);
        let tables = Table::all(&domain, named).map_err(|all| self.unfit(&all))?;
        Ok(Some(Declared { name: list.name.to_string(), file: path.clone(), domain, tables, enums }))
    }

    /// The structs of a list, each of which only one may be.
    fn models(&self, path: &Path, list: &List) -> Result<Vec<Model>, Mistakes> {
        let (mut models, mut mistakes) = (Vec::new(), Vec::new());
        for name in list.structs.iter().filter_map(|path| Some(&path.segments.last()?.ident)) {
            match self.named(name)[..] {
                [model] if models.contains(model) => {
                    let message = format!("{name} is listed twice: remove it here");
                    mistakes.push((path.to_owned(), syn::Error::new(name.span(), message)));
                }
                [model] => models.push(model.clone()),
                ref all => {
                    let how_many = if all.is_empty() { "no struct" } else { "several structs" };
                    let message =
                        format!("{how_many} {name} derive{} `Syncable` here", if all.is_empty() { "s" } else { "" });
                    mistakes.push((path.to_owned(), syn::Error::new(name.span(), message)));
                }
            }
        }
        if mistakes.is_empty() { Ok(models) } else { Err(mistakes) }
    }

    fn named(&self, name: &Ident) -> Vec<&Model> {
        self.models.iter().map(|(_, model)| model).filter(|m| bare(m.name()) == bare(name)).collect()
    }

    /// The enums that fields name. Which of several of one name is meant, only the compiler knows.
    fn enums(&self, domain: &Domain) -> Result<Vec<Variants>, Mistakes> {
        let (mut enums, mut mistakes) = (Vec::new(), Vec::new());
        for (model, field) in domain.models().iter().flat_map(|m| m.fields().iter().map(move |f| (m, f))) {
            let Kind::Enum(path) = field.kind() else { continue };
            let Some(name) = path.segments.last().map(|s| &s.ident) else { continue };
            let all: Vec<&Variants> =
                self.enums.iter().map(|(_, e)| e).filter(|e| bare(e.name()) == bare(name)).collect();
            match all[..] {
                [] | [_] => enums.extend(all.first().map(|e| (*e).clone())),
                _ => {
                    let message =
                        format!("several enums {name} derive `SyncableEnum` here: give each a name of its own");
                    mistakes.push(self.at_type(model, field, &message));
                }
            }
        }
        if mistakes.is_empty() { Ok(enums) } else { Err(mistakes) }
    }

    /// Why tables can't be written down, each at the field that it is about.
    fn unfit(&self, all: &[Unfit]) -> Mistakes {
        let place = |unfit: &Unfit| {
            let (type_name, field) = unfit.place();
            let model = self.models.iter().map(|(_, m)| m).find(|m| m.name() == type_name)?;
            let field = model.fields().iter().find(|f| f.name() == field)?;
            Some(self.at_type(model, field, unfit))
        };
        all.iter().filter_map(place).collect()
    }

    fn at_type(&self, model: &Model, field: &Field, message: &dyn Display) -> (PathBuf, syn::Error) {
        let file = self.models.iter().find(|(_, m)| m.name() == model.name()).map(|(path, _)| path.clone());
        (file.unwrap_or_default(), syn::Error::new(field.ty().span(), message))
    }
}

impl Declared {
    /// The enum of this name.
    pub fn variants(&self, name: &str) -> Option<&Variants> {
        self.enums.iter().find(|e| bare(e.name()) == name)
    }

    /// A statement, ready to be run.
    pub fn render(&self, sql: &Sql) -> String {
        self.domain.render(sql, |name| self.variants(name).map(Variants::sql_list).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// To Rust `r#Farm` is `Farm`. The command said that there was no such struct.
    #[test]
    fn a_raw_name_is_the_name() {
        let text =
            "#[derive(Syncable)] struct r#Farm { r#id: Id<Farm>, #[parent(r#Farm)] of: Option<Id<Self>>, sky: Sky }
             #[derive(Syncable)] struct Plot { id: Id<r#Plot>, #[parent(Farm)] farm: Id<r#Farm> }
             #[derive(SyncableEnum)] enum r#Sky { Dry }
             domain!(R = [r#Plot, Farm]);";
        let project = Project::read([("lib.rs".into(), text.to_owned())]).unwrap();
        let declared = project.declared(0).unwrap().unwrap();
        let tables: Vec<_> = declared.tables.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(tables, ["farm", "plot"]);
        assert!(declared.domain.models()[0].fields()[0].parent().unwrap().own());
    }
}
