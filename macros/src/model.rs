//! The descriptor of a struct, as merging and the wire know it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;
use windrow_schema::lock::Literal;
use windrow_schema::{Deletes, Field, Kind, Model, OnDelete, Parent, Strategy};

pub(crate) fn table(model: &Model) -> TokenStream {
    let fields = model.fields().iter().map(field).collect();
    let (name, type_name) = (model.table(), model.name().to_string());
    let (deletes, whole, scope) = (model.deletes(), model.whole(), model.scope());
    Table { name, type_name: &type_name, fields, deletes, whole, scope }.said()
}

pub(crate) fn field(field: &Field) -> TokenStream {
    Column {
        name: field.column(),
        kind: kind(field.kind()),
        nullable: field.nullable(),
        strategy: field.strategy(),
        parent: field.parent().map(parent),
        unique: field.unique(),
        default: field.default(),
    }
    .said()
}

/// A table's descriptor, whatever says what stands in it.
pub(crate) struct Table<'a> {
    pub(crate) name: &'a str,
    pub(crate) type_name: &'a str,
    pub(crate) fields: Vec<TokenStream>,
    pub(crate) deletes: Deletes,
    pub(crate) whole: bool,
    pub(crate) scope: bool,
}

impl Table<'_> {
    pub(crate) fn said(&self) -> TokenStream {
        let Table { name, type_name, fields, deletes, whole, scope } = self;
        let deletes = variant(deletes);
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
}

/// A field's descriptor, likewise.
pub(crate) struct Column<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: TokenStream,
    pub(crate) nullable: bool,
    pub(crate) strategy: Strategy,
    pub(crate) parent: Option<TokenStream>,
    pub(crate) unique: bool,
    pub(crate) default: Option<&'a Literal>,
}

impl Column<'_> {
    pub(crate) fn said(&self) -> TokenStream {
        let Column { name, kind, nullable, strategy, parent, unique, default } = self;
        let strategy = variant(strategy);
        let none = || quote!(::core::option::Option::None);
        let parent = parent.clone().unwrap_or_else(none);
        let default = default.map_or_else(none, self::default);
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
    let path = parent.path();
    reference(&quote!(<#path as ::windrow::Syncable>::NAME), parent.on_delete())
}

/// A reference to the table of this name.
pub(crate) fn reference(table: &TokenStream, on_delete: OnDelete) -> TokenStream {
    let on_delete = variant(on_delete);
    quote! {
        ::core::option::Option::Some(::windrow::__private::model::Parent {
            table: #table,
            on_delete: ::windrow::__private::model::OnDelete::#on_delete,
        })
    }
}

fn default(default: &Literal) -> TokenStream {
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
