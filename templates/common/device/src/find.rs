//! What was said on the command line, as records and values.

use std::error::Error;
use windrow::{Record, Store, Syncable, SyncableEnum};

/// The record whose column holds this text.
pub fn one<T: Syncable>(
    store: &Store,
    column: &str,
    text: &str,
) -> Result<Record<T>, Box<dyn Error>> {
    let mut found = store.query::<T>(&format!("WHERE {column} = ?1"), [text])?;
    match found.len() {
        0 => Err(format!("there is no {} with the {column} {text:?} here", T::NAME).into()),
        1 => Ok(found.remove(0)),
        many => Err(format!("{many} have the {column} {text:?}: give them other ones").into()),
    }
}

/// The variant that has this text.
pub fn variant<T: SyncableEnum>(text: &str) -> Result<T, String> {
    T::from_text(text).ok_or_else(|| format!("one of {}", T::VARIANTS.join(", ")))
}

/// A value, or nothing where there is none.
pub fn shown<T: ToString>(value: &Option<T>) -> String {
    value
        .as_ref()
        .map_or_else(|| "-".to_owned(), ToString::to_string)
}
