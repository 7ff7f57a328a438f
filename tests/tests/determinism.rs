//! Devices that worked apart, in every order in which they may sync: two of them come to the same, whoever is first.
//! Three do but for one exception, which `docs/merging.md` names: a delete that was refused stays refused, even if what
//! refused it is deleted later. Both the product's core and the oracle are led through every order, and must agree.
//!
//! The exception is recognised by what it may change, and counted; any other difference fails.
//!
//! `WINDROW_HISTORIES` says how many, `WINDROW_SEED` from which seed on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use windrow_tests::bare::{self, Beside, Conflict};
use windrow_tests::history::generate::{History, Manner};
use windrow_tests::history::world::Drawn;
use windrow_tests::oracle::device::Device;
use windrow_tests::oracle::fold::End;
use windrow_tests::oracle::log::{Wall, Write, Wrote};
use windrow_tests::oracle::schema::{Deletes, OnDelete, Schema};
use windrow_tests::oracle::session::Synced;
use windrow_tests::oracle::{self, Key, Value, View};

/// What a hub shows, and leaves to people.
type Shown = (View, BTreeSet<Conflict>);

/// A hub with which devices sync.
trait Hub: Clone {
    fn sync(&mut self, device: &mut Device) -> Result<(), String>;
    fn shown(&self) -> Result<Shown, String>;
}

#[derive(Clone)]
struct Oracle(oracle::hub::Hub, Drawn);

impl Hub for Oracle {
    fn sync(&mut self, device: &mut Device) -> Result<(), String> {
        match device.sync(&mut self.0, &mut self.1, None, |_| ()) {
            Ok(Synced::Applied) => Ok(()),
            other => Err(format!("a session ended as {other:?}")),
        }
    }

    fn shown(&self) -> Result<Shown, String> {
        let choices = |c: &oracle::hub::Conflict| c.candidates.iter().map(|c| (c.hlc, c.value)).collect();
        let open = self.0.conflicts().iter().map(|c| (c.key, c.field, choices(c))).collect();
        Ok((self.0.view(), open))
    }
}

impl Hub for bare::Hub {
    fn sync(&mut self, device: &mut Device) -> Result<(), String> {
        bare::Hub::sync(self, device)
    }

    fn shown(&self) -> Result<Shown, String> {
        Ok((self.view(), self.conflicts()?))
    }
}

/// Devices that all know the same, and then worked apart.
struct Apart {
    schema: Rc<Schema>,
    oracle: Oracle,
    core: bare::Hub,
    devices: Vec<Device>,
}

impl Apart {
    fn new(seed: u64, devices: usize) -> Result<Apart, String> {
        let mut both = Beside::new(History::new(seed, devices, Manner::Any));
        let mut n = 0;
        let mut step = |both: &mut Beside, step| {
            n += 1;
            both.step(n, &step, |_, _, _| Ok(()))
        };
        while let Some(next) = both.history.next(&both.world) {
            step(&mut both, next)?;
        }
        for next in both.history.quiet() {
            step(&mut both, next)?;
        }
        for device in 0..devices {
            for _ in 0..=(seed / 7 + device as u64) % 5 {
                if let Some(next) = both.history.write_step(device, &both.world) {
                    step(&mut both, next)?;
                }
            }
        }
        let oracle = Oracle(both.world.hub, both.world.drawn);
        Ok(Apart { schema: both.history.schema(), oracle, core: both.hub, devices: both.world.devices })
    }

    /// Where it comes to in this order, and where it would have come to, had nobody needed for a while what another deleted.
    fn outcome<H: Hub>(&self, mut hub: H, order: &[usize]) -> Result<(Shown, Shown), String> {
        let mut devices = self.devices.clone();
        let (mut asked, mut refused) = (BTreeSet::new(), BTreeSet::new());
        for no in order {
            asked.extend(self.asked(*no));
            hub.sync(&mut devices[*no])?;
            let (view, _) = hub.shown()?;
            refused.extend(asked.iter().filter(|key| self.needed(&view, **key, &mut Vec::new())));
        }
        for no in order.iter().chain(order) {
            hub.sync(&mut devices[*no])?;
        }
        let shown = hub.shown()?;
        if let Some(no) = devices.iter().position(|device| device.rows != shown.0) {
            let (difference, done) = (difference(&devices[no].rows, &shown.0), self.done());
            return Err(format!(
                "in the order {order:?} device {no} and the hub show {difference:#?}\nwhat was done: {done}"
            ));
        }
        self.ask_again(&refused, &mut devices[0]);
        hub.sync(&mut devices[0])?;
        Ok((shown, hub.shown()?))
    }

    /// What each device sends, for people to read.
    fn done(&self) -> String {
        let changes = self.devices.iter().enumerate().flat_map(|(no, device)| {
            let changes = device.stage(0, false).changes.into_iter();
            changes.map(move |c| format!("\ndevice {no}: {:?} {:?} {:?} again {}", c.key, c.end, c.fields, c.again))
        });
        changes.collect()
    }

    /// What a device deleted and nobody else's edit keeps alive: nothing but a record that needs it refuses such a delete.
    fn asked(&self, no: usize) -> BTreeSet<Key> {
        let deleted = self.devices[no].stage(0, false).changes.into_iter().filter(|c| c.end == End::Delete);
        let edits = |no: usize, key| {
            let session = self.devices[no].stage(0, false);
            session.changes.iter().any(|c| c.key == key && c.end == End::Alive)
        };
        let others = |key: Key| (0..self.devices.len()).filter(|other| *other != no).any(|other| edits(other, key));
        let dies = |key: &Key| self.schema.table(key.0).deletes == Deletes::Drop || !others(*key);
        deleted.map(|c| c.key).filter(dies).collect()
    }

    /// Whether it lives and a record that lives needs it: by `restrict`, straight or through `cascade`.
    fn needed(&self, view: &View, key: Key, met: &mut Vec<Key>) -> bool {
        if met.contains(&key) || !view[key.0].contains_key(&key.1) {
            return false;
        }
        met.push(key);
        self.schema.children(key.0).any(|e| {
            let mut below = view[e.child].iter().filter(|(_, row)| row[e.field] == Value::Ref(key.1));
            match e.on_delete {
                OnDelete::Restrict => below.next().is_some(),
                OnDelete::Cascade => below.any(|(id, _)| self.needed(view, (e.child, *id), met)),
                OnDelete::SetNull => false,
            }
        })
    }

    /// Deletes again what may be deleted now.
    fn ask_again(&self, refused: &BTreeSet<Key>, device: &mut Device) {
        let mut left: Vec<Key> = refused.iter().copied().filter(|k| device.rows[k.0].contains_key(&k.1)).collect();
        loop {
            let before = left.len();
            left.retain(|(table, id)| {
                device.write(&Write::Delete { table, id: *id }, &mut Wall(1 << 40)) == Wrote::Refused
            });
            if left.len() == before {
                return;
            }
        }
    }
}

fn orders(devices: usize) -> Vec<Vec<usize>> {
    if devices == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(devices - 1);
    let with = |at: usize| {
        shorter.iter().map(move |order| {
            let mut order = order.clone();
            order.insert(at, devices - 1);
            order
        })
    };
    (0..devices).flat_map(with).collect()
}

/// How the orders compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// All come to the same.
    Equal,
    /// They differ by deletes that were refused for the sake of what was deleted later, and by nothing else.
    RefusedForTheDead,
}

fn compare<H: Hub>(apart: &Apart, hub: &H, seen: &mut Vec<Shown>) -> Result<Verdict, String> {
    let orders = orders(apart.devices.len());
    let outcomes = orders.iter().map(|order| apart.outcome(hub.clone(), order)).collect::<Result<Vec<_>, _>>()?;
    let (shown, asked_again): (Vec<Shown>, Vec<Shown>) = outcomes.into_iter().unzip();
    seen.extend(shown.iter().cloned());
    let differs = |all: &[Shown]| all.iter().position(|one| *one != all[0]);
    let Some(at) = differs(&shown) else { return Ok(Verdict::Equal) };
    match differs(&asked_again) {
        None => Ok(Verdict::RefusedForTheDead),
        Some(again) => Err(format!(
            "the orders {:?} and {:?} come to {:#?}\nand, deleted again, {:?} to {:#?}\nwhat was done: {}",
            orders[0],
            orders[at],
            difference(&shown[0].0, &shown[at].0),
            orders[again],
            difference(&asked_again[0].0, &asked_again[again].0),
            apart.done(),
        )),
    }
}

/// The records that two show differently.
fn difference(one: &View, other: &View) -> Vec<String> {
    let mut found = Vec::new();
    for (table, records) in one {
        let ids: BTreeSet<_> = records.keys().chain(other[table].keys()).collect();
        for id in ids {
            let (a, b) = (records.get(id), other[table].get(id));
            if a != b {
                found.push(format!("{table} {id}: {a:?} and {b:?}"));
            }
        }
    }
    found
}

/// Runs so many histories of so many devices; those in which the order matters, by how.
fn run(devices: usize, default: u64) -> BTreeMap<Verdict, Vec<u64>> {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_HISTORIES", default));
    let (mut failed, mut verdicts) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for seed in first..first + count {
        match judge(seed, devices) {
            Ok(Verdict::Equal) => {}
            Ok(verdict) => verdicts.entry(verdict).or_default().push(seed),
            Err(why) => failed.push((seed, why)),
        }
    }
    for (seed, why) in failed.iter().take(3) {
        eprintln!("seed {seed}: {why}");
    }
    println!("{devices} devices, {count} histories: the order matters in {verdicts:?}");
    assert!(failed.is_empty(), "{} of {count} histories failed", failed.len());
    verdicts
}

fn judge(seed: u64, devices: usize) -> Result<Verdict, String> {
    let apart = Apart::new(seed, devices)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let verdict = compare(&apart, &apart.core, &mut ours).map_err(|why| format!("the core: {why}"))?;
    let expected = compare(&apart, &apart.oracle, &mut theirs).map_err(|why| format!("the oracle: {why}"))?;
    match ours == theirs && verdict == expected {
        true => Ok(verdict),
        false => Err("the core and the oracle come to different ends".into()),
    }
}

#[test]
fn two_devices_come_to_the_same_whoever_is_first() {
    let verdicts = run(2, 400);
    assert!(verdicts.is_empty(), "a delete refused for the dead takes three: {verdicts:?}");
}

#[test]
fn three_devices_come_to_the_same_but_for_the_one_exception() {
    run(3, 150);
}
