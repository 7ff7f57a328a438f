//! The shipped device and hub, on real SQLite files, led through the steps of a history.
//!
//! Everything that ships takes part: triggers, store, codec, session machine, the hub's store. Between them there is no
//! network: a session's requests are handed over as the bytes' owner would get them, and some answers are lost.
//!
//! Clocks are virtual: stamps are `max(last + 1, now)`, so a device whose clock is set to a time beyond the machine's goes by
//! that one.

pub mod device;
pub mod domain;
pub mod hub;
pub mod log;

use crate::history::world::{Happened, World};
use crate::history::{Step, generate::History};
use crate::oracle::session::Synced;
use crate::oracle::{Origin, View};
use device::Device;
use hub::Hub;
use std::path::PathBuf;
use tempfile::TempDir;

/// What went wrong, in words.
pub type Fault = String;

/// Where virtual time begins: the year 2100, milliseconds since 1970.
pub const EPOCH_MS: u64 = 4_102_444_800_000;

/// The product's hub and devices, in files of their own.
pub struct Product {
    /// The hub.
    pub hub: Hub,
    /// The devices.
    pub devices: Vec<Device>,
    _dir: TempDir,
}

/// Where files are fast: memory, where the system has it.
pub fn fast_dir() -> std::io::Result<TempDir> {
    let shm = PathBuf::from("/dev/shm");
    if shm.is_dir() { TempDir::new_in(shm) } else { TempDir::new() }
}

impl Product {
    /// A hub and so many devices for a history's tables.
    ///
    /// # Errors
    /// What the product says.
    pub fn new(history: &History) -> Result<Product, Fault> {
        let domain = domain::of(&history.schema())?;
        let dir = fast_dir().map_err(|e| e.to_string())?;
        let hub = Hub::open(&dir.path().join("hub.db"), domain)?;
        let path = |n: usize| dir.path().join(format!("device{n}.db"));
        let devices = (0..history.devices()).map(|n| Device::open(path(n), domain)).collect::<Result<_, _>>()?;
        Ok(Product { hub, devices, _dir: dir })
    }

    /// The origins under which the devices' files are open.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn origins(&self) -> Result<Vec<Origin>, Fault> {
        self.devices.iter().map(Device::origin).collect()
    }

    /// Takes a step at a device's time, and says what happened that nobody could know before.
    ///
    /// # Errors
    /// Anything but what a history may bring about.
    pub fn take(&mut self, step: &Step, history: &History) -> Result<Happened, Fault> {
        let mut happened = Happened::default();
        match step {
            Step::Write { device, write } => {
                let device = &mut self.devices[*device];
                device.set_clock(history.clock_of(step))?;
                let last = device.last_stamp()?;
                device.write(write)?;
                happened.logged = device.logged_since(last)?;
            }
            Step::Sync { device, lost, meanwhile } => {
                let device = &mut self.devices[*device];
                device.set_clock(history.clock_of(step))?;
                let (synced, logged) = device.sync(&self.hub, *lost, meanwhile)?;
                (happened.synced, happened.logged) = (Some(synced), logged);
            }
            Step::Resolve { key, field, value, behind } => {
                happened.resolved = Some(self.hub.resolve(*key, field, *value, *behind)?);
            }
            Step::Reopen { device } => {
                self.devices[*device].reopen()?;
                happened.origin = Some(self.devices[*device].origin()?);
            }
        }
        Ok(happened)
    }

    /// Whether everyone shows what the oracle shows.
    ///
    /// # Errors
    /// Who differs, and how.
    pub fn same_as(&self, oracle: &World) -> Result<(), Fault> {
        let hub = self.hub.view()?;
        if hub != oracle.hub.view() {
            return Err(format!("the hub shows\n{hub:?}\nthe oracle's\n{:?}", oracle.hub.view()));
        }
        for (no, (device, expected)) in self.devices.iter().zip(&oracle.devices).enumerate() {
            let shown = device.view()?;
            if shown != expected.rows {
                return Err(format!("device {no} shows\n{shown:?}\nthe oracle's\n{:?}", expected.rows));
            }
        }
        Ok(())
    }

    /// Whether everyone is in sync and every file sound: nothing pending, the hub's conflicts known where their records are.
    ///
    /// # Errors
    /// Who is not.
    pub fn is_quiet(&self) -> Result<(), Fault> {
        let open = self.hub.conflicts()?;
        self.hub.check()?;
        for (no, device) in self.devices.iter().enumerate() {
            let pending = device.store().pending().map_err(|e| e.to_string())?;
            if pending > 0 {
                return Err(format!("device {no} has {pending} pending entries"));
            }
            let known = device.conflicts()?;
            if known != open {
                return Err(format!("device {no} knows the conflicts\n{known:?}\nthe hub has\n{open:?}"));
            }
            device.check()?;
        }
        Ok(())
    }
}

/// Leads product and oracle through one history, side by side.
///
/// # Errors
/// The first difference.
pub fn run(seed: u64, devices: usize) -> Result<(), Fault> {
    let mut history = History::new(seed, devices, crate::history::generate::Manner::Any);
    let mut product = Product::new(&history)?;
    let mut oracle = World::new(history.schema(), &product.origins()?);
    while let Some(step) = history.next(&oracle) {
        side_by_side(&mut product, &mut oracle, &step, &history)?;
    }
    for step in history.quiet() {
        let happened = side_by_side(&mut product, &mut oracle, &step, &history)?;
        if happened.synced == Some(Synced::Lost) {
            return Err("an answer was lost although nobody lost one".into());
        }
    }
    product.is_quiet()
}

fn side_by_side(product: &mut Product, oracle: &mut World, step: &Step, history: &History) -> Result<Happened, Fault> {
    let at = |why: Fault| format!("at {step:?}: {why}");
    let happened = product.take(step, history).map_err(at)?;
    oracle.follow(step, &happened).map_err(at)?;
    product.same_as(oracle).map_err(at)?;
    // What the oracle shows is what everybody shows.
    let whole = |view: &View| history.schema().whole(view);
    match whole(&oracle.hub.view()) && oracle.devices.iter().all(|d| whole(&d.rows)) {
        true => Ok(happened),
        false => Err(at("a reference dangles".into())),
    }
}
