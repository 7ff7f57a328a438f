//! Enums of unit variants, stored as text.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields};

use crate::attr;
use crate::errors::Errors;
use crate::names::snake_case;
use crate::sql;

/// An enum that was read and found valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variants {
    name: Ident,
    all: Vec<Variant>,
}

/// A variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    name: Ident,
    text: String,
}

impl Variants {
    /// Reads an enum.
    ///
    /// # Errors
    /// Every mistake in it at once, each at its own token and with the way to mend it.
    pub fn read(input: &DeriveInput) -> syn::Result<Variants> {
        let Data::Enum(data) = &input.data else {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "`SyncableEnum` is for enums: derive `Syncable` for a struct",
            ));
        };
        let mut errors = Errors::default();
        if !input.generics.params.is_empty() {
            errors.at(&input.generics, "an enum in a field has one shape: remove the parameters");
        }
        if data.variants.is_empty() {
            errors.at(&input.ident, "an enum without variants has no value: add one");
        }
        let all = data.variants.iter().fold(Vec::new(), |mut all, variant| {
            let read = read(variant, &all, &mut errors);
            all.push(read);
            all
        });
        errors.finish()?;
        Ok(Variants { name: input.ident.clone(), all })
    }

    /// Reads an enum from its source text.
    ///
    /// # Errors
    /// As [`Variants::read`], and text that is no enum.
    pub fn read_str(source: &str) -> syn::Result<Variants> {
        Variants::read(&syn::parse_str(source)?)
    }

    /// The enum's name.
    pub fn name(&self) -> &Ident {
        &self.name
    }

    /// The variants in order of declaration. There is at least one.
    pub fn all(&self) -> &[Variant] {
        &self.all
    }

    /// What is stored, as a list of SQL literals for a `CHECK`.
    pub fn sql_list(&self) -> String {
        sql::literals(self.all.iter().map(|v| v.text.as_str()))
    }
}

impl Variant {
    /// The variant's name.
    pub fn name(&self) -> &Ident {
        &self.name
    }

    /// What is stored for it: its name in snake case, unless renamed.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn read(variant: &syn::Variant, before: &[Variant], errors: &mut Errors) -> Variant {
    if !matches!(variant.fields, Fields::Unit) {
        errors.at(
            variant,
            "a variant is stored as its name alone: remove its fields, or store the enum with `#[syncable(json)]`",
        );
    }
    let rename = attr::variant_rename(&variant.attrs, errors);
    let (text, at) = match &rename {
        Some(literal) => (literal.value(), literal.span()),
        None => (snake_case(&variant.ident.unraw().to_string()), variant.ident.span()),
    };
    if text.contains('\0') {
        errors.push(syn::Error::new(at, "SQL text can't contain a NUL character: choose another name"));
    }
    if let Some(other) = before.iter().find(|v| v.text == text) {
        errors.push(syn::Error::new(
            at,
            format!("`{}` is already stored as \"{text}\": choose another name", other.name),
        ));
    }
    Variant { name: variant.ident.clone(), text }
}
