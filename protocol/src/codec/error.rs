//! Why bytes are no changeset, or no page.

use crate::model::{FieldIx, TableIx};

/// Why bytes can't be decoded. Nothing of the input was taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They don't begin like this kind of message.
    #[error("these bytes are not a Windrow {0}")]
    Magic(&'static str),
    /// They are of a format that this side does not read.
    #[error("a {message} of format {found}, but only formats up to {known} can be read here", known = super::FORMAT)]
    Format {
        /// What was being read.
        message: &'static str,
        /// Its format.
        found: u8,
    },
    /// They were written for another schema.
    #[error("written for schema {}, read with schema {}", hex(.named), hex(.ours))]
    Schema {
        /// The digest that they name.
        named: [u8; 8],
        /// The digest of the schema they were read with.
        ours: [u8; 8],
    },
    /// They end before what they announce.
    #[error("{0}: the bytes end too early")]
    Truncated(Part),
    /// They would take more memory than [`super::Limits`] allows.
    #[error("{0}: larger than allowed")]
    TooLarge(Part),
    /// They break a rule of the format.
    #[error("{0}: {1}")]
    Malformed(Part, &'static str),
}

/// Where in a message something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What stands before the compressed part.
    Head,
    /// The compressed part as a whole.
    Body,
    /// What the records of a group have in common.
    Shape,
    /// The ids of a group.
    Ids,
    /// Its stamps and bases.
    Stamps,
    /// Its decisions about conflicts.
    Resolves,
    /// Its open conflicts.
    Conflicts,
    /// The values of one field.
    Column(TableIx, FieldIx),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Head => f.write_str("head"),
            Part::Body => f.write_str("body"),
            Part::Shape => f.write_str("shape of a group"),
            Part::Ids => f.write_str("ids"),
            Part::Stamps => f.write_str("stamps"),
            Part::Resolves => f.write_str("resolves"),
            Part::Conflicts => f.write_str("conflicts"),
            Part::Column(table, field) => write!(f, "table {table}, field {field}"),
        }
    }
}

fn hex(bytes: &[u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(*bytes))
}
