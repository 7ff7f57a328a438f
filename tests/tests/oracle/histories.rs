//! Random histories of the oracle alone. `WINDROW_HISTORIES` says how many, `WINDROW_SEED` from which seed on.

use std::collections::BTreeMap;
use windrow_tests::history::generate::{History, Manner};
use windrow_tests::history::world::World;
use windrow_tests::history::{Step, generate::Look};
use windrow_tests::oracle::log::{Entry, Op};
use windrow_tests::oracle::schema::{Deletes, Strategy};
use windrow_tests::oracle::session::Synced;
use windrow_tests::oracle::{Key, Origin, Value};

const DEVICES: usize = 4;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().expect("a number"))
}

/// Runs so many histories and names every seed that fails.
pub(super) fn each_seed(mut run: impl FnMut(u64) -> Result<(), String>) {
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_HISTORIES", 300));
    let failed: Vec<_> = (first..first + count).filter_map(|seed| run(seed).err().map(|why| (seed, why))).collect();
    for (seed, why) in failed.iter().take(5) {
        eprintln!("seed {seed}: {why}");
    }
    assert!(failed.is_empty(), "{} of {count} histories failed", failed.len());
}

struct Run {
    history: History,
    world: World,
    origins: Origin,
}

impl Run {
    fn new(seed: u64, devices: usize, manner: Manner) -> Run {
        let history = History::new(seed, devices, manner);
        // Spread, so that a later origin is not always the higher one.
        let origins: Vec<_> = (1..=devices as u64).map(spread).collect();
        let world = World::new(history.schema(), &origins);
        Run { history, world, origins: devices as u64 }
    }

    fn take(&mut self, step: &Step) -> Result<Option<Synced>, String> {
        self.origins += 1;
        let device = match step {
            Step::Write { device, .. } | Step::Sync { device, .. } | Step::Reopen { device } => *device,
            Step::Resolve { .. } => 0,
        };
        let synced = self.world.take(step, self.history.clock(device), spread(self.origins));
        synced.map_err(|why| format!("{step:?}: {why:?}"))
    }

    /// The whole history, references looked at after each step, and the quiet rounds.
    fn finish(&mut self) -> Result<(), String> {
        while let Some(step) = self.history.next(&self.world) {
            self.take(&step)?;
            self.references_are_whole().map_err(|why| format!("{why} after {step:?}"))?;
        }
        self.history.quiet().iter().try_for_each(|step| self.take(step).map(drop))
    }

    fn references_are_whole(&self) -> Result<(), String> {
        let schema = self.history.schema();
        let torn = (0..self.world.devices.len()).find(|d| !schema.whole(&self.world.shown(*d)));
        if let Some(device) = torn {
            return Err(format!("a dangling reference on device {device}"));
        }
        if schema.whole(&self.world.hub.view()) { Ok(()) } else { Err("a dangling reference at the hub".into()) }
    }

    fn all_agree(&self) -> Result<(), String> {
        for (no, device) in self.world.devices.iter().enumerate() {
            if device.rows != self.world.hub.view() {
                return Err(format!(
                    "device {no} differs from the hub:\n{:?}\n{:?}",
                    device.rows,
                    self.world.hub.view()
                ));
            }
            if !device.idle() {
                return Err(format!("device {no} still has pending writes"));
            }
        }
        Ok(())
    }

    /// All that was ever written, by record.
    fn written(&self) -> BTreeMap<Key, Vec<&Entry>> {
        let mut written = BTreeMap::<_, Vec<_>>::new();
        for entry in self.world.devices.iter().flat_map(|d| &d.log) {
            written.entry(entry.key).or_default().push(entry);
        }
        written
    }

    /// Every sum counts each delta once, every `lww` field is the last write. Records that were inserted again are judged
    /// by their convergence.
    fn writes_count(&self) -> Result<(), String> {
        for (key, log) in self.written() {
            let inserts = log.iter().filter(|e| matches!(e.op, Op::Insert(_))).count();
            if inserts == 1 {
                self.fields_count(key, &log)?;
            }
        }
        Ok(())
    }

    fn fields_count(&self, key: Key, log: &[&Entry]) -> Result<(), String> {
        let (schema, view) = (self.history.schema(), self.world.hub.view());
        let table = schema.table(key.0);
        let kept = view[key.0].contains_key(&key.1) && table.deletes != Deletes::Drop;
        for field in &table.fields {
            let Some(held) = self.world.hub.held(key, field.name) else { continue };
            let writes: Vec<_> = log.iter().filter_map(|e| Some((e.hlc, value(&e.op, field.name)?))).collect();
            let last = writes.iter().map(|(hlc, _)| *hlc).max();
            let right = match field.strategy {
                Strategy::Sum => held.number() == writes.iter().map(|(_, v)| v.number()).sum::<i64>(),
                // Two authors may have one reading: then either may be the last.
                Strategy::Lww if kept && field.parent.is_none() => {
                    writes.iter().any(|(hlc, v)| Some(*hlc) == last && *v == held)
                }
                _ => true,
            };
            if !right {
                return Err(format!("{key:?}.{} is {held:?}, written was {writes:?}", field.name));
            }
        }
        Ok(())
    }
}

fn spread(n: u64) -> Origin {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn value(op: &Op, field: &str) -> Option<Value> {
    match op {
        Op::Insert(values) | Op::Update(values) => values.get(field).copied(),
        Op::Delete(_) | Op::Cascade(..) | Op::Stale(..) | Op::Resolve(..) => None,
    }
}

#[test]
fn all_devices_end_like_the_hub_and_no_write_is_lost_or_doubled() {
    each_seed(|seed| {
        let mut run = Run::new(seed, DEVICES, Manner::Any);
        run.finish()?;
        run.all_agree()?;
        run.writes_count()
    });
}

#[test]
fn with_nobody_else_a_session_changes_nothing() {
    each_seed(|seed| {
        let mut run = Run::new(seed, 1, Manner::Alone);
        for session in 0..4 {
            for _ in 0..seed % 11 + 1 {
                if let Some(step) = run.history.write_step(0, &run.world) {
                    run.take(&step)?;
                }
            }
            let before = run.world.shown(0);
            run.take(&Step::Sync { device: 0, lost: None, meanwhile: Vec::new() })?;
            if run.world.shown(0) != before || run.world.hub.view() != before {
                return Err(format!("session {session} changed what its only device wrote"));
            }
        }
        Ok(())
    });
}
