//! Payloads as this hub reads and writes them: whose ids are made whole, which pages fit.

use super::records;
use super::tables::Tables;
use crate::hub::error::HubError;
use rusqlite::Connection;
use windrow_protocol::change::Changeset;
use windrow_protocol::codec::{self, DecodeError, Encoded, Limits};
use windrow_protocol::message::{Problem, ProblemKind};

/// The changeset of a payload, its ids as they were sent.
///
/// # Errors
/// Bytes that are none, or of another version or schema.
pub(super) fn decode(tables: &Tables, payload: &[u8]) -> Result<Encoded<Changeset>, Problem> {
    codec::decode_changeset(&tables.schema, payload, &Limits::default()).map_err(problem)
}

/// The changeset with whole ids; none where the sender must send them whole.
pub(super) fn resolve(
    c: &Connection,
    tables: &Tables,
    encoded: Encoded<Changeset>,
) -> Result<Option<Changeset>, HubError> {
    let mut failed = None;
    let resolved = encoded.resolve(|table, low, high| {
        let found = records::only_between(c, tables, table, (low, high));
        found.unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    failed.map_or(Ok(resolved.ok()), Err)
}

fn problem(error: DecodeError) -> Problem {
    let kind = match error {
        DecodeError::Format { .. } | DecodeError::Schema { .. } => ProblemKind::UnknownVersion,
        DecodeError::TooLarge(_) => ProblemKind::TooLarge,
        DecodeError::Magic(_) | DecodeError::Truncated(_) | DecodeError::Malformed(..) => ProblemKind::Malformed,
    };
    Problem::new(kind, format!("The changeset can't be read: {error}."))
}
