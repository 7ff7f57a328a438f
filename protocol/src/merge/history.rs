//! What the hub's history keeps: every incoming change with what became of it, and what followed from it.

use crate::change::{End, Key, What};
use crate::clock::{DeviceId, Stamp};
use crate::value::Value;
use serde::Serialize;

/// One line of history, about one record.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The record.
    pub key: Key,
    /// Who sent it; 0 for the hub.
    pub device: DeviceId,
    /// When it was written, and by which origin.
    pub stamp: Stamp,
    /// What it was.
    pub detail: Detail,
}

/// What a line of history says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// A net change that came in.
    Change {
        /// Whether it began with an insert.
        born: bool,
        /// How it left the record.
        end: End,
        /// Whether its delete was accepted; none where it had none.
        #[serde(skip_serializing_if = "Option::is_none")]
        delete: Option<Outcome>,
        /// Its writes: the field, what was written, what became of it.
        writes: Vec<(&'static str, Written, Outcome)>,
        /// Its decisions: the field or fields, and the chosen values.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        resolves: Vec<Vec<(&'static str, Value)>>,
    },
    /// What the hub derived.
    Notice(Notice),
}

/// What was written to a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// A value.
    Set(Value),
    /// A difference.
    Add(i128),
}

impl From<What> for Written {
    fn from(what: What) -> Self {
        match what {
            What::Set(value) => Written::Set(value),
            What::Add(delta) => Written::Add(delta),
        }
    }
}

/// What became of a part of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It stands.
    Accepted,
    /// It counts, together with others.
    Merged,
    /// A later write, or a better one, stands instead.
    Superseded,
    /// It stands beside others until somebody decides.
    Conflict,
    /// It did not happen: an edit that its author had not seen, or a record that needs this one.
    Refused,
}

/// What followed from a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A delete was undone: a record that lives needs this one.
    Needed,
    /// It went with a parent; its content stays in history.
    WentWithParent,
    /// It came back with a parent.
    CameBackWithParent,
    /// An edit that its deleter had not seen brought it back.
    UndoneByEdit,
    /// It stays dead; the edit is here.
    EditOfDeleted,
    /// A reference shows NULL: its target died.
    ReferenceEmptied,
    /// A reference shows its target again.
    ReferenceRestored,
    /// Another record has the same value of a unique field.
    Clash,
    /// The hub had lost it; a device still had it.
    BroughtBack,
}
