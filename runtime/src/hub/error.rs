//! What can go wrong at a hub, apart by whose fault it is.

use crate::sqlite::UnsafeSqlite;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use windrow_protocol::message::{Problem, ProblemKind};

/// Why a hub could not answer a request.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HubError {
    /// The request's fault, or its past's: an answer of its own.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// More waits for the hub than it takes on.
    #[error("the hub is busy")]
    Busy,
    /// The database failed.
    #[error("the hub's database failed: {0}")]
    Storage(Arc<dyn Error + Send + Sync>),
    /// The database holds what no hub wrote.
    #[error("the hub's database is damaged: {0}")]
    Damaged(String),
    /// Another program has migrated the database since this one opened it.
    #[error(
        "another program has made the hub's database one of version {found}, and this one knows version {known}; stop this one"
    )]
    Outdated {
        /// The file's version.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// The hub is shutting down, or one of its threads is gone.
    #[error("the hub has stopped")]
    Stopped,
    /// A defect of this program.
    #[error("a defect in Windrow: {0}")]
    Defect(String),
}

impl HubError {
    /// What a device or the console is told. It names no table, path or value of the hub's own.
    pub fn into_problem(self) -> Problem {
        match self {
            HubError::Problem(problem) => problem,
            HubError::Busy => Problem::new(ProblemKind::Busy, "Too many requests wait; try again in a moment."),
            HubError::Stopped | HubError::Outdated { .. } => {
                Problem::new(ProblemKind::Busy, "The hub is shutting down; try again in a moment.")
            }
            HubError::Storage(_) | HubError::Damaged(_) | HubError::Defect(_) => {
                Problem::new(ProblemKind::Internal, "Nothing of this request was applied. The hub's log says more.")
            }
        }
    }
}

impl From<rusqlite::Error> for HubError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => HubError::Busy,
            _ => HubError::Storage(Arc::new(error)),
        }
    }
}

impl From<std::str::Utf8Error> for HubError {
    fn from(_: std::str::Utf8Error) -> Self {
        HubError::Damaged("text that is not UTF-8".into())
    }
}

impl From<windrow_protocol::record::PackError> for HubError {
    fn from(error: windrow_protocol::record::PackError) -> Self {
        HubError::Damaged(error.to_string())
    }
}

/// Why a hub's database can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite that is linked in.
    #[error(transparent)]
    Sqlite(#[from] UnsafeSqlite),
    /// The file, or SQLite.
    #[error("the hub's database {path} can't be opened: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A database with other things in it.
    #[error("{path} is not a Windrow hub's database; name a file that does not exist yet, and it will be made")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A hub of another domain, or of one that was changed without `windrow migrate`.
    #[error(
        "{hub} was made for another domain than {domain} is, or this one changed without a migration: open it with the \
         program that made it, and let `windrow migrate` note each change of the structs"
    )]
    OtherSchema {
        /// Which hub.
        hub: String,
        /// The domain's name.
        domain: &'static str,
    },
    /// A hub of a later version of the domain.
    #[error(
        "{path} is of version {found} of {domain}, and this program knows versions up to {known}; update the program"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The domain's name.
        domain: &'static str,
        /// Its version.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// A migration that the file does not take. It is as it was.
    #[error(
        "{path} can't become version {version} of the domain, `{name}`: {source}. If another program has changed its \
         tables, undo that"
    )]
    Migration {
        /// Which file.
        path: PathBuf,
        /// The version that it was to become.
        version: u32,
        /// The migration.
        name: &'static str,
        /// What is against it.
        source: HubError,
    },
    /// Tables that make no domain.
    #[error("the domain {domain}: {source}")]
    Domain {
        /// The domain's name.
        domain: &'static str,
        /// What is wrong.
        source: windrow_protocol::model::SchemaError,
    },
    /// A thread could not be started, or no random numbers be had.
    #[error("the operating system refused: {0}")]
    System(String),
}
