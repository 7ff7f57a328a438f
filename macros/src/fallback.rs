//! After an error the rest of the user's code still compiles: the type gets an implementation that does nothing.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;
use windrow_schema::snake_case;
use windrow_schema::sql::{leaving, quoted};

pub(crate) fn syncable(input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let (name, type_name) = (&input.ident, input.ident.to_string());
    let table = snake_case(&type_name);
    let (quoted, leaving) = (quoted(&table), leaving(&table));
    let (generics, parameters, _) = input.generics.split_for_impl();
    quote! {
        #errors

        #[automatically_derived]
        impl #generics ::windrow::Syncable for #name #parameters where #name #parameters: 'static {
            const NAME: &'static str = #table;
            const QUOTED: &'static str = #quoted;
            const LEAVING: &'static str = #leaving;
            const TABLE: &'static ::windrow::__private::Table = &::windrow::__private::broken(#table, #type_name);
            const PARENTS: &'static [::windrow::__private::ParentName] = &[];

            fn id(&self) -> ::windrow::Id<Self> {
                ::core::unimplemented!()
            }

            fn to_values(&self) -> ::core::result::Result<::std::vec::Vec<::windrow::__private::Value>, ::windrow::ValueError> {
                ::core::unimplemented!()
            }

            fn from_values(
                _: ::windrow::Id<Self>,
                _: ::std::vec::Vec<::windrow::__private::Value>,
            ) -> ::core::result::Result<Self, ::windrow::ValueError> {
                ::core::unimplemented!()
            }
        }
    }
}

pub(crate) fn variants(input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let name = &input.ident;
    let (generics, parameters, _) = input.generics.split_for_impl();
    quote! {
        #errors

        #[automatically_derived]
        impl #generics ::windrow::SyncableEnum for #name #parameters where #name #parameters: 'static {
            const VARIANTS: &'static [&'static str] = &[];
            const SQL_LIST: &'static str = "";

            fn as_text(&self) -> &'static str {
                ::core::unimplemented!()
            }

            fn from_text(_: &str) -> ::core::option::Option<Self> {
                ::core::unimplemented!()
            }
        }
    }
}
