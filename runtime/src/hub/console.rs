//! What people at the console see and say.

use windrow_protocol::change::Key;
use windrow_protocol::clock::{DeviceId, Seq, Stamp};
use windrow_protocol::log::About;
use windrow_protocol::model::FieldIx;
use windrow_protocol::told::Conflict;
use windrow_protocol::value::Value;

/// Open conflicts, a part of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflicts {
    /// By table, then by id. All of a record's stand together.
    pub open: Vec<OpenConflict>,
    /// After which record the others come; none: these are all.
    pub next: Option<Key>,
}

/// An open conflict of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenConflict {
    /// The record.
    pub record: Key,
    /// The conflict.
    pub conflict: Conflict,
}

/// What a reviewer decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The record.
    pub record: Key,
    /// Which of its conflicts.
    pub about: About,
    /// What the reviewer had seen: [`Conflict::seq`]. A candidate that came later keeps the conflict open.
    pub base: Seq,
    /// What is to become of it.
    pub verdict: Verdict,
    /// Who decides, as history is to say; none where nobody is known.
    pub by: Option<String>,
}

/// What is to become of a conflict.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// These fields hold these values. For conflicts about fields.
    Values(Vec<(FieldIx, Value)>),
    /// The record stays as it is. For conflicts about a delete or a unique value.
    Keep,
    /// The record is deleted. For conflicts about a delete or a unique value.
    Delete,
}

/// A line of a record's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The commit.
    pub seq: Seq,
    /// When the hub merged it, milliseconds since 1970, UTC.
    pub at: i64,
    /// Whose device sent it; 0 for the hub.
    pub device: DeviceId,
    /// When it was written, and by which origin.
    pub stamp: Stamp,
    /// What it was and what became of it.
    pub detail: serde_json::Value,
}
