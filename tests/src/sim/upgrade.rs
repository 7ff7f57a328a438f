//! Programs of later versions open the files of earlier ones: devices and the hub, in any order, in the middle of whatever is
//! under way.

use super::Fault;
use super::network::Way;
use super::schema::Schema;
use super::step::DeviceNo;
use super::talk::point;
use super::world::World;
use crate::oracle::schema::Field;
use crate::oracle::versions::nearest;
use crate::oracle::{Id, Row};
use std::collections::BTreeMap;
use std::rc::Rc;
use windrow::Store;
use windrow::domain::{Domain, Earlier};

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

impl World {
    /// The version of this number, if it is later than that one.
    fn later(&self, than: &Schema, to: u32) -> Option<Rc<Schema>> {
        let found = self.versions.get((to as usize).checked_sub(1)?)?;
        (found.number > than.number).then(|| found.clone())
    }

    /// A device's program is replaced by one of a later version.
    pub(super) fn upgrade(&mut self, device: DeviceNo, to: u32, origin: u64) -> Result<(), Fault> {
        let Some(to) = self.later(&self.peers[device].schema, to) else { return Ok(()) };
        self.stats.upgraded += 1;
        self.reader_goes(device);
        let version = self.version(&to);
        let peer = &mut self.peers[device];
        let (mut mind, left) = (peer.mind(), peer.device.copy(&mut self.place)?);
        mind.migrate(&self.versions, &to);
        peer.mind_is(mind);
        peer.device.replace(&mut self.place, left, version, origin)?;
        peer.twin.open(origin);
        if peer.device.store().migrated().is_none() {
            return Err("a file of an earlier version was opened, and did not migrate".into());
        }
        self.device_shows(device)
    }

    /// A migration fails after some of its statements, as it does where the disk is full: the file is as it was.
    pub(super) fn cut_upgrade(&mut self, device: DeviceNo, to: u32, at: usize) -> Result<(), Fault> {
        let Some(to) = self.later(&self.peers[device].schema, to) else { return Ok(()) };
        let path = self.peers[device].device.copy(&mut self.place)?;
        let Some(broken) = broken(to.domain, self.peers[device].schema.number, at) else { return Ok(()) };
        self.stats.cut_upgrades += 1;
        if Store::open(&path, broken).is_ok() {
            return Err("a migration that fails was taken for done".into());
        }
        let peer = &self.peers[device];
        let left = Store::open(&path, peer.schema.domain).map_err(say)?;
        peer.device.shows_to(&left.connection().map_err(say)?, &peer.twin.rows)?;
        let pending = (left.pending().map_err(say)?, peer.device.store().pending().map_err(say)?);
        if pending.0 != pending.1 {
            return Err(format!("I1: a migration that failed left {} of {} entries pending", pending.0, pending.1));
        }
        drop(left);
        self.place.forget(&path);
        Ok(())
    }

    /// The hub's program is replaced by one of a later version.
    pub(super) fn hub_upgrade(&mut self, to: u32) -> Result<(), Fault> {
        let Some(to) = self.later(&self.schema, to) else { return Ok(()) };
        self.stats.hub_upgraded += 1;
        let (version, file) = (self.version(&to), self.hub.copy(&mut self.place)?);
        (0..self.peers.len()).try_for_each(|device| self.gives_up_pages(device, &to))?;
        self.schema = to;
        self.hub.upgrade(&mut self.place, file, version)?;
        self.hub_follows()?;
        self.hub_shows()
    }

    /// What earlier pages told of a field that goes at the hub, and the last one does not, the twin can't tell. Such a device
    /// forgets what it has of an answer.
    fn gives_up_pages(&mut self, device: DeviceNo, to: &Schema) -> Result<(), Fault> {
        let peer = &mut self.peers[device];
        let answered = peer.talk.as_ref().is_some_and(|t| matches!(t.way, Way::Back(..)) || t.verdict.is_some());
        if peer.pages == 0 && !answered || !loses(&peer.schema, &self.schema, to) {
            return Ok(());
        }
        peer.talk = None;
        peer.device.actions().discard().map_err(say)?;
        (peer.twin.session, peer.sending, peer.inbox, peer.pages) = (None, None, None, 0);
        Ok(())
    }

    /// The hub's file has become of its program's version, and so does the twin.
    pub(super) fn hub_follows(&mut self) -> Result<(), Fault> {
        let steps = steps(&self.versions, &self.twin.schema, &self.schema);
        let head = point(self.hub.head()?);
        self.twin.migrate(steps, head)
    }

    /// The hub's program becomes of the last version, and those of most devices.
    pub(super) fn become_of_the_last(&mut self) -> Result<(), Fault> {
        let (last, laggards) = (self.versions.len() as u32, self.laggards);
        self.hub_upgrade(last)?;
        for device in (0..self.peers.len()).filter(|device| last > 1 && (device + 1) % laggards > 0) {
            self.upgrade(device, last, u64::MAX - device as u64)?;
        }
        Ok(())
    }

    /// Devices of the hub's version ask whether they are equal to it, and are.
    pub(super) fn are_equal(&mut self) -> Result<(), Fault> {
        for device in 0..self.peers.len() {
            if self.versions.len() == 1 || self.peers[device].schema.number < self.schema.number {
                continue;
            }
            self.peers[device].device.store().verify().map_err(say)?;
            self.sync(device)?;
            let status = self.peers[device].device.store().status().map_err(say)?;
            if status.verified.is_none() || status.differed.is_some() {
                return Err(format!("I6: device {device} finds itself not equal to the hub: {status:?}"));
            }
        }
        Ok(())
    }

    /// Whether a device that has applied everything shows what the hub does, as far as its version can.
    pub(super) fn shows_the_hubs(&self, device: DeviceNo) -> Result<(), Fault> {
        let peer = &self.peers[device];
        if peer.schema.number == self.schema.number {
            return if peer.twin.rows == *self.twin.view { Ok(()) } else { Err("it differs".into()) };
        }
        let tables = peer.schema.plain.tables().iter();
        for table in tables.filter(|t| self.schema.has(t.name)) {
            let fields: Vec<&Field> =
                table.fields.iter().filter(|f| self.schema.has_field(table.name, f.name)).collect();
            same(&fields, &peer.twin.rows[table.name], &self.twin.view[table.name])
                .map_err(|why| format!("{}: {why}", table.name))?;
        }
        Ok(())
    }
}

/// The versions that lead from one to a later one.
pub(super) fn steps<'a>(versions: &'a [Rc<Schema>], from: &Schema, to: &Schema) -> &'a [Rc<Schema>] {
    versions.get(from.number as usize..to.number as usize).unwrap_or_default()
}

/// Whether something goes from one version of the hub to another that a device of this one knows.
fn loses(theirs: &Schema, from: &Schema, to: &Schema) -> bool {
    theirs
        .plain
        .tables()
        .iter()
        .any(|t| t.fields.iter().any(|f| from.has_field(t.name, f.name) && !to.has_field(t.name, f.name)))
}

/// Whether a device's records are the hub's, in the fields that both have.
fn same(fields: &[&Field], here: &BTreeMap<Id, Row>, hubs: &BTreeMap<Id, Row>) -> Result<(), Fault> {
    for (id, row) in hubs {
        let shown: Option<Vec<_>> = fields.iter().map(|f| nearest(f, row[f.name])).collect();
        let found = here.get(id).map(|row| fields.iter().map(|f| row[f.name]).collect::<Vec<_>>());
        if shown != found {
            return Err(format!("{id:032x} shows {found:?}, expected {shown:?}"));
        }
    }
    match here.keys().find(|id| !hubs.contains_key(*id)) {
        None => Ok(()),
        Some(id) => Err(format!("{id:032x} is too much")),
    }
}

/// The same domain, but that the migration from this version on fails after some statements.
fn broken(of: &'static Domain, from: u32, at: usize) -> Option<&'static Domain> {
    let mut earlier: Vec<Earlier> = of.earlier.to_vec();
    let last = earlier.len() - 1;
    let migration = &mut earlier.get_mut(from as usize - 1..)?[at % (last + 2 - from as usize)].migration;
    let ends: Vec<usize> = migration.device.match_indices(";\n").map(|(end, _)| end + 1).collect();
    let cut = ends.get(at % ends.len().max(1)).copied().unwrap_or(0);
    migration.device = format!("{}\nSELECT nothing FROM nowhere;", &migration.device[..cut]).leak();
    Some(Box::leak(Box::new(Domain { earlier: earlier.leak(), ..*of })))
}
