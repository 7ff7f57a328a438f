//! A hub of one version, devices of others.

use crate::models::version;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use windrow::hub::{HubError, HubStore, OpenHub, SqliteHub};
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow::store::Next;
use windrow::{Domain, Store};
use windrow_protocol::message::{Answer, Problem};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Event, Finish, Request, Session};

pub(crate) struct World {
    dir: tempfile::TempDir,
    runtime: Runtime,
    hub: Arc<dyn HubStore>,
    files: std::cell::Cell<usize>,
}

pub(crate) struct Device {
    pub(crate) store: Store,
    number: usize,
}

impl World {
    /// With a hub of this version.
    pub(crate) fn new(number: usize) -> World {
        World::of(version(number))
    }

    /// With a hub of this domain.
    pub(crate) fn of(domain: &'static Domain) -> World {
        let dir = tempfile::tempdir().unwrap();
        let hub = open_hub(dir.path(), domain);
        let runtime = Builder::new_current_thread().build().unwrap();
        World { dir, runtime, hub, files: std::cell::Cell::new(0) }
    }

    /// The hub's program is replaced by one of this domain's version.
    pub(crate) fn becomes(self, domain: &'static Domain) -> World {
        let World { dir, runtime, hub, files } = self;
        drop(hub);
        let hub = open_hub(dir.path(), domain);
        World { dir, runtime, hub, files }
    }

    /// A new device of this version.
    pub(crate) fn device(&self, number: usize) -> Device {
        Device { number, ..self.device_of(version(number)) }
    }

    /// A new device of this domain.
    pub(crate) fn device_of(&self, domain: &'static Domain) -> Device {
        self.files.set(self.files.get() + 1);
        let path: PathBuf = self.dir.path().join(format!("device{}.db", self.files.get()));
        Device { store: Store::open(path, domain).unwrap(), number: domain.version() as usize }
    }

    fn answer(&self, request: Request) -> Result<Answer, Problem> {
        self.runtime.block_on(self.hub.answer(request)).map_err(|error| match error {
            HubError::Problem(problem) => problem,
            other => panic!("{other}"),
        })
    }

    /// A session.
    pub(crate) fn try_sync(&self, device: &Device) -> Result<Finish, Problem> {
        let actions = device.store.session();
        let (mut session, mut action) = Session::start(Pace::default());
        loop {
            let event = match actions.perform(action).unwrap() {
                Next::Event(event) => event,
                Next::Finish(finish) => return Ok(finish),
                Next::Send(request) => Event::Answered(self.answer(request)?),
            };
            action = session.on(event).unwrap();
        }
    }

    pub(crate) fn sync(&self, device: &Device) {
        assert_eq!(self.try_sync(device), Ok(Finish::InSync));
    }

    /// Everyone syncs until nobody has news, and finds itself equal to the hub.
    pub(crate) fn quiet(&self, devices: &[&Device]) {
        for _ in 0..3 {
            devices.iter().for_each(|device| self.sync(device));
        }
        for device in devices {
            device.store.verify().unwrap();
            self.sync(device);
            let status = device.store.status().unwrap();
            assert!(status.verified.is_some(), "version {}: {status:?}", device.number);
            assert!(status.differed.is_none(), "version {}: {status:?}", device.number);
            assert_eq!(status.pending_entries, 0);
        }
    }

    /// What another program reads in the hub's file.
    pub(crate) fn hub_shows(&self, sql: &str) -> Vec<Vec<Value>> {
        rows(&Connection::open(self.dir.path().join("hub.db")).unwrap(), sql)
    }
}

fn open_hub(dir: &Path, domain: &'static Domain) -> Arc<dyn HubStore> {
    let hub = SqliteHub::open(dir.join("hub.db")).unwrap().page_records(2);
    hub.open_for(domain).unwrap()
}

impl Device {
    /// The program is replaced by one of this domain's version.
    pub(crate) fn becomes(self, domain: &'static Domain) -> Device {
        let path = self.store.path().to_owned();
        drop(self);
        Device { store: Store::open(path, domain).unwrap(), number: domain.version() as usize }
    }

    /// Names as this version has them.
    fn words(&self, sql: &str) -> String {
        let (farm, notes) = if self.number < 3 { ("farm", "notes") } else { ("holding", "remarks") };
        sql.replace("FARM", farm).replace("NOTES", notes)
    }

    /// Runs SQL in which FARM and NOTES stand for what this version calls them.
    pub(crate) fn run(&self, sql: &str) {
        self.store.connection().unwrap().execute_batch(&self.words(sql)).unwrap();
    }

    pub(crate) fn shows(&self, sql: &str) -> Vec<Vec<Value>> {
        rows(&self.store.connection().unwrap(), &self.words(sql))
    }
}

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|c| row.get(c)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// An id in SQL.
pub(crate) fn id(n: u8) -> String {
    format!("x'{}'", format!("{n:02x}").repeat(16))
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}
