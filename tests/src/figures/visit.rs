//! The table of the figures.

use serde::Serialize;
use windrow::{Id, Syncable};
use windrow_protocol::model::{Schema, SchemaError};

/// A visit to a field: a wide record, most of it text, with no references to others.
#[derive(Debug, Clone, PartialEq, Serialize, Syncable)]
pub struct Visit {
    /// Its id.
    pub id: Id<Visit>,
    /// The farm's code.
    pub farm_id: String,
    /// Who was there.
    pub worker: String,
    /// What grows there.
    pub crop: String,
    /// What they saw and did.
    pub notes: String,
    /// The harvest in kilograms.
    pub yield_kg: f64,
    /// The harvest in bags.
    #[merge(sum)]
    pub bags: i64,
    /// How far the report has come.
    pub status: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// When they were there, in milliseconds since 1970.
    pub recorded_at: i64,
    /// When the report was written, in milliseconds since 1970.
    pub updated_at: i64,
}

windrow::domain!(
    /// The domain of the figures.
    pub FIGURES = [Visit]
);

/// What the domain is on the wire.
///
/// # Errors
/// None: the domain is sound; the signature is the schema's.
pub fn schema() -> Result<Schema, SchemaError> {
    Schema::new(FIGURES.tables.iter().map(|table| table.model).collect())
}

/// The full JSON of records: one object a line.
///
/// # Errors
/// None: a visit always has JSON; the signature is the serialiser's.
pub fn json<'a>(visits: impl IntoIterator<Item = &'a Visit>) -> serde_json::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for visit in visits {
        serde_json::to_writer(&mut lines, visit)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
