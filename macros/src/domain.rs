//! `domain!`.

use crate::past::{self, Past};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::path::Path as File;
use syn::Path;
use syn::spanned::Spanned;
use windrow_schema::List;

/// `crate_folder`: where the nearest `windrow.lock` is looked for.
pub(crate) fn expand(list: &List, crate_folder: &File) -> TokenStream {
    let List { attrs, visibility, name, structs } = list;
    let (text, count) = (name.to_string(), structs.len());
    let entries = structs.iter().map(entry);
    let checks = structs.iter().enumerate().map(|(at, path)| check(path, at));
    let Locked { error, tables, checks: agreed, earlier } = locked(list, crate_folder);
    quote! {
        #error
        #(#attrs)*
        #visibility static #name: ::windrow::Domain = {
            const ENTRIES: [::windrow::__private::Entry; #count] = [#(#entries),*];
            #(#checks)*
            #agreed
            const TABLES: [&'static ::windrow::__private::Table; #count] = #tables;
            ::windrow::Domain { name: #text, tables: &TABLES, earlier: #earlier }
        };
    }
}

/// What a lock adds to a domain.
struct Locked {
    error: TokenStream,
    /// The tables in their order.
    tables: TokenStream,
    checks: TokenStream,
    earlier: TokenStream,
}

fn locked(list: &List, crate_folder: &File) -> Locked {
    let unlocked = |error| Locked {
        error,
        tables: quote!(::windrow::__private::sorted(&ENTRIES)),
        checks: TokenStream::new(),
        earlier: quote!(&[]),
    };
    let past = past::find(&list.name.to_string(), crate_folder);
    let read = past.and_then(|past| past.map(|past| past.earlier().map(|earlier| (past, earlier))).transpose());
    match read {
        Ok(None) => unlocked(TokenStream::new()),
        Ok(Some((past, earlier))) => {
            let tables = quote!(::windrow::__private::in_order(&ENTRIES, LAST));
            Locked { error: TokenStream::new(), tables, checks: agreed(list, &past), earlier }
        }
        Err(why) => unlocked(syn::Error::new(list.name.span(), why).to_compile_error()),
    }
}

/// Structs and lock must say the same, or devices would speak a version that no hub knows.
fn agreed(list: &List, past: &Past) -> TokenStream {
    let (number, last) = past.last();
    let structs = list.structs.iter().enumerate().map(|(at, path)| {
        quote_spanned!(path.span()=> const _: () = ::windrow::__private::as_locked(&ENTRIES, #at, LAST, #number);)
    });
    let whole = quote_spanned! {list.name.span()=>
        const _: () = ::windrow::__private::all_locked(&ENTRIES, LAST, #number);
    };
    quote! {
        const LAST: &[::windrow::__private::model::Table] = #last;
        #(#structs)*
        #whole
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
