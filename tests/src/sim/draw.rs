//! Draws the steps of a world, one by one, from what its devices show.

use super::plan::Faults;
use super::schema::Schema;
use super::step::{BEGINNING, CENTURY, DeviceNo, Step, Watch};
use crate::oracle::hub::Conflict;
use crate::oracle::{Id, Key, Row, Seq, View};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What drawing needs to see.
pub trait Look {
    /// How many devices there are.
    fn devices(&self) -> usize;
    /// What a device shows.
    fn shown(&self, device: DeviceNo) -> &View;
    /// The version of a device.
    fn schema(&self, device: DeviceNo) -> &Rc<Schema>;
    /// The version of the hub.
    fn hubs_schema(&self) -> &Rc<Schema>;
    /// How many versions there are.
    fn versions(&self) -> usize;
    /// Whether a device's session is under way.
    fn talks(&self, device: DeviceNo) -> bool;
    /// Whether a device's last commit is acknowledged, and no checkpoint vouches for it yet.
    fn unsure(&self, device: DeviceNo) -> bool;
    /// What the hub would have a reviewer decide.
    fn conflicts(&self) -> Vec<Conflict>;
    /// The hub's last seq.
    fn seq(&self) -> Seq;
    /// How many files of devices, and of the hub, were put aside.
    fn aside(&self) -> (usize, usize);
}

/// A world's steps: a pure function of its seed and of what the devices show.
#[derive(Debug)]
pub struct Script {
    pub(super) rng: Rng,
    pub(super) schema: Rc<Schema>,
    pub(super) faults: Faults,
    pub(super) now: u64,
    /// Counts the values: no two writes of a wide field write the same.
    pub(super) count: i64,
    /// Records that were deleted, some of which are inserted again.
    pub(super) trash: Vec<(&'static str, Id, Row)>,
    /// What each device wrote to last, some of which it writes to once more.
    pub(super) last: BTreeMap<DeviceNo, (Key, Vec<&'static str>)>,
    /// What comes next whatever is drawn, the last first.
    queue: Vec<Step>,
    /// The file that was copied last and its copy, and for how many of their steps both are in use more than others.
    copied: ([DeviceNo; 2], u8),
    /// Whether ids resemble each other.
    pub(super) near: bool,
    /// Percent of writes that are inserts.
    pub(super) inserts: u8,
    /// Whether logs are pruned.
    prunes: bool,
    /// Whether one device alone writes, and others only listen.
    lone: bool,
    /// Whether couriers carry bundles.
    pub(super) bundles: bool,
}

impl Script {
    /// Of this seed.
    pub fn new(mut rng: Rng, schema: Rc<Schema>, mut faults: Faults) -> Script {
        // The oracle adds in 64 bits, and a restored hub is offered all differences of a log at once: worlds have either
        // amounts that leave their range, or restored files.
        if faults.refusals && (faults.copies || faults.restores) {
            let restored = rng.u8(..10) < 6;
            faults.refusals = !restored;
            (faults.copies, faults.restores) = (faults.copies && restored, faults.restores && restored);
        }
        let (near, inserts, prunes, lone) = (rng.bool(), rng.u8(8..=30), rng.bool(), rng.u8(..20) == 0);
        if lone {
            (faults.refusals, faults.copies, faults.restores) = (false, false, false);
        }
        let (trash, last, queue, copied) = Default::default();
        Script {
            rng,
            schema,
            faults,
            now: BEGINNING,
            count: 0,
            trash,
            last,
            queue,
            copied,
            near,
            inserts,
            prunes,
            lone,
            bundles: false,
        }
    }

    /// Whether one device alone writes.
    pub fn lone(&self) -> bool {
        self.lone
    }

    /// What comes next.
    pub fn next(&mut self, look: &impl Look) -> Step {
        if let Some(step) = self.queue.pop() {
            return step;
        }
        let device = self.whose_turn(look.devices());
        self.schema = look.schema(device).clone();
        let rare = self.rng.u16(..1000);
        if rare < 60
            && let Some(step) = self.rare(rare, device, look)
        {
            return step;
        }
        let talks = look.talks(device);
        if self.bundles && self.chance(15) {
            return self.courier(device);
        }
        let step = if talks { self.trouble(device, look) } else { None };
        step.unwrap_or_else(|| {
            let writes = (!self.lone || device == 0) && self.chance(if talks { 10 } else { 45 });
            let write = if writes { self.transaction(device, look.shown(device)) } else { None };
            write.unwrap_or_else(|| self.goes(device, talks))
        })
    }

    fn rare(&mut self, which: u16, device: DeviceNo, look: &impl Look) -> Option<Step> {
        let faults = self.faults;
        Some(match which {
            0..8 if !self.lone => self.resolve(look)?,
            8..16 => {
                let millis = if faults.expiry && self.chance(3) { 100_000_000 } else { self.rng.u64(1..2_000) };
                self.now += millis;
                Step::Wait { millis }
            }
            16..19 if faults.clocks => Step::Clock { device, watch: self.watch() },
            19 if faults.clocks => Step::HubClock { watch: self.watch() },
            20 if faults.crashes && self.chance(25) => Step::Crash { device, origin: self.rng.u64(1..) },
            24 if faults.crashes && self.chance(10) => Step::HubCrash,
            25..33 if faults.network => Step::Old { which: self.rng.usize(..) },
            33 => Step::Dismiss { device },
            34 if !self.lone => Step::Resubmit { device },
            35 if self.prunes && faults.copies && self.chance(40) => Step::Prune { device },
            49..53 if !self.lone => Step::Decide { device, which: self.rng.usize(..), how: self.rng.usize(..) },
            53 if !self.lone => self.delete_alone(device, look.shown(device))?,
            36 if faults.network => Step::Reuse { which: self.rng.usize(..), of: self.rng.usize(..) },
            38..=40 => Step::Read { device },
            37 if faults.copies && self.chance(50) => Step::Backup { device },
            42 if faults.copies && self.chance(50) && look.aside().0 > 0 => {
                Step::Restore { device, which: self.rng.usize(..), origin: self.rng.u64(1..) }
            }
            45 if faults.copies && self.chance(30) && look.devices() < 24 => self.copy(device, look),
            54..58 if look.versions() > 1 => self.upgrade(device, look)?,
            46 if faults.restores && self.chance(40) => Step::HubBackup,
            48 if faults.restores && self.chance(25) && look.aside().1 > 0 => {
                Step::HubRestore { which: self.rng.usize(..) }
            }
            _ => return None,
        })
    }

    /// A session begins or goes on. Where there are couriers, one of three devices has no other way to the hub.
    fn goes(&mut self, device: DeviceNo, talks: bool) -> Step {
        match self.bundles && device.is_multiple_of(3) && !talks {
            true => self.courier(device),
            false => Step::Go { device },
        }
    }

    /// What couriers do.
    fn courier(&mut self, device: DeviceNo) -> Step {
        let touched = self.faults.network && self.chance(5);
        let touched = touched.then(|| self.rng.usize(..));
        match self.rng.u8(..10) {
            0..3 => Step::Export { device },
            3..6 => Step::Deliver { which: self.rng.usize(..), touched },
            _ => {
                let dies = self.faults.crashes && self.chance(10);
                let dies = dies.then(|| self.rng.usize(..12));
                Step::Import { device, which: self.rng.usize(..), touched, dies }
            }
        }
    }

    /// What may befall a session under way.
    fn trouble(&mut self, device: DeviceNo, look: &impl Look) -> Option<Step> {
        let (network, crashes) = (self.faults.network, self.faults.crashes);
        Some(match self.rng.u16(..1000) {
            0..20 if network => Step::Lose { device },
            20..28 if network => Step::Cut { device, at: self.rng.usize(..) },
            28..40 if network => Step::Repeat { device },
            40 if crashes && self.chance(50) => Step::Crash { device, origin: self.rng.u64(1..) },
            61..64 if look.versions() > 1 => self.upgrade(device, look)?,
            // Just what pruning must leave.
            41..61 if self.prunes && self.faults.copies && look.unsure(device) => Step::Prune { device },
            _ => return None,
        })
    }

    fn whose_turn(&mut self, devices: usize) -> DeviceNo {
        let (both, left) = self.copied;
        if left == 0 || self.rng.bool() {
            return self.rng.usize(..devices);
        }
        self.copied.1 -= 1;
        self.one(&both)
    }

    /// A file is copied, mostly with something to send, and both write and send for a while. Often one of them takes back what
    /// both still have to send, so that it comes to nothing there.
    fn copy(&mut self, device: DeviceNo, look: &impl Look) -> Step {
        let copy = look.devices();
        self.copied = ([device, copy], 60);
        let step = Step::Copy { device, origin: self.rng.u64(1..) };
        let counted = if self.chance(70) { self.counted(look.shown(device)) } else { None };
        let Some((counts, takes_back)) = counted else { return step };
        if self.chance(70) {
            let device = self.one(&[device, copy]);
            self.queue.push(Step::Write { device, writes: vec![takes_back], undone: false });
        }
        self.queue.push(step);
        Step::Write { device, writes: vec![counts], undone: false }
    }

    /// A device becomes of a later version, or the hub: mostly the hub is first.
    fn upgrade(&mut self, device: DeviceNo, look: &impl Look) -> Option<Step> {
        let (last, hubs, own) = (look.versions() as u32, look.hubs_schema().number, look.schema(device).number);
        let hub = hubs < last && self.chance(if own > hubs { 30 } else { 12 });
        if hub {
            return Some(Step::HubUpgrade { to: self.rng.u32(hubs + 1..=last) });
        }
        let most = if self.chance(10) { last } else { hubs };
        if own >= most {
            return None;
        }
        let (to, at) = (self.rng.u32(own + 1..=most), self.rng.usize(..));
        if self.faults.crashes && self.chance(25) {
            return Some(Step::CutUpgrade { device, to, at });
        }
        Some(Step::Upgrade { device, to, origin: self.rng.u64(1..) })
    }

    fn watch(&mut self) -> Watch {
        let far = |rng: &mut Rng| rng.i64(-CENTURY..=CENTURY);
        match self.rng.u8(..10) {
            0..4 => Watch::Off(self.rng.i64(-2_000..2_000)),
            4..5 => Watch::Off(self.rng.i64(-1_000_000..1_000_000)),
            5..7 => Watch::Off(far(&mut self.rng)),
            7..9 => Watch::Still(BEGINNING.saturating_add_signed(far(&mut self.rng))),
            _ => Watch::Backwards(BEGINNING.saturating_add_signed(far(&mut self.rng)), self.now),
        }
    }

    fn resolve(&mut self, look: &impl Look) -> Option<Step> {
        let conflicts = look.conflicts();
        let c = self.rng.choice(&conflicts)?;
        let spec = look.hubs_schema().field(c.key.0, c.field);
        let fresh = if self.rng.bool() { self.fresh(spec.ty.most()) } else { self.rng.choice(&c.candidates)?.value };
        // Often the reviewer looked when one of the candidates had just come.
        let seen = self.rng.choice(&c.candidates)?.seq;
        let behind = if self.rng.bool() { look.seq().saturating_sub(seen) } else { self.one(&[0, 0, 1, 2, 4]) };
        Some(Step::Resolve { key: c.key, field: c.field, value: fresh, behind })
    }

    pub(super) fn one<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.usize(..among.len())]
    }

    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }
}
