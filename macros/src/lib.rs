//! `#[derive(Syncable)]`, `#[derive(SyncableEnum)]` and `domain!`. Thin: `windrow-schema` reads, checks and writes SQL.

mod domain;
mod fallback;
mod model;
mod past;
mod sql;
mod syncable;
#[cfg(test)]
mod tests;
mod variants;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct one whose records are stored, merged and synced.
///
/// The struct has a field `id: Id<Self>` and at least one more. Its table is named in snake case.
///
/// On the struct:
/// - `#[syncable(table = "...")]`: another name for the table.
/// - `#[syncable(deletes = keep | drop | review)]`: what becomes of a delete that races an unseen edit (default `keep`).
/// - `#[syncable(scope)]`: its records root a scope.
/// - `#[merge(lww | review)]`: the record is won or lost as a whole.
///
/// On a field:
/// - `#[merge(lww | sum | max | min | review)]`: how concurrent writes merge (default `lww`).
/// - `#[parent(T, on_delete = restrict | cascade | set_null)]`: a reference (default `restrict`).
/// - `#[unique]`: two records must not share a value. `#[index]`: looked up often.
/// - `#[syncable(rename = "...")]`: another name for the column. `#[syncable(json)]`: any serde type, stored as JSON.
#[proc_macro_derive(Syncable, attributes(syncable, merge, parent, unique, index))]
pub fn syncable(input: TokenStream) -> TokenStream {
    syncable::expand(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum of unit variants one that a field can hold. A variant is stored as its name in snake case, or as
/// `#[syncable(rename = "...")]` says.
#[proc_macro_derive(SyncableEnum, attributes(syncable))]
pub fn syncable_enum(input: TokenStream) -> TokenStream {
    variants::expand(&parse_macro_input!(input as DeriveInput)).into()
}

/// Declares a domain: the structs that are synced together.
///
/// `domain!(pub SURVEY = [Farm, Plot]);` makes `pub static SURVEY: Domain`. A parent that is missing, a cycle, and two
/// structs with one table are compile errors.
///
/// Where a `windrow.lock` of this domain stands beside the crate's `Cargo.toml`, or in a folder above, the domain knows its
/// earlier versions, and has the SQL that leads from each to the next in it. Structs that are not as the lock's last version
/// has them are compile errors: run `windrow migrate`.
#[proc_macro]
pub fn domain(input: TokenStream) -> TokenStream {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    domain::expand(&parse_macro_input!(input as windrow_schema::List), folder.as_ref()).into()
}
