//! Payloads as this hub reads and writes them: whose ids are made whole, which pages fit.

use super::records;
use super::tables::Tables;
use crate::hub::error::HubError;
use rusqlite::Connection;
use windrow_protocol::change::Changeset;
use windrow_protocol::codec::{self, DecodeError, Encoded, Limits};
use windrow_protocol::message::{Problem, ProblemKind};
use windrow_protocol::versions::Version;

/// A payload read, in the words of the version that it names, its ids as they were sent.
pub(super) struct Received<'a> {
    pub(super) version: &'a Version,
    encoded: Encoded<Changeset>,
}

/// The version that a payload names.
///
/// # Errors
/// Bytes that are no payload, or of a format or a version that this hub does not know.
pub(super) fn version<'a>(tables: &'a Tables, payload: &[u8]) -> Result<&'a Version, Problem> {
    tables.version(codec::changeset_schema(payload).map_err(problem)?)
}

/// The changeset of a payload.
///
/// # Errors
/// As [`version`].
pub(super) fn decode<'a>(tables: &'a Tables, payload: &[u8]) -> Result<Received<'a>, Problem> {
    let version = version(tables, payload)?;
    let encoded = codec::decode_changeset(version.schema(), payload, &Limits::default()).map_err(problem)?;
    Ok(Received { version, encoded })
}

impl Received<'_> {
    /// The changeset, its shortened ids filled up with zeros.
    pub(super) fn unresolved(&self) -> &Changeset {
        self.encoded.unresolved()
    }

    /// The changeset in the last version's words, with whole ids; none where the sender must send them whole.
    pub(super) fn resolve(self, c: &Connection, tables: &Tables) -> Result<Option<Changeset>, HubError> {
        let mut failed = None;
        let resolved = self.encoded.resolve(|table, low, high| {
            let found = match self.version.table(table) {
                Some(table) => records::only_between(c, tables, table, (low, high)),
                None => Ok(None),
            };
            found.unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        failed.map_or(Ok(resolved.ok().map(|changeset| self.version.changeset(changeset))), Err)
    }
}

fn problem(error: DecodeError) -> Problem {
    let kind = match error {
        DecodeError::Format { .. } | DecodeError::Schema { .. } => ProblemKind::UnknownVersion,
        DecodeError::TooLarge(_) => ProblemKind::TooLarge,
        DecodeError::Magic(_) | DecodeError::Truncated(_) | DecodeError::Malformed(..) => ProblemKind::Malformed,
    };
    Problem::new(kind, format!("The changeset can't be read: {error}."))
}
