//! From a struct's tokens to a [`Model`], or to all its mistakes.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, FieldsNamed, LitStr};

use crate::attr::{FieldAttrs, StructAttrs};
use crate::default;
use crate::errors::Errors;
use crate::model::{Deletes, Field, Model, Strategy};
use crate::names::{self, snake_case};
use crate::types;
use crate::valid;

impl Model {
    /// Reads a struct.
    ///
    /// # Errors
    /// Every mistake in it at once ([`syn::Error`] iterates over them), each at its own token and with the way to mend it.
    pub fn read(input: &DeriveInput) -> syn::Result<Model> {
        let fields = named_fields(input)?;
        let mut errors = Errors::default();
        let model = Reader { struct_name: &input.ident, errors: &mut errors }.model(input, fields);
        errors.finish()?;
        Ok(model)
    }

    /// Reads a struct from its source text.
    ///
    /// # Errors
    /// As [`Model::read`], and text that is no struct.
    pub fn read_str(source: &str) -> syn::Result<Model> {
        Model::read(&syn::parse_str(source)?)
    }
}

/// A struct with named fields and without parameters; anything else has no columns to speak of.
fn named_fields(input: &DeriveInput) -> syn::Result<&FieldsNamed> {
    let error = |message: &str| Err(syn::Error::new_spanned(&input.ident, message));
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&input.generics, "a table has one shape: remove the parameters"));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            _ => error("columns need names: use a struct with named fields"),
        },
        Data::Enum(_) => error("an enum is stored in a field: derive `SyncableEnum` for it"),
        Data::Union(_) => error("a union can't be stored: use a struct with named fields"),
    }
}

struct Reader<'a> {
    struct_name: &'a Ident,
    errors: &'a mut Errors,
}

impl Reader<'_> {
    fn model(&mut self, input: &DeriveInput, fields: &FieldsNamed) -> Model {
        let attrs = StructAttrs::read(&input.attrs, self.errors);
        let whole = attrs.merge.as_ref().map(|said| said.what);
        valid::struct_strategy(&attrs, self.errors);
        let model = Model {
            name: input.ident.clone(),
            table: self.table(&attrs),
            deletes: attrs.deletes.map_or(Deletes::Keep, |said| said.what),
            whole: whole.is_some(),
            scope: attrs.scope.is_some(),
            was: attrs.was.map(|was| was.value()),
            fields: self.fields(fields, whole),
        };
        if model.fields.is_empty() && fields.named.len() < 2 {
            self.errors.at(self.struct_name, "there is nothing to sync besides the id: add a field");
        }
        model
    }

    fn table(&mut self, attrs: &StructAttrs) -> String {
        let (name, at) = name(attrs.table.as_ref(), self.struct_name, snake_case);
        if let Some(fault) = names::table_fault(&name) {
            self.errors.push(syn::Error::new(at, fault));
        }
        name
    }

    fn fields(&mut self, named: &FieldsNamed, whole: Option<Strategy>) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        let mut has_id = false;
        for field in &named.named {
            let Some(ident) = &field.ident else { continue };
            let attrs = FieldAttrs::read(&field.attrs, self.errors);
            if ident.unraw() == "id" {
                has_id = true;
                self.id(field, &attrs);
            } else if let Some(read) = self.field(ident, field, &attrs, whole) {
                self.same_column(&fields, &read, &attrs);
                fields.push(read);
            }
        }
        if !has_id {
            let message = format!("a record needs an id: add `pub id: Id<{}>`", self.struct_name);
            self.errors.at(self.struct_name, message);
        }
        fields
    }

    fn id(&mut self, field: &syn::Field, attrs: &FieldAttrs) {
        let own = types::id_target(&field.ty).is_some_and(|t| self.is_own(t));
        if !own {
            self.errors.at(&field.ty, format!("the id's type is `Id<{}>`", self.struct_name));
        }
        for place in attrs.places() {
            self.errors.at(place, "the id takes no settings: remove this");
        }
    }

    fn field(
        &mut self,
        ident: &Ident,
        field: &syn::Field,
        attrs: &FieldAttrs,
        whole: Option<Strategy>,
    ) -> Option<Field> {
        let understood = self.errors.take(types::understand(&field.ty, attrs.json.is_some()));
        let (column, at) = name(attrs.rename.as_ref(), ident, str::to_owned);
        if let Some(fault) = names::column_fault(&column) {
            self.errors.push(syn::Error::new(at, fault));
        }
        let understood = understood?;
        let seen = valid::Seen { ty: &field.ty, attrs, understood: &understood, own: self.struct_name, whole };
        let parent = seen.parent(self.errors);
        let strategy = seen.strategy(self.errors);
        seen.unique(strategy, self.errors);
        let default = attrs
            .default
            .as_ref()
            .and_then(|said| self.errors.take(default::read(said, &understood.kind, understood.nullable)));
        Some(Field {
            name: ident.clone(),
            ty: field.ty.clone(),
            column,
            kind: understood.kind,
            nullable: understood.nullable,
            strategy,
            parent,
            unique: attrs.unique.is_some(),
            indexed: attrs.index.is_some(),
            was: attrs.was.as_ref().map(LitStr::value),
            default,
        })
    }

    /// SQLite folds the case of ASCII letters in names.
    fn same_column(&mut self, before: &[Field], read: &Field, attrs: &FieldAttrs) {
        let Some(other) = before.iter().find(|f| f.column.eq_ignore_ascii_case(&read.column)) else { return };
        let message = format!("`{}` is already the column `{}`: choose another name", other.name, other.column);
        let at = attrs.rename.as_ref().map_or(read.name.span(), LitStr::span);
        self.errors.push(syn::Error::new(at, message));
    }

    fn is_own(&self, path: &syn::Path) -> bool {
        valid::is_own(path, self.struct_name)
    }
}

/// The name in SQL, and where it was said.
fn name(said: Option<&LitStr>, ident: &Ident, default: impl Fn(&str) -> String) -> (String, Span) {
    match said {
        Some(literal) => (literal.value(), literal.span()),
        None => (default(&ident.unraw().to_string()), ident.span()),
    }
}
