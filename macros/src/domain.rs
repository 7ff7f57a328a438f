//! `domain!`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;
use windrow_schema::List;

pub(crate) fn expand(list: &List) -> TokenStream {
    let List { attrs, visibility, name, structs } = list;
    let (text, count) = (name.to_string(), structs.len());
    let entries = structs.iter().map(entry);
    let checks = structs.iter().enumerate().map(|(at, path)| check(path, at));
    quote! {
        #(#attrs)*
        #visibility static #name: ::windrow::Domain = {
            const ENTRIES: [::windrow::__private::Entry; #count] = [#(#entries),*];
            #(#checks)*
            const TABLES: [&'static ::windrow::__private::Table; #count] = ::windrow::__private::sorted(&ENTRIES);
            ::windrow::Domain { name: #text, tables: &TABLES, earlier: &[] }
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
