//! `domain!`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Path, Token, Visibility, bracketed};

/// `pub SURVEY = [Farm, Plot]`.
pub(crate) struct Domain {
    attrs: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    structs: Punctuated<Path, Token![,]>,
}

impl Parse for Domain {
    fn parse(input: ParseStream<'_>) -> syn::Result<Domain> {
        let (attrs, visibility) = (input.call(Attribute::parse_outer)?, input.parse()?);
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let list;
        let brackets = bracketed!(list in input);
        let structs = list.call(Punctuated::<Path, Token![,]>::parse_terminated)?;
        if structs.is_empty() {
            return Err(syn::Error::new(brackets.span.join(), "name the structs that are synced: `[Farm, Plot]`"));
        }
        Ok(Domain { attrs, visibility, name, structs })
    }
}

pub(crate) fn expand(domain: &Domain) -> TokenStream {
    let Domain { attrs, visibility, name, structs } = domain;
    let (text, count) = (name.to_string(), structs.len());
    let entries = structs.iter().map(entry);
    let checks = structs.iter().enumerate().map(|(at, path)| check(path, at));
    quote! {
        #(#attrs)*
        #visibility static #name: ::windrow::Domain = {
            const ENTRIES: [::windrow::__private::Entry; #count] = [#(#entries),*];
            #(#checks)*
            const TABLES: [&'static ::windrow::__private::Table; #count] = ::windrow::__private::sorted(&ENTRIES);
            ::windrow::Domain { name: #text, tables: &TABLES }
        };
    }
}

fn entry(path: &Path) -> TokenStream {
    quote_spanned! {path.span()=>
        ::windrow::__private::Entry {
            table: <#path as ::windrow::Syncable>::TABLE,
            parents: <#path as ::windrow::Syncable>::PARENTS,
        }
    }
}

/// The compiler shows a failed check where its tokens come from: at the struct's name.
fn check(path: &Path, at: usize) -> TokenStream {
    quote_spanned! {path.span()=>
        const _: () = ::windrow::__private::check(&ENTRIES, #at);
    }
}
