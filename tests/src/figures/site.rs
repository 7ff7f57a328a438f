//! A hub and its devices on this machine, on real files and sockets.

use super::Failure;
use super::counting::Proxy;
use super::traffic::Traffic;
use super::visit::FIGURES;
use crate::product::log;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use windrow::hub::{CODE_LASTS, Registry, SqliteHub};
use windrow::identity::Role;
use windrow::protocol::session::Finish;
use windrow::rusqlite::Connection;
use windrow::server::Running;
use windrow::{Endpoint, Server, Store, sync};

/// A hub, and where devices keep their files.
pub(super) struct Site {
    dir: PathBuf,
    hub: Running,
    registry: Arc<Registry>,
}

impl Site {
    /// Starts a hub that holds nothing.
    pub(super) async fn start(dir: &Path) -> Result<Site, Failure> {
        let (hub, registry) = (SqliteHub::open(dir.join("hub.db"))?, Arc::new(Registry::open(dir.join("hub.db"))?));
        let hub = Server::new(&FIGURES).store(hub).registry(registry.clone()).bind("127.0.0.1:0").await?;
        Ok(Site { dir: dir.to_owned(), hub, registry })
    }

    /// A new device, which has enrolled.
    pub(super) async fn device(&self, name: &str) -> Result<Device, Failure> {
        let device = Device::new(&self.dir.join(name), self.hub.local_addr()).await?;
        let code = self.registry.invite(name, Role::Field, CODE_LASTS)?.to_string();
        windrow::enrol(&device.store, &format!("http://{}", self.hub.local_addr()), &code).await?;
        Ok(device)
    }
}

/// A device that reaches the hub through a proxy.
pub(super) struct Device {
    store: Store,
    proxy: Proxy,
}

impl Device {
    async fn new(path: &Path, hub: SocketAddr) -> Result<Device, Failure> {
        Ok(Device { store: Store::open(path, &FIGURES)?, proxy: Proxy::start(hub).await? })
    }

    /// Writes in one transaction.
    pub(super) fn write(&self, f: impl FnOnce(&Connection) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut conn = self.store.connection()?;
        let transaction = conn.transaction()?;
        f(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// Syncs over a connection of its own. What passed.
    pub(super) async fn session(&self) -> Result<Traffic, Failure> {
        synced(&self.store, &self.proxy.url()).await?;
        self.proxy.take()
    }

    /// How many records it holds.
    pub(super) fn count(&self) -> Result<u64, Failure> {
        Ok(self.store.count::<super::visit::Visit>("", [])?)
    }
}

/// Syncs a device with the hub at this address, over a connection of its own.
pub(super) async fn synced(store: &Store, url: &str) -> Result<(), Failure> {
    match sync(store, &Endpoint::for_device(url, store)?).await? {
        Finish::InSync => Ok(()),
        Finish::Unsettled | Finish::Waits => Err("the session did not end".into()),
    }
}

/// Bytes of a file, its write-ahead log brought in.
pub(super) fn size(path: &Path) -> Result<u64, Failure> {
    checkpoint(path)?;
    Ok(std::fs::metadata(path)?.len())
}

/// Brings a file's write-ahead log in.
pub(super) fn checkpoint(path: &Path) -> Result<(), Failure> {
    let conn = Connection::open(path)?;
    Ok(conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// Lets a device's clock go on by so many milliseconds, as if they had passed. It never goes back.
pub(super) fn pass(conn: &Connection, millis: i64) -> Result<(), Failure> {
    if millis < 1 {
        return Ok(());
    }
    // One below the next whole millisecond: the next stamp is the one after.
    let now = (log::last(conn)?.clock >> 15) + millis.unsigned_abs();
    Ok(log::raise(conn, (now << 15) - 1)?)
}

/// Where a file of this name is to be made anew: whatever was there goes.
///
/// # Errors
/// A folder that lets nothing go.
pub(super) fn fresh(dir: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = dir.join(name);
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", path.display());
        if Path::new(&path).exists() {
            std::fs::remove_file(path)?;
        }
    }
    Ok(path)
}
