//! The device's store: one SQLite file, written by any program, synced by this one.
//!
//! The application's tables are ordinary tables. Triggers log every write to them, whoever makes it. [`Store`] is the
//! typed way in, [`Store::connection`] the one for any SQL, and [`session`] what a session with the hub does to the file.

mod bundles;
mod changelog;
mod conflicts;
mod connect;
mod earlier;
mod error;
mod foreign;
mod json;
mod log;
mod migrate;
mod newest;
mod objects;
mod open;
mod origins;
mod place;
mod plan;
mod prune;
mod record;
mod recovery;
mod refused;
mod release;
mod resolve;
pub mod session;
mod state;
mod status;
mod system;
mod traffic;
mod typed;
mod values;
mod verify;
mod warning;
mod worker;

#[cfg(test)]
mod tests;

pub use changelog::Logged;
pub use conflicts::{Candidate, Conflict};
pub use error::{AnswerError, OpenError, Rule, StoreError, WriteError};
pub use log::log_table;
pub use migrate::Migrated;
pub use objects::changelog_view;
pub use prune::RETENTION;
pub use record::Record;
pub use refused::Refused;
pub use resolve::Answer;
pub use session::{Actions, Applied, Next};
pub use status::Status;
pub(crate) use system::FORMAT;
pub use system::SYSTEM_TABLES;
pub use traffic::Traffic;
pub use typed::Tx;
pub use warning::Warning;

use crate::domain::Domain;
use crate::lock::lock;
use newest::Newest;
use place::Place;
use plan::Plan;
use release::Release;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use tokio::sync::watch;
use windrow_protocol::clock::DeviceId;

/// A device's file, open. Clones are the same store, and may be used from any thread.
///
/// ```
/// use windrow::{Id, Store, Syncable};
///
/// #[derive(Debug, Clone, PartialEq, Syncable)]
/// pub struct Farm {
///     pub id: Id<Farm>,
///     pub name: String,
///     #[merge(sum)]
///     pub cattle: i64,
/// }
/// windrow::domain!(pub FARMS = [Farm]);
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("farm.db");
/// let store = Store::open(path, &FARMS)?;
/// let id = Id::new();
/// store.insert(&Farm { id, name: "Kibo".into(), cattle: 12 })?;
///
/// let mut farm = store.get::<Farm>(id)?.ok_or("no such farm")?;
/// farm.cattle += 3;
/// store.update(&mut farm)?;
///
/// let large = store.query::<Farm>("WHERE cattle > ?1 ORDER BY name", [10])?;
/// assert_eq!(large[0].cattle, 15);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    plan: Plan,
    device: DeviceId,
    warnings: Vec<Warning>,
    migrated: Option<Migrated>,
    /// Whether somebody has made a trigger since ours were the newest.
    newest: Newest,
    /// The application's connection. Foreign keys are kept.
    app: Mutex<Connection>,
    /// Who uses it just now.
    user: Mutex<Option<ThreadId>>,
    /// The sessions' connection. Foreign keys are off.
    sync: Mutex<Connection>,
    /// When that one last let go of the file.
    release: Release,
    changes: watch::Sender<u64>,
}

impl Store {
    /// Opens a device's file; creates it where there is none.
    ///
    /// A file of an earlier version of the domain becomes one of this version, with what is pending in it: see
    /// [`Store::migrated`].
    ///
    /// Triggers and indexes that are missing or changed are created again; see [`Store::warnings`]. A file must be
    /// opened by this before any other program writes to it: when it is new, and when it was copied or restored from a
    /// backup.
    ///
    /// # Errors
    /// [`OpenError`] where the file is another application's, of a newer Windrow or a newer version of the domain, no database, or where its tables are
    /// not as the domain declares them: it is then as it was before. What SQLite says of a file that it can't open.
    pub fn open(path: impl AsRef<Path>, domain: &'static Domain) -> Result<Store, StoreError> {
        Store::open_at(Place::open(path.as_ref()), domain)
    }

    /// As [`Store::open`], of a file that is encrypted with SQLCipher. `key` is asked whenever a connection is opened, and what it
    /// says is kept nowhere; a platform's key store is a good place to ask. Other programs need SQLCipher and the key.
    ///
    /// Only with the feature `sqlcipher`, which needs OpenSSL where it is built.
    ///
    /// # Errors
    /// As [`Store::open`]; [`OpenError::Locked`] where the key does not fit; what `key` says.
    #[cfg(feature = "sqlcipher")]
    pub fn open_encrypted<K, E>(path: impl AsRef<Path>, domain: &'static Domain, key: K) -> Result<Store, StoreError>
    where
        K: Fn() -> Result<[u8; 32], E> + Send + Sync + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let key = Box::new(move || key().map_err(Into::into));
        Store::open_at(Place::locked(path.as_ref(), key), domain)
    }

    fn open_at(place: Place, domain: &'static Domain) -> Result<Store, StoreError> {
        crate::sqlite::check_version().map_err(OpenError::UnsafeSqlite)?;
        let plan = Plan::new(domain)?;
        let opened = open::open(&place, &plan)?;
        let (sync, release) = connect::session(&place)?;
        let (app, sync) = (Mutex::new(opened.app), Mutex::new(sync));
        let (user, changes) = (Mutex::new(None), watch::Sender::new(0));
        let open::Opened { device, warnings, migrated, newest, .. } = opened;
        Ok(Store {
            inner: Arc::new(Inner {
                place,
                plan,
                device,
                warnings,
                migrated,
                newest,
                app,
                user,
                sync,
                release,
                changes,
            }),
        })
    }

    /// What opening did to a file of an earlier version; none where it had this one.
    pub fn migrated(&self) -> Option<&Migrated> {
        self.inner.migrated.as_ref()
    }

    /// What was odd about the file when it was opened.
    pub fn warnings(&self) -> &[Warning] {
        &self.inner.warnings
    }

    /// The domain that it was opened with.
    pub fn domain(&self) -> &'static Domain {
        self.inner.plan.domain
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.inner.place.path()
    }

    /// The device's number, drawn when the file was created.
    pub fn device_id(&self) -> DeviceId {
        self.inner.device
    }

    /// A connection of its own, for any SQL: what it writes is logged as everything else is. Foreign keys are kept, and
    /// statements wait for other connections' transactions.
    ///
    /// ```
    /// # use windrow::{Id, Store, Syncable};
    /// # #[derive(Debug, Clone, PartialEq, Syncable)]
    /// # pub struct Farm { pub id: Id<Farm>, pub name: String, #[merge(sum)] pub cattle: i64 }
    /// # windrow::domain!(pub FARMS = [Farm]);
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let dir = tempfile::tempdir()?;
    /// # let store = Store::open(dir.path().join("farm.db"), &FARMS)?;
    /// # store.insert(&Farm { id: Id::new(), name: "Kibo".into(), cattle: 12 })?;
    /// let changed = store.connection()?.execute("UPDATE farm SET cattle = cattle * 2", [])?;
    /// assert_eq!(changed, 1);
    /// assert_eq!(store.changelog()?.last().map(|e| e.operation.as_str()), Some("update"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A trigger that it creates on a synced table fires before Windrow's until the store is used again: for a transaction,
    /// another connection, or a session. Windrow's are then created anew.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn connection(&self) -> Result<Connection, StoreError> {
        let conn = connect::application(&self.inner.place)?;
        self.inner.newest.ensure(&conn, self.plan())?;
        Ok(conn)
    }

    /// A notice of every transaction of this store that changed something, and of every answer applied: a count of them.
    /// Of writes by other connections and programs [`Store::pending_marker`] tells.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// What a session with the hub does to the file, step by step.
    pub fn session(&self) -> Actions {
        Actions::new(self.clone())
    }

    fn plan(&self) -> &Plan {
        &self.inner.plan
    }

    fn announce(&self) {
        self.inner.changes.send_modify(|count| *count += 1);
    }

    /// The sessions' connection, once nobody else uses it.
    fn sync_connection(&self) -> MutexGuard<'_, Connection> {
        lock(&self.inner.sync)
    }

    /// Makes Windrow's triggers the newest, for programs that write without asking this store.
    fn keep_newest(&self) -> Result<(), StoreError> {
        self.inner.newest.ensure(&self.sync_connection(), self.plan())
    }

    /// Reads on the sessions' connection, all in one snapshot.
    fn snapshot<R>(&self, f: impl FnOnce(&Connection, &Plan) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let conn = self.sync_connection();
        let transaction = Transaction::new_unchecked(&conn, TransactionBehavior::Deferred)?;
        let read = f(&conn, self.plan())?;
        transaction.commit()?;
        Ok(read)
    }

    /// The application's connection, once no other thread uses it.
    fn app(&self) -> Result<App<'_>, StoreError> {
        let me = Some(thread::current().id());
        if *lock(&self.inner.user) == me {
            return Err(WriteError::Nested.into());
        }
        let conn = lock(&self.inner.app);
        *lock(&self.inner.user) = me;
        Ok(App { conn, user: &self.inner.user })
    }
}

/// The application's connection in use.
struct App<'a> {
    conn: MutexGuard<'a, Connection>,
    user: &'a Mutex<Option<ThreadId>>,
}

impl Drop for App<'_> {
    fn drop(&mut self) {
        *lock(self.user) = None;
    }
}
