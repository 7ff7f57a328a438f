//! A hub and devices of two versions, on real files and a real socket, and what is written there.

use super::cut::{At, Cut};
use super::pair::{Pair, Side};
use super::truth::{Shown, Truth};
use std::collections::HashSet;
use std::fmt::Display;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use windrow::hub::SqliteHub;
use windrow::protocol::session::Finish;
use windrow::rusqlite::Connection;
use windrow::server::Running;
use windrow::store::Status;
use windrow::sync::{Endpoint, FailureKind, SyncError, Transport, sync};
use windrow::{Server, Store};

/// A hub and its devices.
pub(super) struct World<'a> {
    pub(super) pair: &'a Pair<'a>,
    pub(super) truth: Truth,
    /// The records that were made.
    pub(super) made: HashSet<Vec<u8>>,
    runtime: &'a Runtime,
    folder: TempDir,
    hub: Option<(Running, Endpoint)>,
}

/// A device, its file open.
pub(super) struct Device {
    pub(super) name: &'static str,
    pub(super) side: Side,
    pub(super) store: Store,
}

/// An error in words.
pub(super) fn say(error: impl Display) -> String {
    error.to_string()
}

impl<'a> World<'a> {
    /// With a hub of this version.
    pub(super) fn new(pair: &'a Pair<'a>, runtime: &'a Runtime, hub: Side) -> Result<World<'a>, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let (truth, made) = (Truth::default(), HashSet::new());
        let mut world = World { pair, truth, made, runtime, folder, hub: None };
        world.serve(hub)?;
        Ok(world)
    }

    /// Stops the server, and opens the hub's file with the program of this version.
    pub(super) fn serve(&mut self, side: Side) -> Result<(), String> {
        if let Some((running, _)) = self.hub.take() {
            self.runtime.block_on(running.shutdown());
        }
        let hub = SqliteHub::open(self.path("hub")).map_err(say)?;
        let server = Server::new(self.pair.domain(side)).store(hub).open_to_all();
        let running = self.runtime.block_on(server.bind("127.0.0.1:0"));
        let running = running.map_err(|error| format!("the hub does not start: {error}"))?;
        let endpoint = Endpoint::new(&format!("http://{}", running.local_addr())).map_err(say)?;
        self.hub = Some((running, endpoint));
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{}.db", name.replace(' ', "_")))
    }

    fn endpoint(&self) -> Result<Endpoint, String> {
        self.hub.as_ref().map(|(_, endpoint)| endpoint.clone()).ok_or_else(|| "there is no hub".to_owned())
    }

    /// A device of this name, its file opened with the program of this version.
    pub(super) fn device(&self, name: &'static str, side: Side) -> Result<Device, String> {
        let store = Store::open(self.path(name), self.pair.domain(side));
        Ok(Device { name, side, store: store.map_err(|error| format!("{name}: {error}"))? })
    }

    /// The new program opens the file of an old device that has heard everything: it has it still.
    pub(super) fn upgrade(&self, device: Device) -> Result<Device, String> {
        let name = device.name;
        drop(device);
        let device = self.device(name, Side::New)?;
        let wanted = (self.pair.number(Side::Old), self.pair.number(Side::New));
        match device.store.migrated() {
            Some(migrated) if (migrated.from, migrated.to) == wanted => {}
            other => return Err(format!("{name}: {wanted:?} was to be migrated, and {other:?} was")),
        }
        self.device_shows(&device, &|table, column| self.pair.keeps(table, column))?;
        Ok(device)
    }

    fn session(&self, device: &Device, transport: &dyn Transport) -> Result<Finish, SyncError> {
        self.runtime.block_on(sync(&device.store, transport))
    }

    /// A session that leaves nothing open.
    pub(super) fn sync(&self, device: &Device) -> Result<(), String> {
        let endpoint = self.endpoint()?;
        match self.session(device, &endpoint) {
            Ok(Finish::InSync) => self.unrefused(device),
            Ok(other) => Err(format!("{}: a session ends {other:?}", device.name)),
            Err(error) => Err(format!("{}: a session fails: {error}", device.name)),
        }
    }

    /// Each in turn.
    pub(super) fn all(&self, devices: &[&Device]) -> Result<(), String> {
        devices.iter().try_for_each(|device| self.sync(device))
    }

    /// A session whose link breaks.
    pub(super) fn cut(&self, device: &Device, at: At) -> Result<(), String> {
        let endpoint = self.endpoint()?;
        match self.session(device, &Cut { endpoint, at }) {
            Err(SyncError::Transport(failure)) if failure.kind == FailureKind::Broken => self.unrefused(device),
            Ok(Finish::InSync) => self
                .unrefused(device)
                .and_then(|()| Err(format!("{}: nothing was pending when the link was cut", device.name))),
            other => Err(format!("{}: a session whose link is cut ends {other:?}", device.name)),
        }
    }

    /// A session that the hub turns away because the device is newer.
    pub(super) fn turned_away(&self, device: &Device) -> Result<(), String> {
        let (endpoint, before) = (self.endpoint()?, self.status(device)?);
        match self.session(device, &endpoint) {
            Err(SyncError::Transport(failure)) if failure.detail.contains("update the older") => {}
            Err(error) => return Err(format!("{}: a hub that is older says only: {error}", device.name)),
            Ok(finish) => return Err(format!("{}: a hub that is older takes its words: {finish:?}", device.name)),
        }
        let after = self.status(device)?;
        match (before.pending_entries, after.pending_entries) {
            (before, after) if before == after => Ok(()),
            (before, after) => Err(format!("{}: {after} of {before} pending entries are left", device.name)),
        }
    }

    fn status(&self, device: &Device) -> Result<Status, String> {
        device.store.status().map_err(|error| format!("{}: {error}", device.name))
    }

    /// Everyone hears everything, and finds itself equal to the hub; all show what they should.
    pub(super) fn ends(&self, devices: &[&Device]) -> Result<(), String> {
        self.ends_as(devices, &|_, _| true)
    }

    /// The same, in the columns asked for.
    pub(super) fn ends_as(&self, devices: &[&Device], asked: &dyn Fn(usize, usize) -> bool) -> Result<(), String> {
        (0..2).try_for_each(|_| self.all(devices))?;
        self.shows(devices, asked)?;
        for device in devices {
            self.equal(device)?;
        }
        self.shows(devices, asked)
    }

    fn shows(&self, devices: &[&Device], asked: &dyn Fn(usize, usize) -> bool) -> Result<(), String> {
        let hub = Connection::open(self.path("hub")).map_err(say)?;
        self.truth.holds(self.pair, &Shown { who: "the hub", side: Side::New, conn: &hub }, asked)?;
        devices.iter().try_for_each(|device| self.device_shows(device, asked))
    }

    /// What a device shows just now.
    fn device_shows(&self, device: &Device, asked: &dyn Fn(usize, usize) -> bool) -> Result<(), String> {
        let conn = &device.store.connection().map_err(say)?;
        self.truth.holds(self.pair, &Shown { who: device.name, side: device.side, conn }, asked)
    }

    fn unrefused(&self, device: &Device) -> Result<(), String> {
        let refused = device.store.refused().map_err(say)?;
        refused.first().map_or(Ok(()), |refused| Err(format!("{}: refused: {}", device.name, refused.sentence)))
    }

    fn equal(&self, device: &Device) -> Result<(), String> {
        device.store.verify().map_err(say)?;
        self.sync(device)?;
        let (status, name) = (self.status(device)?, device.name);
        if status.pending_entries > 0 {
            return Err(format!("{name}: {} entries are still pending", status.pending_entries));
        }
        // What an old device wrote where there is nothing any more only it has, until it asks.
        let alone = device.side == Side::Old && self.pair.drops();
        match (status.verified, status.differed) {
            (Some(_), None) => Ok(()),
            (Some(_), Some(_)) if alone => Ok(()),
            _ => Err(format!("{name}: its tables are not equal to the hub's")),
        }
    }
}
