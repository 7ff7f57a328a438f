//! Where the three files of a case are: a hub's and two devices', each in a folder of its own.

use super::Fault;
use super::domain::PLUG;
use super::program::{PAGE, needs_no_mending};
use super::work::{self, Device, KINDS, Number};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use windrow::hub::{HubError, HubStore, OpenHub, SqliteHub};
use windrow::protocol::message::Answer;
use windrow::protocol::session::{Finish, Request};
use windrow::sync::{Failure, Notes, Transport};
use windrow::{Store, sync};

/// What may lose its power: a machine, and the folder of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Machine {
    /// The hub.
    Hub,
    /// A device.
    Device(Device),
}

/// All of them.
pub const MACHINES: [Machine; 3] = [Machine::Hub, Machine::Device(1), Machine::Device(2)];

impl Machine {
    /// The folder's name.
    pub fn folder(self) -> &'static str {
        match self {
            Machine::Hub => "hub",
            Machine::Device(1) => "one",
            Machine::Device(_) => "two",
        }
    }
}

/// The files.
pub struct Place {
    dir: TempDir,
}

impl Place {
    /// An empty one, in memory where that can be: what reaches a disk, and when, is decided here and not by a kernel.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> Result<Place, Fault> {
        let shm = Path::new("/dev/shm");
        let base = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() };
        let dir = tempfile::Builder::new().prefix("windrow-plug-").tempdir_in(base)?;
        for machine in MACHINES {
            std::fs::create_dir(dir.path().join(machine.folder()))?;
        }
        Ok(Place { dir })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A machine's database.
    pub fn db(&self, machine: Machine) -> PathBuf {
        self.folder(machine).join("data.db")
    }

    /// A machine's folder.
    pub fn folder(&self, machine: Machine) -> PathBuf {
        self.dir.path().join(machine.folder())
    }

    /// A copy of all files, as they are.
    ///
    /// # Errors
    /// What the system says.
    pub fn copy(&self) -> Result<Place, Fault> {
        Place::at(self.path())
    }

    /// A copy of the files of another place.
    ///
    /// # Errors
    /// What the system says.
    pub fn at(other: &Path) -> Result<Place, Fault> {
        let copy = Place::new()?;
        for machine in MACHINES {
            for file in std::fs::read_dir(other.join(machine.folder()))? {
                let file = file?;
                std::fs::copy(file.path(), copy.folder(machine).join(file.file_name()))?;
            }
        }
        Ok(copy)
    }

    /// Keeps the files for people to look at.
    pub fn keep(self) -> PathBuf {
        self.dir.keep()
    }

    /// Before the session: the second device has founded the survey and written; the first knows the beginning of that,
    /// and has writes of its own pending. With `fresh` the first has no file yet.
    ///
    /// # Errors
    /// What the product says.
    pub fn prepared(fresh: bool) -> Result<Place, Fault> {
        let place = Place::new()?;
        let office = Office::open(&place)?;
        let two = Store::open(place.db(Machine::Device(2)), &PLUG)?;
        let conn = two.connection()?;
        work::found(&conn)?;
        office.sync(&two)?;
        if !fresh {
            let one = Store::open(place.db(Machine::Device(1)), &PLUG)?;
            office.sync(&one)?;
            let conn = one.connection()?;
            (0..PENDING).try_for_each(|k| work::write(&conn, 1, k))?;
        }
        (0..KNOWN).try_for_each(|k| work::write(&conn, 2, k))?;
        office.sync(&two)?;
        Ok(place)
    }
}

/// The first device's writes before the session.
pub const PENDING: Number = KINDS;
/// The second device's writes before the session.
pub const KNOWN: Number = 2 * KINDS;

/// The hub within this process, for what is not under test.
pub struct Office {
    hub: Arc<dyn HubStore>,
    runtime: tokio::runtime::Runtime,
}

impl Office {
    /// Opens the hub's file.
    ///
    /// # Errors
    /// What the product says.
    pub fn open(place: &Place) -> Result<Office, Fault> {
        let hub = SqliteHub::open(place.db(Machine::Hub))?.page_records(PAGE).open_for(&PLUG)?;
        Ok(Office { hub, runtime: tokio::runtime::Builder::new_current_thread().build()? })
    }

    /// A session, which must end in sync.
    ///
    /// # Errors
    /// What the product says; a session that ends otherwise.
    pub fn sync(&self, store: &Store) -> Result<(), Fault> {
        match self.runtime.block_on(sync(store, &Direct(self.hub.clone())))? {
            Finish::InSync => Ok(()),
            finish => Err(format!("with nobody writing a session ends {finish:?}").into()),
        }
    }
}

/// The way to a hub in the same process.
struct Direct(Arc<dyn HubStore>);

#[async_trait::async_trait]
impl Transport for Direct {
    async fn send(&self, request: &Request, _: &Notes) -> Result<Answer, Failure> {
        let answer = self.0.answer(request.clone()).await;
        answer.map_err(HubError::into_problem).map_err(Failure::from).and_then(needs_no_mending)
    }

    async fn probe(&self, _: &Notes) -> bool {
        true
    }
}
