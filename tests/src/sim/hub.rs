//! The product's hub: its file, asked by the bytes of messages.

use super::Fault;
use super::files::Place;
use super::schema::Schema;
use super::tables::{Statements, differs};
use crate::oracle::{Hlc, Key, View};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use windrow::hub::{Conflicts, Decision, HubError, HubStore, OpenHub, SqliteHub, Verdict};
use windrow::rusqlite::{Connection, OpenFlags};
use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock::{Point, Seq};
use windrow_protocol::log::About;
use windrow_protocol::message::{Answer, MessageError, from_bytes};
use windrow_protocol::value::Value;

/// How long the hub keeps sessions, and how large its pages are.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// What was prepared.
    pub staged: Duration,
    /// What became of commits.
    pub outcomes: Duration,
    /// Records on a page.
    pub page: usize,
}

/// The address that a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// PREPARE.
    Prepare,
    /// UPLOAD.
    Upload,
    /// COMMIT.
    Commit,
    /// A pull.
    Pull,
}

/// Why there is no answer but a problem.
#[derive(Debug)]
pub enum Refused {
    /// The body is none.
    Body(MessageError),
    /// The hub says so.
    Hub(HubError),
}

/// The hub.
pub struct Hub {
    store: Arc<dyn HubStore>,
    reader: Connection,
    runtime: Runtime,
    path: PathBuf,
    now: Arc<AtomicI64>,
    keeping: Keeping,
    schema: Rc<Schema>,
    statements: Rc<Statements>,
}

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

impl Hub {
    /// The hub in this file.
    ///
    /// # Errors
    /// What the product says.
    pub fn open(path: PathBuf, schema: Rc<Schema>, statements: Rc<Statements>, keeping: Keeping) -> Result<Hub, Fault> {
        let now = Arc::new(AtomicI64::new(0));
        let runtime = Builder::new_current_thread().build().map_err(say)?;
        let (store, reader) = start(&path, &schema, &now, keeping)?;
        Ok(Hub { store, reader, runtime, path, now, keeping, schema, statements })
    }

    /// A copy of the file as it is now.
    ///
    /// # Errors
    /// What the system says.
    pub fn copy(&self, place: &mut Place) -> Result<PathBuf, Fault> {
        place.copy(&self.path)
    }

    /// The program dies, and the file is opened again as it was left; or another file in its place.
    ///
    /// # Errors
    /// What the product says.
    pub fn restart(&mut self, place: &mut Place, by: PathBuf) -> Result<(), Fault> {
        let version = (self.schema.clone(), self.statements.clone());
        self.upgrade(place, by, version)
    }

    /// The same, by a program of this version.
    ///
    /// # Errors
    /// What the product says.
    pub fn upgrade(
        &mut self,
        place: &mut Place,
        by: PathBuf,
        (schema, statements): (Rc<Schema>, Rc<Statements>),
    ) -> Result<(), Fault> {
        let (store, reader) = start(&by, &schema, &self.now, self.keeping)?;
        (self.store, self.reader, self.schema, self.statements) = (store, reader, schema, statements);
        place.forget(&std::mem::replace(&mut self.path, by));
        Ok(())
    }

    /// Sets its clock.
    pub fn set_clock(&self, millis: u64) {
        self.now.store(millis as i64, Ordering::Relaxed);
    }

    /// Answers a request.
    ///
    /// # Errors
    /// A body that is none; a problem.
    pub fn answer(&self, route: Route, body: &[u8]) -> Result<Answer, Refused> {
        let answer = match route {
            Route::Prepare => self.store.prepare(from_bytes(body).map_err(Refused::Body)?),
            Route::Upload => self.store.upload(Chunk::arrived(body).map_err(Refused::Body)?),
            Route::Commit => self.store.commit(from_bytes(body).map_err(Refused::Body)?),
            Route::Pull => self.store.pull(from_bytes(body).map_err(Refused::Body)?),
        };
        self.runtime.block_on(answer).map_err(Refused::Hub)
    }

    /// A reviewer who had seen the hub up to `base` decides. The commit, and the stamp of the decision.
    ///
    /// # Errors
    /// What the product says.
    pub fn resolve(&self, key: Key, field: &str, value: Value, base: u64) -> Result<(Point, Hlc), Fault> {
        let (record, field) = (self.schema.key(key), self.schema.place(key.0, field));
        let base = Seq::from_bits(base).unwrap_or_default();
        let decision =
            Decision { record, about: About::Fields, base, verdict: Verdict::Values(vec![(field, value)]), by: None };
        let at = self.runtime.block_on(self.store.resolve(decision)).map_err(say)?;
        let history = self.runtime.block_on(self.store.history(record, 1)).map_err(say)?;
        Ok((at, history.last().ok_or("a decision leaves no history")?.stamp.hlc.bits()))
    }

    /// Its open conflicts after this record, as many as it tells at once.
    ///
    /// # Errors
    /// What the product says.
    pub fn conflicts(&self, after: Option<windrow_protocol::change::Key>) -> Result<Conflicts, Fault> {
        self.runtime.block_on(self.store.conflicts(after, 1_000)).map_err(say)
    }

    /// Its last commit.
    ///
    /// # Errors
    /// What the product says.
    pub fn head(&self) -> Result<Point, Fault> {
        self.runtime.block_on(self.store.head()).map_err(say)
    }

    /// Where its clock stands.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn clock(&self) -> Result<Hlc, Fault> {
        let hlc = self.reader.query_row("SELECT hlc FROM windrow_hub", [], |row| row.get::<_, i64>(0));
        hlc.map(|hlc| hlc as u64).map_err(say)
    }

    /// Whether other programs see just this in its file.
    ///
    /// # Errors
    /// The first difference.
    pub fn shows(&self, expected: &View) -> Result<(), Fault> {
        differs(&self.reader, &self.schema, &self.statements, expected)
    }

    /// A connection of another program's, which only reads.
    pub fn reader(&self) -> &Connection {
        &self.reader
    }

    /// The store.
    pub fn store(&self) -> &dyn HubStore {
        &*self.store
    }
}

fn start(
    path: &PathBuf,
    schema: &Schema,
    now: &Arc<AtomicI64>,
    keeping: Keeping,
) -> Result<(Arc<dyn HubStore>, Connection), Fault> {
    let clock = now.clone();
    let hub = SqliteHub::open(path).map_err(say)?.clock(move || clock.load(Ordering::Relaxed));
    let hub =
        hub.in_callers_thread().keep_staged(keeping.staged).keep_outcomes(keeping.outcomes).page_records(keeping.page);
    let store = hub.open_for(schema.domain).map_err(say)?;
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(say)?;
    reader.set_prepared_statement_cache_capacity(64);
    Ok((store, reader))
}
