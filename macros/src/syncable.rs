//! `#[derive(Syncable)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;
use windrow_schema::sql::{leaving, quoted};
use windrow_schema::{Field, Kind, Model};

use crate::{fallback, model, sql};

pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    match Model::read(input) {
        Ok(model) => implementation(&model),
        Err(errors) => fallback::syncable(input, &errors),
    }
}

fn implementation(model: &Model) -> TokenStream {
    let (name, table) = (model.name(), model.table());
    let (quoted, leaving) = (quoted(table), leaving(table));
    let parents = parents(model);
    let descriptor = model::table(model);
    let (device, hub) = (sql::device(model), sql::hub(model));
    let (writes, reads) = (model.fields().iter().map(write), model.fields().iter().map(read));
    let count = model.fields().len();
    quote! {
        #[automatically_derived]
        impl ::windrow::Syncable for #name {
            const NAME: &'static str = #table;
            const QUOTED: &'static str = #quoted;
            const LEAVING: &'static str = #leaving;
            const TABLE: &'static ::windrow::__private::Table = &::windrow::__private::Table {
                model: #descriptor,
                device: #device,
                hub: #hub,
            };
            const PARENTS: &'static [::windrow::__private::ParentName] = &[#(#parents),*];

            fn id(&self) -> ::windrow::Id<Self> {
                self.id
            }

            fn to_values(&self) -> ::core::result::Result<::std::vec::Vec<::windrow::__private::Value>, ::windrow::ValueError> {
                ::core::result::Result::Ok(::std::vec![#(#writes),*])
            }

            fn from_values(
                id: ::windrow::Id<Self>,
                values: ::std::vec::Vec<::windrow::__private::Value>,
            ) -> ::core::result::Result<Self, ::windrow::ValueError> {
                let mut values = ::windrow::__private::Values::new(#table, #count, values)?;
                ::core::result::Result::Ok(#name { id, #(#reads),* })
            }
        }
    }
}

fn parents(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.references().map(|(_, field, parent)| {
        let (field, path, name) = (field.name().to_string(), parent.path(), parent.name());
        quote! {
            ::windrow::__private::ParentName {
                field: #field,
                table: <#path as ::windrow::Syncable>::NAME,
                type_name: #name,
            }
        }
    })
}

/// Types are named as written, so that the compiler points at one that doesn't fit.
pub(crate) fn write(field: &Field) -> TokenStream {
    let (name, column, ty) = (field.name(), field.column(), field.ty());
    match (field.kind(), field.nullable()) {
        (Kind::Enum(path), false) => {
            let as_text = model::of_enum(path, "as_text");
            quote!(::windrow::__private::text(#as_text(&self.#name)))
        }
        (Kind::Enum(path), true) => {
            let as_text = model::of_enum(path, "as_text");
            quote!(::windrow::__private::text_or_null(self.#name.as_ref().map(#as_text)))
        }
        (Kind::Json, false) => quote!(::windrow::__private::json::<#ty>(Self::NAME, #column, &self.#name)?),
        (Kind::Json, true) => quote!(::windrow::__private::json_or_null::<#ty>(Self::NAME, #column, &self.#name)?),
        _ => quote!(::windrow::__private::plain::<#ty>(Self::NAME, #column, &self.#name)?),
    }
}

pub(crate) fn read(field: &Field) -> TokenStream {
    let (name, column, ty) = (field.name(), field.column(), field.ty());
    let value = match (field.kind(), field.nullable()) {
        (Kind::Enum(path), false) => {
            let from_text = model::of_enum(path, "from_text");
            quote!(values.variant(#column, #from_text)?)
        }
        (Kind::Enum(path), true) => {
            let from_text = model::of_enum(path, "from_text");
            quote!(values.variant_or_null(#column, #from_text)?)
        }
        (Kind::Json, false) => quote!(values.json::<#ty>(#column)?),
        (Kind::Json, true) => quote!(values.json_or_null::<#ty>(#column)?),
        _ => quote!(values.plain::<#ty>(#column)?),
    };
    quote!(#name: #value)
}
