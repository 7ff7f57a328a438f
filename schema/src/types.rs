//! Which Rust types a field can have, and what each is in SQL.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ExprLit, GenericArgument, Lit, Path, PathArguments, PathSegment, Type};

use crate::model::Kind;

/// A field's type, understood.
pub(crate) struct Understood {
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    /// Of an `Id<T>`, the `T`.
    pub(crate) target: Option<Path>,
}

/// Understands a field's type; with `json` any type will do.
pub(crate) fn understand(ty: &Type, json: bool) -> syn::Result<Understood> {
    let (inner, nullable) = match option(ty) {
        Some(inner) => (inner, true),
        None => (ty, false),
    };
    if json {
        return Ok(Understood { kind: Kind::Json, nullable, target: None });
    }
    if nullable && option(inner).is_some() {
        return Err(syn::Error::new_spanned(ty, "NULL in SQL has one level: use one `Option`"));
    }
    let (kind, target) = scalar(inner)?;
    Ok(Understood { kind, nullable, target })
}

/// The `T` of an `Id<T>`.
pub(crate) fn id_target(ty: &Type) -> Option<&Path> {
    let segment = last(ty)?;
    if segment.ident != "Id" {
        return None;
    }
    path_of(only_argument(segment)?)
}

fn scalar(ty: &Type) -> syn::Result<(Kind, Option<Path>)> {
    let Some(segment) = last(ty) else {
        return Err(needs_json(ty));
    };
    match &segment.arguments {
        PathArguments::None => Ok((plain(ty, &segment.ident)?, None)),
        _ => generic(ty, segment),
    }
}

fn plain(ty: &Type, name: &Ident) -> syn::Result<Kind> {
    let error = |message: &str| Err(syn::Error::new_spanned(ty, message));
    Ok(match name.to_string().as_str() {
        "bool" => Kind::Bool,
        "i8" => integer(i8::MIN, i8::MAX),
        "i16" => integer(i16::MIN, i16::MAX),
        "i32" => integer(i32::MIN, i32::MAX),
        "i64" => integer(i64::MIN, i64::MAX),
        "u8" => integer(u8::MIN, u8::MAX),
        "u16" => integer(u16::MIN, u16::MAX),
        "u32" => integer(u32::MIN, u32::MAX),
        "f64" => Kind::Real,
        "String" => Kind::Text,
        "Timestamp" => Kind::Timestamp,
        "Date" => Kind::Date,
        "u64" | "u128" | "i128" => return error("SQLite's integers have 64 bits and a sign: use `i64` or `u32`"),
        "usize" | "isize" => return error("its range differs between machines: use `i64` or `u32`"),
        "f32" => return error("SQLite's reals are doubles: use `f64`"),
        "char" | "str" => return error("text is stored from a `String`: use `String`"),
        "Id" => return error("say whose id it is: `Id<T>`"),
        "Decimal" => return error("say how many digits follow the point: `Decimal<2>`"),
        "Vec" => return error("say of what: `Vec<u8>`, or another `Vec` with `#[syncable(json)]`"),
        _ => return named(ty),
    })
}

/// A type that only the compiler knows is taken for an enum; its trait says so if it is none.
fn named(ty: &Type) -> syn::Result<Kind> {
    path_of(ty).cloned().map(Kind::Enum).ok_or_else(|| needs_json(ty))
}

fn generic(ty: &Type, segment: &PathSegment) -> syn::Result<(Kind, Option<Path>)> {
    let argument = only_argument(segment);
    match segment.ident.to_string().as_str() {
        "Id" => match argument.and_then(path_of) {
            Some(target) => Ok((Kind::Id, Some(target.clone()))),
            None => Err(syn::Error::new_spanned(ty, "say whose id it is: `Id<T>`")),
        },
        "Vec" if argument.and_then(last).is_some_and(|s| s.ident == "u8") => Ok((Kind::Blob, None)),
        "Decimal" => Ok((Kind::Decimal(places(ty, segment)?), None)),
        _ => Err(needs_json(ty)),
    }
}

fn places(ty: &Type, segment: &PathSegment) -> syn::Result<u8> {
    let message = "say how many digits follow the point, as a number up to 18: `Decimal<2>`";
    let literal = arguments(segment).next().and_then(|argument| match argument {
        GenericArgument::Const(Expr::Lit(ExprLit { lit: Lit::Int(n), .. })) => n.base10_parse::<u8>().ok(),
        _ => None,
    });
    literal.filter(|n| *n <= 18).ok_or_else(|| syn::Error::new_spanned(ty, message))
}

fn needs_json(ty: &Type) -> syn::Error {
    let written = compact(&ty.to_token_stream().to_string());
    let message = format!(
        "`{written}` has no column type: store it as JSON with `#[syncable(json)]`, or use one of bool, i8 to i64, u8 to u32, f64, String, Vec<u8>, Id<T>, Timestamp, Date, Decimal<N>, or an enum"
    );
    syn::Error::new_spanned(ty, message)
}

/// Tokens print with spaces between them; people write fewer.
fn compact(tokens: &str) -> String {
    let mut text = String::new();
    for word in tokens.split(' ') {
        let apart = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let comma = text.ends_with([',', ';']);
        if comma || apart(text.chars().last()) && apart(word.chars().next()) {
            text.push(' ');
        }
        text += word;
    }
    text
}

fn integer(min: impl Into<i64>, max: impl Into<i64>) -> Kind {
    Kind::Integer { min: min.into(), max: max.into() }
}

/// The `T` of an `Option<T>`.
fn option(ty: &Type) -> Option<&Type> {
    last(ty).filter(|s| s.ident == "Option").and_then(only_argument)
}

fn only_argument(segment: &PathSegment) -> Option<&Type> {
    match arguments(segment).next() {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &GenericArgument> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten()
}

fn last(ty: &Type) -> Option<&PathSegment> {
    path_of(ty)?.segments.last()
}

/// The path of a type, through the invisible groups that macros leave.
fn path_of(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Path(path) if path.qself.is_none() => Some(&path.path),
        Type::Group(group) => path_of(&group.elem),
        Type::Paren(paren) => path_of(&paren.elem),
        _ => None,
    }
}
