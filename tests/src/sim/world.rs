//! A world: a hub and its devices, each beside its twin, led step by step.

use super::bundles::Couriers;
use super::device::Device;
use super::draw::Look;
use super::files::{Place, Template};
use super::hub::{Hub, Keeping};
use super::ledger::{Lineage, Posted};
use super::network::{Sent, Talk, Way};
use super::peer::{Mind, Peer};
use super::plan::Plan;
use super::purse::Purses;
use super::reader::Reader;
use super::schema::Schema;
use super::stats::Stats;
use super::step::{BEGINNING, DeviceNo, Step, Watch};
use super::tables::Statements;
use super::{Fault, judge, twin};
use crate::oracle::hub::Conflict;
use crate::oracle::{Hlc, Seq, View};
use fastrand::Rng;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use windrow::Timestamp;
use windrow_protocol::pace::{MOST_CHUNK, Pace};

/// Requests that may arrive again, at most.
const REMEMBERED: usize = 48;

/// A world.
pub struct World {
    /// What may go wrong in it.
    pub plan: Plan,
    /// Its tables in all versions, the oldest first.
    pub versions: Vec<Rc<Schema>>,
    /// The version of the hub's program.
    pub schema: Rc<Schema>,
    /// The hub.
    pub hub: Hub,
    /// Its twin.
    pub twin: twin::Hub,
    /// The devices.
    pub peers: Vec<Peer>,
    /// What was counted.
    pub stats: Stats,
    /// Requests that were sent, and may arrive again.
    pub sent: Vec<Sent>,
    /// All that was ever posted to a ledger, of files that were replaced.
    pub posted: Vec<Rc<Posted>>,
    /// The time, in milliseconds since 1970.
    pub now: u64,
    /// The ids of the twins' sessions.
    pub sessions: u64,
    /// How many steps were taken.
    pub steps: u64,
    /// Whether the first device alone writes.
    pub lone: bool,
    /// One of so many devices keeps its version to the end.
    pub(super) laggards: usize,
    /// Who reads a device's file meanwhile.
    pub(super) reader: Option<Reader>,
    /// What couriers have with them, in worlds that have any.
    pub(super) couriers: Option<Couriers>,
    /// What devices have spent today, in worlds where some have a budget.
    pub(super) purses: Option<Purses>,
    watch: Watch,
    /// By version.
    statements: Vec<Rc<Statements>>,
    pub(super) place: Place,
    files: Vec<(PathBuf, Mind)>,
    hubs: Vec<(PathBuf, twin::Hub)>,
}

impl Look for World {
    fn devices(&self) -> usize {
        self.peers.len()
    }

    fn shown(&self, device: DeviceNo) -> &View {
        &self.peers[device].twin.rows
    }

    fn schema(&self, device: DeviceNo) -> &Rc<Schema> {
        &self.peers[device].schema
    }

    fn hubs_schema(&self) -> &Rc<Schema> {
        &self.schema
    }

    fn versions(&self) -> usize {
        self.versions.len()
    }

    fn talks(&self, device: DeviceNo) -> bool {
        self.peers[device].talk.is_some()
    }

    fn unsure(&self, device: DeviceNo) -> bool {
        self.peers[device].twin.is_unsure()
    }

    fn seq(&self) -> Seq {
        self.twin.hub.seq
    }

    fn conflicts(&self) -> Vec<Conflict> {
        let mut open = self.twin.hub.conflicts();
        // The oracle decides one field at a time.
        open.retain(|c| !self.schema.table(c.key.0).whole);
        open
    }

    fn aside(&self) -> (usize, usize) {
        (self.files.len(), self.hubs.len())
    }
}

impl World {
    /// The world that this draws.
    ///
    /// # Errors
    /// What the product says.
    pub fn new(rng: &mut Rng, seed: u64, template: &Template, plan: &Plan) -> Result<World, Fault> {
        let versions = template.versions.clone();
        let statements: Vec<_> = versions.iter().map(|schema| Rc::new(Statements::new(schema))).collect();
        let schema = versions[0].clone();
        let mut place = Place::new(seed % plan.on_disk.max(1) == 1)?;
        let forever = Duration::from_secs(1 << 38);
        let keeping = Keeping {
            staged: if plan.faults.expiry { Duration::from_secs(rng.u64(1..100_000)) } else { forever },
            outcomes: if plan.faults.copies { Duration::from_secs(rng.u64(1..100_000)) } else { forever },
            page: *rng.choice(&[4, 15, 60, 2_000, 2_000]).unwrap_or(&4),
        };
        let file = place.copy(&template.hub())?;
        let hub = Hub::open(file, schema.clone(), statements[0].clone(), keeping)?;
        let twin = twin::Hub::new(schema.clone(), keeping);
        let count = match rng.u8(..10) {
            0..6 => rng.usize(3..=6),
            6..9 => rng.usize(6..=12),
            _ => rng.usize(12..=20),
        };
        let mut world = World {
            plan: plan.clone(),
            versions,
            schema,
            hub,
            twin,
            peers: Vec::new(),
            stats: Stats::default(),
            sent: Vec::new(),
            posted: Vec::new(),
            now: BEGINNING,
            sessions: 0,
            steps: 0,
            lone: false,
            laggards: 0,
            reader: None,
            couriers: if plan.bundles { Some(Couriers::new()?) } else { None },
            purses: plan.poor.then(Purses::default),
            watch: Watch::Off(0),
            statements,
            place,
            files: Vec::new(),
            hubs: Vec::new(),
        };
        for number in 1..=count.clamp(*plan.devices.start(), *plan.devices.end()) as u64 {
            let version = if world.versions.len() > 1 { *rng.choice(&[0, 0, 0, 1]).unwrap_or(&0) } else { 0 };
            let schema = world.versions[version].clone();
            let file = world.place.copy(&template.device(&schema))?;
            Device::number(&file, number)?;
            world.join(file, schema, rng.u64(1..))?;
        }
        if world.versions.len() > 1 {
            world.laggards = *rng.choice(&[1, 2, 100]).unwrap_or(&1);
        }
        Ok(world)
    }

    fn join(&mut self, file: PathBuf, schema: Rc<Schema>, origin: u64) -> Result<(), Fault> {
        let (schema, statements) = self.version(&schema);
        let device = Device::open(file, schema.clone(), statements, origin)?;
        let twin = crate::oracle::device::Device::new(schema.plain.clone(), origin);
        self.peers.push(Peer {
            device,
            twin,
            inbox: None,
            pages: 0,
            sending: None,
            watch: Watch::Off(0),
            lineage: Lineage::default(),
            loose: false,
            overflowed: 0,
            dismissed: 0,
            schema,
            talk: None,
            pace: None,
            exported: Vec::new(),
        });
        Ok(())
    }

    /// A version, as programs have it.
    pub(super) fn version(&self, of: &Schema) -> (Rc<Schema>, Rc<Statements>) {
        let at = of.number as usize - 1;
        (self.versions[at].clone(), self.statements[at].clone())
    }

    /// What the hub's clock shows.
    pub fn hub_time(&self) -> u64 {
        self.watch.reading(self.now)
    }

    /// Whether this step's costlier comparisons are made.
    pub fn looks_closer(&self, one_in: u64) -> bool {
        self.steps.is_multiple_of(one_in)
    }

    /// Takes a step.
    ///
    /// # Errors
    /// What must not be.
    pub fn take(&mut self, step: &Step) -> Result<(), Fault> {
        self.steps += 1;
        self.now += 1;
        let here = |device: &DeviceNo| *device < self.peers.len();
        if self.looks_closer(64) {
            self.reader_sees_the_same()?;
        }
        match step {
            Step::Write { device, writes, undone } if here(device) => self.write(*device, writes, *undone),
            Step::DeleteAlone { device, key } if here(device) => self.delete_alone(*device, *key),
            Step::Decide { device, which, how } if here(device) => self.decide(*device, *which, *how),
            Step::Go { device } if here(device) => self.go(*device).map(drop),
            Step::Lose { device } if here(device) => self.lose(*device),
            Step::Cut { device, at } if here(device) => self.cut(*device, *at),
            Step::Repeat { device } if here(device) => self.repeat(*device),
            Step::Old { which } => self.old(*which),
            Step::Crash { device, origin } if here(device) => self.crash(*device, *origin),
            Step::HubCrash => self.hub_crash(),
            Step::Resolve { .. } => self.resolve(step),
            Step::Wait { millis } => {
                self.now += millis;
                Ok(())
            }
            Step::Clock { device, watch } if here(device) => {
                self.stats.clocks += 1;
                self.peers[*device].watch = *watch;
                Ok(())
            }
            Step::HubClock { watch } => {
                self.stats.clocks += 1;
                self.watch = *watch;
                Ok(())
            }
            Step::Prune { device } if here(device) => self.prune(*device),
            Step::Dismiss { device } if here(device) => self.dismiss(*device),
            Step::Resubmit { device } if here(device) => self.resubmit(*device),
            Step::Read { device } if here(device) => self.read(*device),
            Step::Reuse { which, of } => self.reuse(*which, *of),
            Step::Backup { device } if here(device) => self.backup(*device),
            Step::Restore { device, which, origin } if here(device) => self.restore(*device, *which, *origin),
            Step::Copy { device, origin } if here(device) => self.copy(*device, *origin),
            Step::HubBackup => self.hub_backup(),
            Step::Upgrade { device, to, origin } if here(device) => self.upgrade(*device, *to, *origin),
            Step::CutUpgrade { device, to, at } if here(device) => self.cut_upgrade(*device, *to, *at),
            Step::HubUpgrade { to } => self.hub_upgrade(*to),
            Step::HubRestore { which } => self.hub_restore(*which),
            Step::Export { device } if here(device) => self.export(*device),
            Step::Deliver { which, touched } => self.deliver(*which, *touched),
            Step::Import { device, which, touched, dies } if here(device) => {
                self.import(*device, *which, (*touched, *dies))
            }
            _ => Ok(()),
        }
    }

    /// The application writes.
    pub(super) fn write(
        &mut self,
        device: DeviceNo,
        writes: &[crate::oracle::log::Write],
        undone: bool,
    ) -> Result<(), Fault> {
        let now = self.now;
        let peer = &mut self.peers[device];
        if peer.write(writes, undone, now)? {
            self.stats.writes += 1;
            peer.talk.iter_mut().for_each(|t| t.written = true);
        }
        if self.looks_closer(16) { self.device_shows(device) } else { Ok(()) }
    }

    /// Whether a device shows what its twin shows, without a dangling reference.
    ///
    /// # Errors
    /// What differs.
    pub fn device_shows(&self, device: DeviceNo) -> Result<(), Fault> {
        let peer = &self.peers[device];
        peer.device.shows(&peer.twin.rows)?;
        let hlc = peer.device.hlc()?;
        if hlc != peer.twin.hlc {
            return Err(format!("I18: the device's last stamp is {hlc}, not {}", peer.twin.hlc));
        }
        match peer.loose || peer.schema.plain.whole(&peer.twin.rows) {
            true => Ok(()),
            false => Err("I8: a reference dangles on the device".into()),
        }
    }

    /// The same of the hub.
    ///
    /// # Errors
    /// What differs.
    pub fn hub_shows(&self) -> Result<(), Fault> {
        self.hub.shows(&self.twin.view).map_err(|why| format!("the hub: {why}"))?;
        match self.schema.plain.whole(&self.twin.view) {
            true => Ok(()),
            false => Err("I8: a reference dangles at the hub".into()),
        }
    }

    fn crash(&mut self, device: DeviceNo, origin: u64) -> Result<(), Fault> {
        self.stats.crashes += 1;
        let peer = &mut self.peers[device];
        (peer.talk, peer.pace) = (None, None);
        self.reader_goes(device);
        let peer = &mut self.peers[device];
        peer.device.crash(&mut self.place, origin)?;
        peer.twin.open(origin);
        self.device_shows(device)
    }

    fn hub_crash(&mut self) -> Result<(), Fault> {
        self.stats.crashes += 1;
        let file = self.hub.copy(&mut self.place)?;
        self.hub.restart(&mut self.place, file)?;
        self.hub_shows()
    }

    fn resolve(&mut self, step: &Step) -> Result<(), Fault> {
        let Step::Resolve { key, field, value, behind } = step else { return Ok(()) };
        if !self.twin.hub.conflicts().iter().any(|c| c.key == *key && c.field == *field) {
            return Ok(());
        }
        self.stats.resolved += 1;
        let base = self.twin.hub.seq.saturating_sub(*behind);
        let sql = self.schema.field(key.0, field).ty.sql(*value);
        self.hub.set_clock(self.hub_time());
        let (at, hlc) = self.hub.resolve(*key, field, judge::protocol(sql), base)?;
        let expected = self.twin.resolve(*key, field, *value, base, self.hub_time(), at.mark.0);
        if (at.seq.bits(), hlc) != (self.twin.hub.seq, expected) {
            return Err(format!("a decision took {} and {hlc}, expected {} and {expected}", at.seq, self.twin.hub.seq));
        }
        self.hub_shows()
    }

    fn prune(&mut self, device: DeviceNo) -> Result<(), Fault> {
        let peer = &mut self.peers[device];
        // The oracle prunes while nothing is to be said.
        if peer.twin.speaks(false) {
            return Ok(());
        }
        self.stats.unsure += u64::from(peer.twin.is_unsure());
        let upto = peer.watch.reading(self.now);
        let pruned = peer.device.store().prune(Timestamp::from_millis(upto as i64), Duration::ZERO);
        self.stats.pruned += pruned.map_err(|e| e.to_string())?;
        peer.twin.prune(upto << 15);
        // Whatever no mark vouches for may have to be sent again.
        let left = peer.device.stamps()?;
        match peer.twin.log.iter().find(|e| !left.contains(&e.hlc)) {
            Some(entry) => Err(format!("I15: {entry:?} was pruned, and no mark vouches for it")),
            None => Ok(()),
        }
    }

    fn backup(&mut self, device: DeviceNo) -> Result<(), Fault> {
        let peer = &self.peers[device];
        let file = peer.device.copy(&mut self.place)?;
        self.files.push((file, peer.mind()));
        Ok(())
    }

    fn restore(&mut self, device: DeviceNo, which: usize, origin: u64) -> Result<(), Fault> {
        if self.files.is_empty() {
            return Ok(());
        }
        self.stats.restored += 1;
        self.reader_goes(device);
        let (file, mind) = &self.files[which % self.files.len()];
        let (file, mut mind) = (self.place.copy(file)?, mind.clone());
        // The program stays, unless the file is of a later version: then there is a program that made it.
        mind.migrate(&self.versions, &self.peers[device].schema);
        let version = self.version(&mind.schema);
        let peer = &mut self.peers[device];
        self.posted.extend_from_slice(peer.lineage.posted());
        peer.mind_is(mind);
        peer.device.replace(&mut self.place, file, version, origin)?;
        peer.twin.open(origin);
        self.device_shows(device)
    }

    fn copy(&mut self, device: DeviceNo, origin: u64) -> Result<(), Fault> {
        self.stats.copied += 1;
        let (file, mind) = (self.peers[device].device.copy(&mut self.place)?, self.peers[device].mind());
        let watch = self.peers[device].watch;
        self.join(file, self.peers[device].schema.clone(), origin)?;
        let last = self.peers.len() - 1;
        self.peers[last].mind_is(mind);
        self.peers[last].twin.open(origin);
        self.peers[last].watch = watch;
        self.device_shows(last)
    }

    fn hub_backup(&mut self) -> Result<(), Fault> {
        let file = self.hub.copy(&mut self.place)?;
        self.hubs.push((file, self.twin.clone()));
        Ok(())
    }

    fn hub_restore(&mut self, which: usize) -> Result<(), Fault> {
        if self.hubs.is_empty() {
            return Ok(());
        }
        self.stats.hub_restored += 1;
        let (file, twin) = &self.hubs[which % self.hubs.len()];
        let file = self.place.copy(file)?;
        let restamped = std::mem::replace(&mut self.twin, twin.clone()).restamped;
        self.twin.restamped.extend(restamped);
        self.hub.restart(&mut self.place, file)?;
        self.hub_follows()?;
        self.hub_shows()
    }

    /// Remembers a request: it may arrive again.
    pub fn remember(&mut self, sent: Sent) {
        if self.sent.len() == REMEMBERED {
            self.sent.remove(0);
        }
        self.sent.push(sent);
    }

    /// All faults stop: what is under way is given up.
    pub fn calm(&mut self) {
        self.sent.clear();
        (self.couriers, self.purses) = (None, None);
        for peer in &mut self.peers {
            peer.talk = None;
        }
    }

    /// A session that begins.
    pub fn start(&mut self, device: DeviceNo) {
        self.stats.sessions += 1;
        let actions = self.peers[device].device.actions();
        // All, three or so, or some more. Each slice is a commit that later questions name, for which little purses have no room.
        let slices = [4 << 20, 300, 1_000];
        let sliced = self.plan.poor && self.left(device) == Some(u64::MAX);
        let actions = if sliced { actions.in_slices(slices[self.now as usize / 7 % 3]) } else { actions };
        // The simulator has no links: its paces stand still.
        let paces = [Pace::default(), Pace::fixed(MOST_CHUNK, 12), Pace::fixed(1_500, 5), Pace::fixed(200, 0)];
        let any =
            if self.plan.poor { paces[(self.now % paces.len() as u64) as usize].clone() } else { Pace::default() };
        let mut pace = self.peers[device].pace.clone().unwrap_or(any);
        pace.limit(self.left(device).unwrap_or(0));
        self.peers[device].talk = Some(Talk::start(actions, pace));
    }

    /// What is on its way to or from a device is lost, and its session with it.
    fn lose(&mut self, device: DeviceNo) -> Result<(), Fault> {
        let talk = &mut self.peers[device].talk;
        if talk.as_ref().is_some_and(|t| !matches!(t.way, Way::Free)) {
            self.stats.lost += 1;
            *talk = None;
        }
        Ok(())
    }

    /// The hub's clock as a stamp.
    pub fn hub_limit(&self) -> Hlc {
        (self.hub_time() + 5 * 60 * 1000) << 15
    }
}
