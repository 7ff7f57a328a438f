//! Who is turned away, and what can go wrong with a registry.

use super::Whom;
use crate::hub::HubError;
use std::path::PathBuf;
use std::sync::Arc;
use windrow_protocol::message::{Problem, ProblemKind};

/// Why somebody is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// A code that was never given, is used, or has expired: which of these is nobody's business.
    #[error("the code is wrong, was used, or has expired; ask for a new one")]
    Code,
    /// A device that another user has enrolled, without that user's token.
    #[error("another user has enrolled this device; enrol where its token is, or have the device revoked first")]
    Taken,
    /// No token, or one that the hub never gave.
    #[error("the hub does not know this device; enrol it with a code")]
    Unknown,
    /// A token that was revoked, or replaced when the device enrolled again.
    #[error(
        "this device's token was revoked; what it has not sent stays on it, and it can enrol again with a new code"
    )]
    Ended,
    /// A user whose role is not enough.
    #[error("this user's role does not allow that")]
    Role,
    /// A request in another device's name.
    #[error("this request speaks for another device than its token was given to")]
    Device,
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        let kind = match denied {
            Denied::Code | Denied::Unknown => ProblemKind::Unauthenticated,
            Denied::Ended => ProblemKind::Revoked,
            Denied::Taken | Denied::Role | Denied::Device => ProblemKind::Forbidden,
        };
        let sentence = denied.to_string();
        let (first, rest) = sentence.split_at(1);
        Problem::new(kind, format!("{}{rest}.", first.to_uppercase()))
    }
}

impl From<Denied> for HubError {
    fn from(denied: Denied) -> HubError {
        HubError::Problem(denied.into())
    }
}

/// What can go wrong with a registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Somebody is turned away.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The hub's file can't be opened.
    #[error("the hub's database {path} can't be opened: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A database with other things in it.
    #[error("{path} is not a Windrow hub's database; name a hub's file, or one that does not exist yet")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The list of what has ended can't be read or written. Without it a hub must not serve.
    #[error("{path}, which lists what the hub must not accept again, {what}")]
    Ended {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The key that opens bundles can't be had.
    #[error("the key that opens bundles: {0}")]
    Key(String),
    /// A name that no user can have.
    #[error("{0:?} is no name of a user; take 1 to 100 bytes that can be printed, and not 16 hexadecimal digits")]
    Name(String),
    /// Nobody of that name, no such device.
    #[error("there is no {}", who(.0))]
    Nobody(Whom),
    /// The database fails.
    #[error("the hub's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// No random numbers can be had, or an unsafe SQLite.
    #[error("the operating system refused: {0}")]
    System(String),
}

fn who(whom: &Whom) -> String {
    match whom {
        Whom::Device(device) => format!("device {} that is enrolled", device.hex()),
        Whom::User(name) => format!("user {name:?}"),
    }
}

impl From<RegistryError> for HubError {
    fn from(error: RegistryError) -> HubError {
        match error {
            RegistryError::Denied(denied) => denied.into(),
            RegistryError::Database(error) => error.into(),
            other => HubError::Storage(Arc::new(other)),
        }
    }
}
