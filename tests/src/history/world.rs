//! Leads the oracle through a history.

use super::generate::Look;
use super::{DeviceNo, Step};
use crate::oracle::device::Device;
use crate::oracle::hub::{Conflict, Hub};
use crate::oracle::log::{Clock, Kind, Wall, Write};
use crate::oracle::message::Answer;
use crate::oracle::schema::Schema;
use crate::oracle::session::{Draw, Lost, Synced};
use crate::oracle::{Hlc, Key, Mark, Origin, Value, View};
use std::rc::Rc;

/// An entry that another implementation logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    /// Of which record.
    pub key: Key,
    /// What it says.
    pub kind: Kind,
    /// Its stamp.
    pub hlc: Hlc,
    /// Of a cascade the reference by which the record went, where that is told.
    pub via: Option<&'static str>,
}

/// What another implementation did at a step and the oracle can't know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Happened {
    /// What the device logged, in order of stamps.
    pub logged: Vec<Logged>,
    /// The stamp of a resolve at the hub.
    pub resolved: Option<Hlc>,
    /// What became of a session.
    pub synced: Option<Synced>,
    /// The origin under which a file was opened again.
    pub origin: Option<Origin>,
}

/// The oracle's hub and devices.
#[derive(Debug, Clone)]
pub struct World {
    /// The hub.
    pub hub: Hub,
    /// The devices.
    pub devices: Vec<Device>,
    /// What was drawn.
    pub drawn: Drawn,
}

/// Session ids and marks: numbers in their order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Drawn {
    /// The last session's id.
    pub id: u64,
    /// The last commit's mark.
    pub mark: Mark,
}

impl Draw for Drawn {
    fn id(&mut self) -> u64 {
        self.id += 1;
        self.id
    }

    fn mark(&mut self) -> Mark {
        self.mark += 1;
        self.mark
    }
}

/// Stamps taken from another log.
#[derive(Debug, Default)]
struct Replayed {
    left: Vec<Logged>,
    missing: Vec<(Key, Kind)>,
}

impl Clock for Replayed {
    fn stamp(&mut self, key: Key, kind: Kind, last: Hlc) -> Hlc {
        // In a ring of parts the one that somebody deleted finds its parent gone too, when its trigger looks: SQLite has
        // taken the others before. The log says so; folding finds out who it was.
        let alike = |other: Kind| other == kind || key.0 == "part" && (kind, other) == (Kind::Delete, Kind::Cascade);
        match self.left.iter().position(|e| e.key == key && alike(e.kind)) {
            Some(at) => self.left.remove(at).hlc,
            None => {
                self.missing.push((key, kind));
                last + 1
            }
        }
    }
}

impl Look for World {
    fn shown(&self, device: DeviceNo) -> View {
        self.devices[device].rows.clone()
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.hub.conflicts()
    }
}

impl World {
    /// A hub, and a device for each of these origins.
    pub fn new(schema: Rc<Schema>, origins: &[Origin]) -> World {
        let devices = origins.iter().map(|origin| Device::new(schema.clone(), *origin)).collect();
        World { hub: Hub::new(schema), devices, drawn: Drawn::default() }
    }

    /// Takes a step on its own: `clock` is that of the step's device, a file that is opened again draws `origin`.
    ///
    /// # Errors
    /// The last answer of a session that makes no progress, which is a fault of the oracle.
    pub fn take(&mut self, step: &Step, mut clock: Wall, origin: Origin) -> Result<Option<Synced>, Answer> {
        let resolved = clock.hlc().max(self.hub.hlc + 1);
        self.act(step, &mut clock, resolved, origin)
    }

    /// Takes a step after another implementation has taken it, with the stamps and origins that it had there.
    ///
    /// # Errors
    /// What the other one logged or answered otherwise.
    pub fn follow(&mut self, step: &Step, other: &Happened) -> Result<(), String> {
        let mut clock = Replayed { left: other.logged.clone(), missing: Vec::new() };
        let (resolved, origin) = (other.resolved.unwrap_or(0), other.origin.unwrap_or(0));
        let synced = self.act(step, &mut clock, resolved, origin).map_err(|why| format!("oracle: {why:?}"))?;
        if !clock.missing.is_empty() || !clock.left.is_empty() {
            return Err(format!("not logged: {:?}; logged, but not expected: {:?}", clock.missing, clock.left));
        }
        if synced != other.synced {
            return Err(format!("the session ended as {:?}, expected {synced:?}", other.synced));
        }
        Ok(())
    }

    fn act(
        &mut self,
        step: &Step,
        clock: &mut dyn Clock,
        resolved: Hlc,
        origin: Origin,
    ) -> Result<Option<Synced>, Answer> {
        match step {
            Step::Write { device, write } => {
                self.devices[*device].write(write, clock);
            }
            Step::Sync { device, lost, meanwhile } => return self.sync(*device, *lost, meanwhile, clock).map(Some),
            Step::Resolve { key, field, value, behind } => self.resolve(*key, field, *value, *behind, resolved),
            Step::Reopen { device } => self.devices[*device].open(origin),
        }
        Ok(None)
    }

    fn sync(
        &mut self,
        device: DeviceNo,
        lost: Option<Lost>,
        meanwhile: &[Write],
        clock: &mut dyn Clock,
    ) -> Result<Synced, Answer> {
        self.devices[device].sync(&mut self.hub, &mut self.drawn, lost, |d| {
            for write in meanwhile {
                d.write(write, clock);
            }
        })
    }

    fn resolve(&mut self, key: Key, field: &'static str, value: Value, behind: u64, hlc: Hlc) {
        let base = self.hub.seq.saturating_sub(behind);
        self.hub.resolve(key, field, value, base, hlc, self.drawn.mark());
    }
}
