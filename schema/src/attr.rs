//! The attributes of a struct and its fields, as written.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Expr, LitStr, Path, Token};

use crate::errors::Errors;
use crate::model::{Deletes, OnDelete, Strategy};
use crate::suggest;

/// Something that was said, and where.
pub(crate) struct Said<T> {
    pub(crate) what: T,
    pub(crate) at: TokenStream,
}

impl<T> Said<T> {
    fn new(what: T, at: impl ToTokens) -> Said<T> {
        Said { what, at: at.into_token_stream() }
    }
}

/// What stands on a struct.
#[derive(Default)]
pub(crate) struct StructAttrs {
    pub(crate) table: Option<LitStr>,
    pub(crate) deletes: Option<Said<Deletes>>,
    pub(crate) scope: Option<Said<()>>,
    pub(crate) merge: Option<Said<Strategy>>,
    pub(crate) was: Option<LitStr>,
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) rename: Option<LitStr>,
    pub(crate) json: Option<Said<()>>,
    pub(crate) merge: Option<Said<Strategy>>,
    pub(crate) parent: Option<ParentAttr>,
    /// A `#[parent]` that can't be read says all there is to say.
    pub(crate) bad_parent: bool,
    pub(crate) unique: Option<Said<()>>,
    pub(crate) index: Option<Said<()>>,
    pub(crate) was: Option<LitStr>,
    pub(crate) default: Option<Expr>,
}

/// `#[parent(T, on_delete = ...)]`.
pub(crate) struct ParentAttr {
    pub(crate) path: Path,
    pub(crate) on_delete: Option<Said<OnDelete>>,
    pub(crate) at: TokenStream,
}

const STRATEGIES: [(&str, Strategy); 5] = [
    ("lww", Strategy::Lww),
    ("sum", Strategy::Sum),
    ("max", Strategy::Max),
    ("min", Strategy::Min),
    ("review", Strategy::Review),
];
const DELETES: [(&str, Deletes); 3] = [("keep", Deletes::Keep), ("drop", Deletes::Drop), ("review", Deletes::Review)];
const ON_DELETE: [(&str, OnDelete); 3] =
    [("restrict", OnDelete::Restrict), ("cascade", OnDelete::Cascade), ("set_null", OnDelete::SetNull)];

impl Strategy {
    /// The word for it in an attribute.
    pub fn word(self) -> &'static str {
        written(&STRATEGIES, self)
    }

    /// What this word means.
    pub(crate) fn from_word(word: &str) -> Option<Strategy> {
        STRATEGIES.iter().find(|(name, _)| *name == word).map(|(_, what)| *what)
    }
}

impl Deletes {
    /// The word for it in an attribute.
    pub fn word(self) -> &'static str {
        written(&DELETES, self)
    }

    /// What this word means.
    pub(crate) fn from_word(word: &str) -> Option<Deletes> {
        DELETES.iter().find(|(name, _)| *name == word).map(|(_, what)| *what)
    }
}

impl OnDelete {
    /// The word for it in an attribute.
    pub fn word(self) -> &'static str {
        written(&ON_DELETE, self)
    }

    /// What this word means.
    pub(crate) fn from_word(word: &str) -> Option<OnDelete> {
        ON_DELETE.iter().find(|(name, _)| *name == word).map(|(_, what)| *what)
    }
}

/// The word that a table has for this.
fn written<T: PartialEq>(words: &[(&'static str, T)], what: T) -> &'static str {
    words.iter().find(|(_, said)| *said == what).map_or("", |(word, _)| word)
}

impl StructAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> StructAttrs {
        let mut read = StructAttrs::default();
        for attr in attrs {
            if attr.path().is_ident("syncable") {
                each(attr, errors, |meta, errors| read.syncable(meta, errors));
            } else if attr.path().is_ident("merge") {
                let merge = errors.take(merge(attr));
                once(&mut read.merge, merge, attr, errors);
            } else if let Some(name) = ["parent", "unique", "index"].iter().find(|n| attr.path().is_ident(n)) {
                errors.at(attr, format!("`#[{name}]` belongs on a field"));
            }
        }
        read
    }

    fn syncable(&mut self, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
        if meta.path.is_ident("table") {
            let table = Some(meta.value()?.parse()?);
            once(&mut self.table, table, &meta.path, errors);
        } else if meta.path.is_ident("deletes") {
            let deletes = Some(word(meta.value()?, &DELETES)?);
            once(&mut self.deletes, deletes, &meta.path, errors);
        } else if meta.path.is_ident("scope") {
            once(&mut self.scope, Some(Said::new((), &meta.path)), &meta.path, errors);
        } else if meta.path.is_ident("was") {
            let was = Some(meta.value()?.parse()?);
            once(&mut self.was, was, &meta.path, errors);
        } else {
            unknown(
                meta,
                &["table", "deletes", "scope", "was"],
                &[
                    ("rename", "a field: a struct's table is named by `table = \"...\"`"),
                    ("json", "a field"),
                    ("default", "a field"),
                ],
                errors,
            )?;
        }
        Ok(())
    }
}

impl FieldAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> FieldAttrs {
        let mut read = FieldAttrs::default();
        for attr in attrs {
            if attr.path().is_ident("syncable") {
                each(attr, errors, |meta, errors| read.syncable(meta, errors));
            } else if attr.path().is_ident("merge") {
                let merge = errors.take(merge(attr));
                once(&mut read.merge, merge, attr, errors);
            } else if attr.path().is_ident("parent") {
                let parent = errors.take(parent(attr));
                read.bad_parent |= parent.is_none();
                once(&mut read.parent, parent, attr, errors);
            } else if attr.path().is_ident("unique") {
                let unique = errors.take(attr.meta.require_path_only()).map(|p| Said::new((), p));
                once(&mut read.unique, unique, attr, errors);
            } else if attr.path().is_ident("index") {
                let index = errors.take(attr.meta.require_path_only()).map(|p| Said::new((), p));
                once(&mut read.index, index, attr, errors);
            }
        }
        read
    }

    fn syncable(&mut self, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
        if meta.path.is_ident("rename") {
            let rename = Some(meta.value()?.parse()?);
            once(&mut self.rename, rename, &meta.path, errors);
        } else if meta.path.is_ident("json") {
            once(&mut self.json, Some(Said::new((), &meta.path)), &meta.path, errors);
        } else if meta.path.is_ident("was") {
            let was = Some(meta.value()?.parse()?);
            once(&mut self.was, was, &meta.path, errors);
        } else if meta.path.is_ident("default") {
            let default = Some(meta.value()?.parse()?);
            once(&mut self.default, default, &meta.path, errors);
        } else {
            unknown(
                meta,
                &["rename", "json", "was", "default"],
                &[("table", "the struct"), ("deletes", "the struct"), ("scope", "the struct")],
                errors,
            )?;
        }
        Ok(())
    }

    /// Where anything at all was said, for a field that takes nothing.
    pub(crate) fn places(&self) -> Vec<TokenStream> {
        let rename = self.rename.as_ref().map(ToTokens::to_token_stream);
        let was = self.was.as_ref().map(ToTokens::to_token_stream);
        let default = self.default.as_ref().map(ToTokens::to_token_stream);
        let parent = self.parent.as_ref().map(|p| p.at.clone());
        let merge = self.merge.as_ref().map(|s| s.at.clone());
        let flags = [&self.json, &self.unique, &self.index].into_iter().flatten().map(|s| s.at.clone());
        [rename, was, default, parent, merge].into_iter().flatten().chain(flags).collect()
    }
}

/// The `rename` of an enum's variant.
pub(crate) fn variant_rename(attrs: &[Attribute], errors: &mut Errors) -> Option<LitStr> {
    let mut rename = None;
    for attr in attrs.iter().filter(|a| a.path().is_ident("syncable")) {
        each(attr, errors, |meta, errors| {
            if meta.path.is_ident("rename") {
                let value = Some(meta.value()?.parse()?);
                once(&mut rename, value, &meta.path, errors);
                return Ok(());
            }
            unknown(meta, &["rename"], &[], errors)
        });
    }
    rename
}

/// Reads a list of settings; a mistake in one doesn't hide the next.
fn each(
    attr: &Attribute,
    errors: &mut Errors,
    mut one: impl FnMut(&ParseNestedMeta<'_>, &mut Errors) -> syn::Result<()>,
) {
    let result = attr.parse_nested_meta(|meta| {
        if let Err(error) = one(&meta, errors) {
            errors.push(error);
            skip(meta.input)?;
        }
        Ok(())
    });
    errors.take(result);
}

fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Keeps what was said first and reports what was said again.
fn once<T>(slot: &mut Option<T>, said: Option<T>, at: impl ToTokens, errors: &mut Errors) {
    match (slot.is_some(), said) {
        (true, _) => errors.at(at, "said twice: keep one"),
        (false, said) => *slot = said,
    }
}

fn unknown(
    meta: &ParseNestedMeta<'_>,
    here: &[&str],
    elsewhere: &[(&str, &str)],
    errors: &mut Errors,
) -> syn::Result<()> {
    let written = meta.path.to_token_stream().to_string();
    match elsewhere.iter().find(|(name, _)| *name == written) {
        Some((name, place)) => errors.at(&meta.path, format!("`{name}` belongs on {place}")),
        None => errors.at(&meta.path, format!("unknown setting `{written}`: {}", suggest::among(&written, here))),
    }
    skip(meta.input)
}

/// One word of a table.
fn word<T: Copy>(input: ParseStream<'_>, words: &[(&str, T)]) -> syn::Result<Said<T>> {
    let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        let hint = suggest::among(&text.value(), &names);
        return Err(syn::Error::new(text.span(), format!("a word without quotes is expected here: {hint}")));
    }
    let ident: Ident = input.parse()?;
    match words.iter().find(|(name, _)| ident == name) {
        Some((_, what)) => Ok(Said::new(*what, &ident)),
        None => Err(syn::Error::new(
            ident.span(),
            format!("unknown word `{ident}`: {}", suggest::among(&ident.to_string(), &names)),
        )),
    }
}

fn merge(attr: &Attribute) -> syn::Result<Said<Strategy>> {
    if matches!(attr.meta, syn::Meta::Path(_)) {
        return Err(syn::Error::new_spanned(attr, "say how: `#[merge(lww)]`, `sum`, `max`, `min` or `review`"));
    }
    attr.parse_args_with(|input: ParseStream<'_>| word(input, &STRATEGIES))
}

fn parent(attr: &Attribute) -> syn::Result<ParentAttr> {
    let named = matches!(&attr.meta, syn::Meta::List(list) if !list.tokens.is_empty());
    if !named {
        return Err(syn::Error::new_spanned(attr, "name the struct that is the parent: `#[parent(Farm)]`"));
    }
    let (path, on_delete) = attr.parse_args_with(parent_settings)?;
    Ok(ParentAttr { path, on_delete, at: attr.to_token_stream() })
}

fn parent_settings(input: ParseStream<'_>) -> syn::Result<(Path, Option<Said<OnDelete>>)> {
    let path = input.call(Path::parse_mod_style)?;
    let mut on_delete = None;
    while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
        let key: Ident = input.parse()?;
        if key != "on_delete" {
            let hint = suggest::among(&key.to_string(), &["on_delete"]);
            return Err(syn::Error::new(key.span(), format!("unknown setting `{key}`: {hint}")));
        }
        input.parse::<Token![=]>()?;
        on_delete = Some(word(input, &ON_DELETE)?);
    }
    Ok((path, on_delete))
}
