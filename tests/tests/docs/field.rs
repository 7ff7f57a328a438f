//! A device in the field: a fresh file of the guide's domain with something in it, and a hub on request.

use std::path::Path;
use survey::{Farm, Plot, SURVEY, Visit, Weather, Worker};
use tempfile::TempDir;
use windrow::hub::SqliteHub;
use windrow::{Domain, Id, Server, Store, Timestamp};

/// A folder with the device's file `farm.db`.
pub(crate) struct Field {
    folder: TempDir,
    store: Store,
}

impl Field {
    /// One record of each struct, the farm named Kibo.
    pub(crate) fn new() -> Field {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("farm.db"), &SURVEY).expect("a store");
        sow(&store).expect("room for four records");
        Field { folder, store }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs statements as the application would.
    pub(crate) fn run(&self, sql: &str) -> Result<(), Box<dyn std::error::Error>> {
        Ok(self.store.connection()?.execute_batch(sql)?)
    }

    /// A hub beside it.
    pub(crate) fn hub(&self) -> Hub {
        Hub::start(SqliteHub::open(self.folder.path().join("hub.db")).expect("a hub"), &SURVEY)
    }
}

/// A server on a port of its own.
pub(crate) struct Hub {
    address: String,
    _running: windrow::server::Running,
    _runtime: tokio::runtime::Runtime,
}

impl Hub {
    pub(crate) fn start(hub: SqliteHub, domain: &'static Domain) -> Hub {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let running =
            runtime.block_on(Server::new(domain).store(hub).open_to_all().bind("127.0.0.1:0")).expect("a server");
        Hub { address: running.local_addr().to_string(), _running: running, _runtime: runtime }
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }
}

fn sow(store: &Store) -> Result<(), windrow::StoreError> {
    let farm = Farm { id: Id::new(), name: "Kibo".into(), owner_phone: None, cattle: 12 };
    let plot =
        Plot { id: Id::new(), farm_id: farm.id, variety: "Trebi".into(), year: 1931, bags: 4, best_yield: Some(41.5) };
    let worker = Worker { id: Id::new(), name: "Neema".into(), badge: "W-1".into() };
    let visit = Visit {
        id: Id::new(),
        plot_id: plot.id,
        worker_id: Some(worker.id),
        visited_at: Timestamp::now(),
        weather: Weather::Dry,
        spray_ml: None,
        notes: String::new(),
    };
    store.insert(&farm)?;
    store.insert(&plot)?;
    store.insert(&worker)?;
    store.insert(&visit)
}
