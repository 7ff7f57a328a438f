//! The hub on SQLite: one file.
//!
//! One thread writes and gathers waiting commits into one transaction; several read, each request one snapshot, and some of
//! these only for devices that bring something ([`threads`]). What is stored is told by [`system`] and by the domain's own
//! tables ([`tables`], [`records`]). The verbs: [`prepare`], [`uploads`], [`commit`], [`pull`], [`console`].

mod ahead;
mod backup;
mod beside;
mod checked;
mod commit;
mod console;
mod history;
mod migrate;
mod open;
mod prepare;
mod pull;
mod recent;
mod records;
mod scan;
mod scopes;
mod sessions;
mod shared;
mod system;
mod tables;
mod threads;
mod uploads;
mod wire;

pub use backup::{Backup, BackupError, backup};
pub use system::SYSTEM_TABLES;
pub(crate) use tables::schema_of;

use super::{Conflicts, Decision, Happened, HubError, HubStore, Measures, OpenError, OpenHub};
use crate::domain::Domain;
use crate::lock::lock;
use async_trait::async_trait;
use commit::Committed;
use prepare::Judged;
use pull::{Heard, PageSize, Pulled};
use rusqlite::Connection;
use sessions::Keeping;
use shared::{Clock, Memory, Shared};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tables::Tables;
use threads::Threads;
use uploads::Kept;
use windrow_protocol::change::Key;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock::Point;
use windrow_protocol::message::{Answer, Commit, Prepare, Pull};
use windrow_protocol::model::Schema;

/// Threads that read for whoever asks what is new, and for whoever brings something: thousands that ask for everything do not keep
/// a changeset waiting.
const READERS: (usize, usize) = (3, 2);

/// A hub's SQLite file, before it is known which domain's it is.
///
/// ```no_run
/// # fn open(domain: &'static windrow::Domain) -> Result<(), windrow::hub::OpenError> {
/// use windrow::hub::{OpenHub, SqliteHub};
///
/// let hub = SqliteHub::open("hub.db")?.open_for(domain)?;
/// # drop(hub);
/// # Ok(())
/// # }
/// ```
pub struct SqliteHub {
    path: PathBuf,
    keeping: Keeping,
    page: PageSize,
    clock: Clock,
    threads: bool,
}

impl SqliteHub {
    /// The hub in this file, which is made if there is none. Nothing is read or written before the domain is known.
    ///
    /// # Errors
    /// A SQLite that can lose committed transactions.
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteHub, OpenError> {
        crate::sqlite::check_version()?;
        let path = path.as_ref().to_owned();
        Ok(SqliteHub {
            path,
            keeping: Keeping::DEFAULT,
            page: PageSize::DEFAULT,
            clock: Box::new(crate::clock::now_ms),
            threads: true,
        })
    }

    /// How long a changeset that was prepared waits for its COMMIT: 7 days unless said otherwise. A device whose changeset
    /// has expired sends it again.
    pub fn keep_staged(mut self, time: Duration) -> SqliteHub {
        self.keeping.staged = time;
        self
    }

    /// How long a commit's outcome answers a COMMIT that is repeated: 30 days unless said otherwise. Afterwards the device
    /// is told that the hub has its changes already.
    pub fn keep_outcomes(mut self, time: Duration) -> SqliteHub {
        self.keeping.outcomes = time;
        self
    }

    /// Bytes of all changesets together that have begun to arrive in chunks, 1 GiB unless said otherwise; one more is
    /// answered `busy`.
    pub fn keep_uploads(mut self, bytes: u64) -> SqliteHub {
        self.keeping.uploads = i64::try_from(bytes).unwrap_or(i64::MAX);
        self
    }

    /// Of how many records a page of an answer tells at most: 40,000 unless said otherwise. A device asks for less where its
    /// link is slow.
    pub fn page_records(mut self, records: usize) -> SqliteHub {
        self.page.records = records.max(1);
        self
    }

    /// The clock that the hub goes by, in milliseconds since 1970, UTC, instead of the machine's: for tests.
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> SqliteHub {
        self.clock = Box::new(clock);
        self
    }

    /// Without threads of its own: each request is done, one at a time, by the thread that makes it. For simulations,
    /// where all has its order. A chain of references that is as deep as a hub accepts takes up to 64 MiB of the stack.
    pub fn in_callers_thread(mut self) -> SqliteHub {
        self.threads = false;
        self
    }
}

impl OpenHub for SqliteHub {
    fn open_for(self, domain: &'static Domain) -> Result<Arc<dyn HubStore>, OpenError> {
        let system = |error: &dyn std::error::Error| OpenError::System(error.to_string());
        let tables = Tables::new(domain)?;
        let mark = open::draw().map_err(|e| system(&e))?;
        let writer = open::writer(&self.path, domain, &tables, mark)?;
        let shared =
            Shared { tables, keeping: self.keeping, page: self.page, clock: self.clock, memory: Memory::default() };
        let shared = Arc::new(shared);
        let reader = || open::reader(&self.path, &shared.tables.schema);
        let readers = |count| -> Result<Threads, OpenError> {
            let connections = (0..count).map(|_| reader()).collect::<Result<_, _>>()?;
            Threads::readers(connections).map_err(|e| system(&e))
        };
        let committed = {
            let shared = shared.clone();
            move || lock(&shared.memory.recent).settle()
        };
        let (writer, readers, checkers) = if self.threads {
            (Threads::writer(writer, committed).map_err(|e| system(&e))?, readers(READERS.0)?, readers(READERS.1)?)
        } else {
            (
                Threads::callers_write(writer, committed),
                Threads::callers_read(reader()?),
                Threads::callers_read(reader()?),
            )
        };
        Ok(Arc::new(Hub { writer, readers, checkers, shared, path: self.path }))
    }
}

/// An open hub.
struct Hub {
    writer: Threads,
    /// For those who ask.
    readers: Threads,
    /// For those who bring something.
    checkers: Threads,
    shared: Arc<Shared>,
    path: PathBuf,
}

impl Hub {
    async fn page(&self, pull: Pull, committed: Option<Point>) -> Result<Vec<u8>, HubError> {
        let shared = self.shared.clone();
        self.checkers.run(move |c| pull::page(&shared, c, &pull, committed)).await
    }

    /// The page that was read ahead for this pull, if there is one.
    async fn ahead(&self, pull: &Pull) -> Option<Heard> {
        let coming = lock(&self.shared.memory.ahead).take(pull)?;
        coming.await.ok()?.ok()
    }

    /// Whether somebody could read now, beside what was asked for.
    fn has_time(&self) -> bool {
        self.readers.waiting() == 0 && lock(&self.shared.memory.ahead).has_room(self.shared.now())
    }

    /// Has a page read that will be asked for so.
    fn read_ahead(&self, pull: Pull) {
        let (shared, asked) = (self.shared.clone(), pull.clone());
        if let Ok(coming) = self.readers.begin(move |c| pull::read(&shared, c, &asked, None)) {
            lock(&self.shared.memory.ahead).keep(pull, coming, self.shared.now());
        }
    }
}

#[async_trait]
impl HubStore for Hub {
    fn schema(&self) -> &Schema {
        &self.shared.tables.schema
    }

    async fn prepare(&self, request: Prepare) -> Result<Answer, HubError> {
        let (shared, request) = (self.shared.clone(), Arc::new(request));
        let (checked, asked) = (shared.clone(), request.clone());
        match self.checkers.run(move |c| prepare::check(&checked, c, &asked)).await? {
            Judged::Answered(answer) => Ok(answer),
            Judged::Good(digest) => self.writer.run(move |c| prepare::stage(&shared, c, &request, digest)).await,
        }
    }

    async fn upload(&self, chunk: Chunk) -> Result<Answer, HubError> {
        let (shared, session) = (self.shared.clone(), chunk.parcel.session);
        match self.writer.run(move |c| uploads::keep(&shared, c, &chunk)).await? {
            Kept::Answered(answer) => Ok(answer),
            Kept::Whole(request) => {
                let answer = self.prepare(request).await?;
                // What is not taken comes under another id.
                if answer != Answer::Prepared {
                    self.writer.run(move |c| uploads::forget(c, session)).await?;
                }
                Ok(answer)
            }
        }
    }

    async fn commit(&self, request: Commit) -> Result<Answer, HubError> {
        let shared = self.shared.clone();
        // Pages received before a commit are void: its answer begins anew.
        let pull = Pull { cursor: None, ..request.pull.clone() };
        let request = Arc::new(request);
        let (asked, writing) = (request.clone(), shared.clone());
        let commit = move |c: &Connection| commit::commit(&writing, c, &asked);
        match self.writer.run_if(commit, Committed::stands).await? {
            Committed::Not(answer) => Ok(answer),
            Committed::Undone(refusals) => {
                self.writer.run(move |c| sessions::discard(c, request.session)).await?;
                Ok(Answer::Refused(refusals))
            }
            Committed::At(at, None) => Ok(Answer::Committed { at, page: self.page(pull, at).await? }),
            Committed::At(at, Some(known)) => {
                let page = self.checkers.run(move |c| pull::tell_at_hand(&shared, c, &pull, &known)).await?;
                Ok(Answer::Committed { at, page })
            }
        }
    }

    async fn pull(&self, request: Pull) -> Result<Answer, HubError> {
        let (ahead, time) = (self.ahead(&request).await, self.has_time());
        let (shared, request) = (self.shared.clone(), Arc::new(request));
        let asked = request.clone();
        let pulled = self.readers.run(move |c| pull::answer(&shared, c, &asked, ahead, time)).await?;
        let heard = match pulled {
            Pulled::Answered(answer) => return Ok(answer),
            Pulled::More(heard) => heard,
        };
        // The one is encoded while the next is read.
        let (shared, next) = (self.shared.clone(), heard.next(&request));
        let encoded = self.readers.begin(move |c| pull::encode(&shared, c, &request, heard))?;
        self.read_ahead(next);
        encoded.await.map_err(|_| HubError::Stopped)?.map(Answer::News)
    }

    async fn head(&self) -> Result<Point, HubError> {
        let shared = self.shared.clone();
        self.checkers.run(move |c| console::head(&shared, c)).await
    }

    async fn measures(&self) -> Result<Measures, HubError> {
        let shared = self.shared.clone();
        let (seq, devices) = self.checkers.run(move |c| console::known(&shared, c)).await?;
        let readers_wait = self.readers.waiting() + self.checkers.waiting();
        let writers_wait = self.writer.waiting();
        let (transactions, written) = self.writer.done();
        let (file, log) = shared::sizes(&self.path);
        Ok(Measures { seq, devices, file, log, readers_wait, writers_wait, transactions, written })
    }

    async fn conflicts(&self, after: Option<Key>, limit: usize) -> Result<Conflicts, HubError> {
        let shared = self.shared.clone();
        self.readers.run(move |c| console::conflicts(&shared, c, after, limit)).await
    }

    async fn resolve(&self, decision: Decision) -> Result<Point, HubError> {
        let shared = self.shared.clone();
        self.writer.run(move |c| console::resolve(&shared, c, &decision)).await
    }

    async fn history(&self, record: Key, limit: usize) -> Result<Vec<Happened>, HubError> {
        let shared = self.shared.clone();
        self.readers.run(move |c| history::of(&shared.tables.schema, c, record, limit)).await
    }
}
