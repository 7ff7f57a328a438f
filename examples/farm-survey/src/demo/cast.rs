//! Who plays: a hub and three tablets, each with a file and, to the hub, a link of its own.

use super::ledger::Ledger;
use super::shell::Foreign;
use super::tables::{self, Contents};
use crate::fault::Fault;
use crate::model::SURVEY;
use crate::proxy::Link;
use crate::report::Report;
use std::path::{Path, PathBuf};
use windrow::hub::{CODE_LASTS, Registry, SqliteHub};
use windrow::identity::Role;
use windrow::protocol::clock::DeviceId;
use windrow::server::Running;
use windrow::sync::SyncError;
use windrow::{Endpoint, Server, Store};

/// All that a chapter works with.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) report: Report,
    pub(super) hub: Hub,
    pub(super) ada: Tablet,
    pub(super) ben: Tablet,
    pub(super) cleo: Tablet,
    pub(super) foreign: Foreign,
}

impl Stage {
    /// Everybody in place, the files in this folder.
    pub(super) async fn set(report: Report, folder: &Path) -> Result<Stage, Fault> {
        let hub = Hub::start(folder).await?;
        let tablet = |name| Tablet::new(name, folder, &hub);
        let (ada, ben, cleo) = (tablet("Ada").await?, tablet("Ben").await?, tablet("Cleo").await?);
        Ok(Stage { report, hub, ada, ben, cleo, foreign: Foreign::find() })
    }

    /// The tablets, in order of appearance.
    pub(super) fn tablets(&mut self) -> [&mut Tablet; 3] {
        [&mut self.ada, &mut self.ben, &mut self.cleo]
    }

    /// All four files.
    pub(super) fn files(&self) -> [&Path; 4] {
        [&self.hub.file, &self.ada.file, &self.ben.file, &self.cleo.file]
    }

    /// Whether all four files answer a question with this.
    pub(super) fn all_say(&self, sql: &str, answer: &str) -> Result<bool, Fault> {
        for file in self.files() {
            if tables::ask(file, sql)? != answer {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What all four files hold, where it is the same byte for byte.
    pub(super) fn same(&self) -> Result<Option<Contents>, Fault> {
        let contents = self.files().into_iter().map(tables::read).collect::<Result<Vec<_>, _>>()?;
        let equal = contents.windows(2).all(|pair| pair[0].bytes == pair[1].bytes);
        Ok(contents.into_iter().next().filter(|_| equal))
    }

    /// The name of whose device this is.
    pub(super) fn name(&self, device: DeviceId) -> &'static str {
        let all = [&self.ada, &self.ben, &self.cleo];
        all.iter().find(|t| t.device == device).map_or("the hub", |t| t.name)
    }
}

/// The hub and its file.
pub(super) struct Hub {
    pub(super) file: PathBuf,
    pub(super) running: Running,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Hub {
    async fn start(folder: &Path) -> Result<Hub, Fault> {
        let file = folder.join("hub.db");
        let server = Server::new(&SURVEY).store(SqliteHub::open(&file)?);
        let running = server.registry(Registry::open(&file)?).bind("127.0.0.1:0").await?;
        Ok(Hub { file, running })
    }

    fn url(&self) -> String {
        format!("http://{}", self.running.local_addr())
    }

    /// A code for a user.
    fn invite(&self, name: &str) -> Result<String, Fault> {
        Ok(Registry::open(&self.file)?.invite(name, Role::Field, CODE_LASTS)?.to_string())
    }
}

/// A tablet: its file, its link, and what it cost so far.
#[derive(Debug)]
pub(super) struct Tablet {
    pub(super) name: &'static str,
    pub(super) file: PathBuf,
    pub(super) link: Link,
    pub(super) device: DeviceId,
    pub(super) ledger: Ledger,
}

impl Tablet {
    async fn new(name: &'static str, folder: &Path, hub: &Hub) -> Result<Tablet, Fault> {
        let file = folder.join(format!("{}.db", name.to_lowercase()));
        let store = Store::open(&file, &SURVEY)?;
        let device = store.device_id();
        windrow::enrol(&store, &hub.url(), &hub.invite(name)?).await?;
        let link = Link::open(hub.running.local_addr()).await?;
        Ok(Tablet { name, file, link, device, ledger: Ledger::default() })
    }

    /// The application is started.
    pub(super) fn open(&self) -> Result<Store, Fault> {
        Ok(Store::open(&self.file, &SURVEY)?)
    }

    /// The hub, seen from here.
    pub(super) fn hub(&self, store: &Store) -> Result<Endpoint, Fault> {
        Ok(Endpoint::for_device(&self.link.url(), store)?)
    }

    /// What the tables hold.
    pub(super) fn contents(&self) -> Result<Contents, Fault> {
        tables::read(&self.file)
    }

    /// The application syncs, and the ledger is kept. The records received, or why there was no answer.
    pub(super) async fn sync(&mut self) -> Result<Result<u64, SyncError>, Fault> {
        self.ledger.sends(&self.contents()?);
        let store = self.open()?;
        let synced = windrow::sync(&store, &self.hub(&store)?).await;
        let received = self.ledger.received(&self.contents()?);
        Ok(synced.map(|_| received))
    }
}
