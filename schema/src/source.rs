//! What a file of source text declares: for tools, which see text and no compiler.
//!
//! Modules within the file are read too. What another macro writes is not seen, and `cfg` is not heeded.

use crate::errors::Errors;
use crate::{List, Model, Variants};
use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, Item, Path, Token};

/// What a file declares.
#[derive(Default)]
pub struct Source {
    /// The structs that derive `Syncable`.
    pub models: Vec<Model>,
    /// The enums that derive `SyncableEnum`.
    pub enums: Vec<Variants>,
    /// The domains.
    pub domains: Vec<List>,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// Text that is no Rust; every mistake in what it declares, each at its own token.
    pub fn read(text: &str) -> syn::Result<Source> {
        // As the compiler reads it: within a raw string a line's end would else be another than there.
        let file = syn::parse_file(&text.replace("\r\n", "\n"))?;
        let (mut source, mut errors) = (Source::default(), Errors::default());
        source.items(file.items, &mut errors);
        errors.finish()?;
        Ok(source)
    }

    fn items(&mut self, items: Vec<Item>, errors: &mut Errors) {
        for item in items {
            match item {
                Item::Struct(item) if derives(&item.attrs, "Syncable") => self.model(&item.into(), errors),
                Item::Enum(item) if derives(&item.attrs, "Syncable") => self.model(&item.into(), errors),
                Item::Union(item) if derives(&item.attrs, "Syncable") => self.model(&item.into(), errors),
                Item::Enum(item) if derives(&item.attrs, "SyncableEnum") => self.variants(&item.into(), errors),
                Item::Struct(item) if derives(&item.attrs, "SyncableEnum") => self.variants(&item.into(), errors),
                Item::Macro(item) if ends_in(&item.mac.path, "domain") => {
                    self.domains.extend(errors.take(item.mac.parse_body()));
                }
                Item::Mod(item) => self.items(item.content.map(|(_, items)| items).unwrap_or_default(), errors),
                _ => {}
            }
        }
    }

    fn model(&mut self, input: &DeriveInput, errors: &mut Errors) {
        self.models.extend(errors.take(Model::read(input)));
    }

    fn variants(&mut self, input: &DeriveInput, errors: &mut Errors) {
        self.enums.extend(errors.take(Variants::read(input)));
    }
}

/// Whether a derive of this name stands here, by whatever path.
fn derives(attrs: &[Attribute], name: &str) -> bool {
    let paths = |attr: &Attribute| attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok();
    let derives = attrs.iter().filter(|a| a.path().is_ident("derive")).filter_map(paths);
    derives.flatten().any(|path| ends_in(&path, name))
}

fn ends_in(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn structs_enums_and_domains_are_found_wherever_they_stand() {
        let source = Source::read(
            "use windrow::Syncable;
             #[derive(Debug, windrow::Syncable)] struct Farm { id: Id<Farm>, name: String }
             #[derive(Debug)] struct Other { x: i32 }
             mod inner { #[derive(SyncableEnum)] enum Crop { Maize } mod deeper { windrow::domain!(pub SURVEY = [super::super::Farm]); } }",
        );
        let source = source.unwrap();
        let models: Vec<_> = source.models.iter().map(|m| m.name().to_string()).collect();
        let enums: Vec<_> = source.enums.iter().map(|e| e.name().to_string()).collect();
        let domains: Vec<_> = source.domains.iter().map(|d| d.name.to_string()).collect();
        assert_eq!((models, enums, domains), (vec!["Farm".into()], vec!["Crop".into()], vec!["SURVEY".to_owned()]));
    }

    /// A team on Windows checks its model out with other ends of lines. The command wrote them into the lock as part of a name
    /// in a raw string, where the compiler has none, so that program and lock had different columns.
    #[test]
    fn ends_of_lines_are_those_that_the_compiler_reads() {
        let text =
            "#[derive(Syncable)]\r\nstruct Farm { id: Id<Farm>,\r\n#[syncable(rename = r\"a\r\nb\")] name: String }";
        assert_eq!(Source::read(text).unwrap().models[0].fields()[0].column(), "a\nb");
    }

    #[test]
    fn all_mistakes_of_a_file_are_told_at_once() {
        let faults = "#[derive(Syncable)] struct Farm { name: String }
             #[derive(SyncableEnum)] enum Crop { Maize(i32) }
             domain!(SURVEY = []);";
        let Err(error) = Source::read(faults) else { unreachable!("three mistakes") };
        assert_eq!(error.into_iter().count(), 3);
    }
}
