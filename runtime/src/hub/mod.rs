//! The hub: where the devices' changesets are merged, and what they pull from.
//!
//! [`HubStore`] is what a database must do to be a hub's; [`SqliteHub`] does it on SQLite. All merging is in
//! `windrow-protocol`: a store loads record states, has them merged, and saves them, in one transaction a commit.

mod blocking;
mod bundle;
mod console;
mod error;
pub(crate) mod plain;
mod registry;
mod sqlite;

pub(crate) use blocking::blocking;
pub(crate) use bundle::Visit;
pub use bundle::answer_bundle;
pub use console::{Conflicts, Decision, Happened, OpenConflict, Verdict};
pub use error::{HubError, OpenError};
pub(crate) use registry::device;
pub use registry::{CODE_LASTS, Denied, Device, Member, Registry, RegistryError, Whom};
pub use sqlite::{Backup, BackupError, SYSTEM_TABLES, SqliteHub, backup};

use crate::domain::Domain;
use async_trait::async_trait;
use std::sync::Arc;
use windrow_protocol::change::Key;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock::{Point, Seq};
use windrow_protocol::message::{Answer, Commit, Prepare, Pull};
use windrow_protocol::model::Schema;
use windrow_protocol::session::Request;

/// A hub's database.
///
/// Every method is safe to repeat, and to be called from many tasks at once. None blocks the task that calls it.
/// A method that is dropped before it has answered may still take effect.
#[async_trait]
pub trait HubStore: Send + Sync + 'static {
    /// The schema that the hub merges by.
    fn schema(&self) -> &Schema;

    /// PREPARE: checks the whole changeset and keeps it for the COMMIT; applies nothing.
    ///
    /// # Errors
    /// A payload that can't be read, a past that is not this hub's, a hub that fails.
    async fn prepare(&self, request: Prepare) -> Result<Answer, HubError>;

    /// UPLOAD: keeps what a chunk brings of a changeset; once all of it is here, as PREPARE.
    ///
    /// # Errors
    /// A changeset that is too long, or one more than the hub keeps; as [`HubStore::prepare`].
    async fn upload(&self, chunk: Chunk) -> Result<Answer, HubError>;

    /// COMMIT: merges what was prepared, all or nothing, exactly once, and survives a power cut from then on; then the
    /// first page of what is new. It is the same device's as the changeset says: whoever calls this has seen to it that the
    /// pull's device is the one that asks.
    ///
    /// # Errors
    /// As [`HubStore::prepare`]; as [`HubStore::pull`]; another device's changeset.
    async fn commit(&self, request: Commit) -> Result<Answer, HubError>;

    /// A page of what changed after the device's checkpoint, from one snapshot.
    ///
    /// # Errors
    /// Another schema, a past that is not this hub's, a hub that fails.
    async fn pull(&self, request: Pull) -> Result<Answer, HubError>;

    /// Any of a device's requests.
    ///
    /// # Errors
    /// As the method for it.
    async fn answer(&self, request: Request) -> Result<Answer, HubError> {
        match request {
            Request::Prepare(request) => self.prepare(request).await,
            Request::Upload(chunk) => self.upload(chunk).await,
            Request::Commit(request) => self.commit(request).await,
            Request::Pull(request) => self.pull(request).await,
        }
    }

    /// The last commit, with its mark.
    ///
    /// # Errors
    /// A hub that fails.
    async fn head(&self) -> Result<Point, HubError>;

    /// What whoever runs the hub wants to know of it, from its file and its queues as they are now.
    ///
    /// # Errors
    /// A hub that fails.
    async fn measures(&self) -> Result<Measures, HubError>;

    /// The open conflicts after this record, in order of tables and ids, at most about `limit`.
    ///
    /// # Errors
    /// A hub that fails.
    async fn conflicts(&self, after: Option<Key>, limit: usize) -> Result<Conflicts, HubError>;

    /// Decides a conflict, in a commit of the hub's own.
    ///
    /// # Errors
    /// A conflict that is not open, a value that the field can't hold, a hub that fails.
    async fn resolve(&self, decision: Decision) -> Result<Point, HubError>;

    /// What happened to a record, oldest first, at most the last `limit` changes.
    ///
    /// # Errors
    /// A hub that fails.
    async fn history(&self, record: Key, limit: usize) -> Result<Vec<Happened>, HubError>;
}

/// What whoever runs a hub wants to know of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measures {
    /// The last commit.
    pub seq: Seq,
    /// Devices that have ever committed.
    pub devices: u64,
    /// Bytes of the file, and of its write-ahead log.
    pub file: u64,
    /// See [`Measures::file`].
    pub log: u64,
    /// Requests that wait to read, and to write.
    pub readers_wait: u64,
    /// See [`Measures::readers_wait`].
    pub writers_wait: u64,
    /// Transactions that were written, and how many requests they held together.
    pub transactions: u64,
    /// See [`Measures::transactions`].
    pub written: u64,
}

/// What becomes a [`HubStore`] once it knows the domain.
pub trait OpenHub {
    /// Opens the hub for a domain; makes its tables where there are none yet.
    ///
    /// # Errors
    /// A database that can't be opened, or is not this domain's hub.
    fn open_for(self, domain: &'static Domain) -> Result<Arc<dyn HubStore>, OpenError>;
}

impl OpenHub for Arc<dyn HubStore> {
    fn open_for(self, domain: &'static Domain) -> Result<Arc<dyn HubStore>, OpenError> {
        let expected = sqlite::schema_of(domain)?;
        if expected.digest() == self.schema().digest() {
            return Ok(self);
        }
        Err(OpenError::OtherSchema { hub: "the open hub".into(), domain: domain.name })
    }
}
