//! `#[derive(SyncableEnum)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;
use windrow_schema::Variants;

use crate::fallback;

pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    match Variants::read(input) {
        Ok(variants) => implementation(&variants),
        Err(errors) => fallback::variants(input, &errors),
    }
}

fn implementation(variants: &Variants) -> TokenStream {
    let (name, list) = (variants.name(), variants.sql_list());
    let names: Vec<_> = variants.all().iter().map(|v| v.name()).collect();
    let texts: Vec<_> = variants.all().iter().map(|v| v.text()).collect();
    quote! {
        #[automatically_derived]
        impl ::windrow::SyncableEnum for #name {
            const VARIANTS: &'static [&'static str] = &[#(#texts),*];
            const SQL_LIST: &'static str = #list;

            fn as_text(&self) -> &'static str {
                match self {
                    #(#name::#names => #texts,)*
                }
            }

            fn from_text(text: &str) -> ::core::option::Option<Self> {
                match text {
                    #(#texts => ::core::option::Option::Some(#name::#names),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}
