//! The list of structs that `domain!` takes.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Path, Token, Visibility, bracketed};

/// `pub SURVEY = [Farm, Plot]`: what stands in `domain!`.
pub struct List {
    /// Its documentation, and other attributes.
    pub attrs: Vec<Attribute>,
    /// Who sees it.
    pub visibility: Visibility,
    /// Its name.
    pub name: Ident,
    /// The structs that are synced, at least one.
    pub structs: Punctuated<Path, Token![,]>,
}

impl Parse for List {
    fn parse(input: ParseStream<'_>) -> syn::Result<List> {
        let (attrs, visibility) = (input.call(Attribute::parse_outer)?, input.parse()?);
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let list;
        let brackets = bracketed!(list in input);
        let structs = list.call(Punctuated::<Path, Token![,]>::parse_terminated)?;
        if structs.is_empty() {
            return Err(syn::Error::new(brackets.span.join(), "name the structs that are synced: `[Farm, Plot]`"));
        }
        Ok(List { attrs, visibility, name, structs })
    }
}
