//! Keeps account of writes through copies and restores, and judges what is left of them.

use std::collections::{BTreeMap, BTreeSet};
use windrow_tests::oracle::device::Device;
use windrow_tests::oracle::hub::Hub;
use windrow_tests::oracle::message::Session;
use windrow_tests::oracle::schema::{Deletes, Schema, Strategy};
use windrow_tests::oracle::{Hlc, Id, Key, Origin, Value};

/// The number of a write of which account is kept.
pub(super) type Deed = u64;

/// A device's file, with the account of what it did and saw.
#[derive(Clone)]
pub(super) struct File {
    pub(super) device: Device,
    pub(super) did: BTreeSet<(Deed, Key)>,
    /// What had been done when it staged its changeset.
    pub(super) sent: Vec<Deed>,
    /// What the hub had when it last applied an answer.
    pub(super) seen: BTreeSet<Deed>,
}

impl File {
    pub(super) fn new(device: Device) -> File {
        File { device, did: BTreeSet::new(), sent: Vec::new(), seen: BTreeSet::new() }
    }

    /// All that its user had seen.
    pub(super) fn saw(&self) -> BTreeSet<Deed> {
        self.seen.iter().copied().chain(self.did.iter().map(|(n, _)| *n)).collect()
    }
}

#[derive(Default)]
pub(super) struct Judge {
    /// What the hub has.
    pub(super) committed: BTreeSet<Deed>,
    /// Which power of four a write added to its ledger.
    pub(super) digits: BTreeMap<Deed, u32>,
    /// What a write to a ledger replaced on its device.
    pub(super) replaced: BTreeMap<Deed, Value>,
    /// Of each slip, what the authors of its deletes had seen.
    pub(super) deletes: BTreeMap<Id, Vec<BTreeSet<Deed>>>,
    /// Whether anything was pruned: then what a restored hub lost may be gone for good.
    pub(super) pruned: bool,
    meant: BTreeMap<(Origin, Hlc, &'static str), (Key, Value)>,
}

impl Judge {
    /// A commit that says something. I4: author and stamp of a value never mean two.
    pub(super) fn commits(&mut self, file: &File, session: &Session, schema: &Schema) -> Result<(), String> {
        self.committed.extend(&file.sent);
        for c in &session.changes {
            for (field, w) in c.fields.iter().filter(|(f, _)| schema.strategy(c.key.0, f) != Strategy::Sum) {
                let (stamp, now) = ((session.author, w.hlc, *field), (c.key, w.value));
                let was = *self.meant.entry(stamp).or_insert(now);
                if was != now {
                    return Err(format!("I4: {stamp:?} meant {was:?}, now {now:?}"));
                }
            }
        }
        Ok(())
    }

    /// What is wrong once everyone has synced.
    pub(super) fn end(&self, files: &[File], hub: &Hub, schema: &Schema) -> Result<(), String> {
        for (no, File { device, .. }) in files.iter().enumerate() {
            if device.rows != hub.view() {
                return Err(format!("I6: device {no} differs from the hub:\n{:?}\n{:?}", device.rows, hub.view()));
            }
            if !device.idle() {
                return Err(format!("I13: device {no} has pending writes"));
            }
        }
        let done: BTreeSet<(Deed, Key)> = files.iter().flat_map(|f| f.did.iter().copied()).collect();
        let ledgers = done.iter().filter(|(_, key)| key.0 == "ledger").copied().collect();
        if !self.pruned {
            self.deleted_as_seen(&done, hub, schema)?;
            self.counted(&ledgers, hub)?;
            self.latest(&ledgers, hub)?;
        }
        nothing_twice(hub)
    }

    /// I7: an edit dies only by a delete whose author had seen it, unless the delete wins.
    fn deleted_as_seen(&self, done: &BTreeSet<(Deed, Key)>, hub: &Hub, schema: &Schema) -> Result<(), String> {
        if schema.table("slip").deletes == Deletes::Drop {
            return Ok(());
        }
        let living = &hub.view()["slip"];
        for (n, key) in done.iter().filter(|(_, key)| key.0 == "slip" && hub.knows(*key)) {
            let deletes = self.deletes.get(&key.1).into_iter().flatten();
            if !living.contains_key(&key.1) && !deletes.into_iter().any(|seen| seen.contains(n)) {
                return Err(format!("I7: edit {n} of {key:?} was deleted unseen"));
            }
        }
        Ok(())
    }

    /// I1, I10: each write of a file that is left counts once.
    fn counted(&self, ledgers: &BTreeSet<(Deed, Key)>, hub: &Hub) -> Result<(), String> {
        for (n, key) in ledgers {
            let Some(total) = hub.held(*key, "total") else { return Err(format!("I1: {key:?} is lost")) };
            if digit(total, self.digits[n]) != 1 {
                return Err(format!("I10: write {n} to {key:?} is lost or doubled: {:#x}", total.number()));
            }
        }
        Ok(())
    }

    /// I9: what is shown was not replaced, as far as the files that are left know.
    fn latest(&self, ledgers: &BTreeSet<(Deed, Key)>, hub: &Hub) -> Result<(), String> {
        let mut todo: Vec<Deed> = ledgers.iter().map(|(n, _)| *n).collect();
        let mut beaten = BTreeSet::new();
        while let Some(n) = todo.pop() {
            let older = self.replaced.get(&n).map(|v| v.number() as Deed);
            todo.extend(older.filter(|n| beaten.insert(*n)));
        }
        let shown = hub.view()["ledger"].values().map(|row| row["last"].number() as Deed).collect::<Vec<_>>();
        match shown.iter().find(|n| beaten.contains(n)) {
            Some(n) => Err(format!("I9: {n} is shown, which was replaced")),
            None => Ok(()),
        }
    }
}

fn digit(total: Value, at: u32) -> i64 {
    total.number() >> (2 * at) & 3
}

/// I10: nothing counts twice, not even what only lost files had written.
fn nothing_twice(hub: &Hub) -> Result<(), String> {
    let doubled = |row: &&windrow_tests::oracle::Row| (0..32).any(|at| digit(row["total"], at) > 1);
    match hub.view()["ledger"].values().find(doubled) {
        Some(row) => Err(format!("I10: doubled: {row:?}")),
        None => Ok(()),
    }
}
