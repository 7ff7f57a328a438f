//! The descriptor of a struct, as merging and the wire know it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;
use windrow_schema::lock::Literal;
use windrow_schema::{Field, Kind, Model, Parent};

pub(crate) fn table(model: &Model) -> TokenStream {
    let (name, type_name) = (model.table(), model.name().to_string());
    let (whole, scope) = (model.whole(), model.scope());
    let deletes = variant(model.deletes());
    let fields = model.fields().iter().map(field);
    quote! {
        ::windrow::__private::model::Table {
            name: #name,
            type_name: #type_name,
            fields: &[#(#fields),*],
            deletes: ::windrow::__private::model::Deletes::#deletes,
            whole: #whole,
            scope: #scope,
        }
    }
}

pub(crate) fn field(field: &Field) -> TokenStream {
    let (name, nullable, unique) = (field.column(), field.nullable(), field.unique());
    let (kind, strategy) = (kind(field.kind()), variant(field.strategy()));
    let none = quote!(::core::option::Option::None);
    let parent = field.parent().map_or_else(|| none.clone(), parent);
    let default = field.default().map_or(none, default);
    quote! {
        ::windrow::__private::model::Field {
            name: #name,
            kind: ::windrow::__private::model::Kind::#kind,
            nullable: #nullable,
            strategy: ::windrow::__private::model::Strategy::#strategy,
            parent: #parent,
            unique: #unique,
            default: #default,
        }
    }
}

fn kind(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Integer { min, max } => quote!(Integer { min: #min, max: #max }),
        Kind::Decimal(places) => quote!(Decimal { places: #places }),
        Kind::Enum(path) => {
            let variants = of_enum(path, "VARIANTS");
            quote!(Enum(#variants))
        }
        plain => {
            let plain = variant(plain);
            quote!(#plain)
        }
    }
}

fn parent(parent: &Parent) -> TokenStream {
    let (path, on_delete) = (parent.path(), variant(parent.on_delete()));
    quote! {
        ::core::option::Option::Some(::windrow::__private::model::Parent {
            table: <#path as ::windrow::Syncable>::NAME,
            on_delete: ::windrow::__private::model::OnDelete::#on_delete,
        })
    }
}

pub(crate) fn default(default: &Literal) -> TokenStream {
    let literal = match default {
        Literal::Integer(n) => quote!(Integer(#n)),
        Literal::Real(x) => quote!(Real(#x)),
        Literal::Text(text) => quote!(Text(#text)),
        Literal::Blob(bytes) => {
            let bytes = proc_macro2::Literal::byte_string(bytes);
            quote!(Blob(#bytes))
        }
    };
    quote!(::core::option::Option::Some(::windrow::__private::model::Literal::#literal))
}

/// The runtime's enums have the same variants.
pub(crate) fn variant(value: impl std::fmt::Debug) -> proc_macro2::Ident {
    format_ident!("{value:?}")
}

/// A constant or a function of an enum, wholly at the place of its name, so that a type that is none is told of once.
pub(crate) fn of_enum(path: &Path, item: &str) -> TokenStream {
    let item = proc_macro2::Ident::new(item, path.span());
    quote_spanned!(path.span()=> <#path as ::windrow::SyncableEnum>::#item)
}
