//! Draws the steps of a history, one by one, from what the devices show.

use super::domain::{Policies, pick};
use super::{DeviceNo, Step};
use crate::oracle::hub::Conflict;
use crate::oracle::log::{Wall, Write};
use crate::oracle::schema::{Field, OnDelete, Schema, Strategy, Table};
use crate::oracle::session::Lost;
use crate::oracle::{Id, Row, Value, View};
use fastrand::Rng;
use std::rc::Rc;

/// What a history needs to see of those whom it leads.
pub trait Look {
    /// What a device shows.
    fn shown(&self, device: DeviceNo) -> View;
    /// What the hub would have a reviewer decide.
    fn conflicts(&self) -> Vec<Conflict>;
}

/// One random history: a pure function of its seed and of what the devices show.
#[derive(Debug)]
pub struct History {
    rng: Rng,
    schema: Rc<Schema>,
    manner: Manner,
    /// Of each device, its clock's offset in milliseconds, or none: a dead battery starts in 1970.
    offsets: Vec<Option<i64>>,
    now: u64,
    left: usize,
    made: u128,
    /// Of each device, what it deleted. Some of it is inserted again.
    trash: Vec<Vec<(&'static str, Id, Row)>>,
}

/// What kind of history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Anything that can happen.
    Any,
    /// Nothing that loses against one's own earlier write: a lone device shows what the hub holds.
    Alone,
}

/// Sessions of each device after which everyone is in sync, once nobody writes any more.
pub const QUIET_ROUNDS: usize = 3;

impl History {
    /// The history of this seed, among so many devices.
    pub fn new(seed: u64, devices: usize, manner: Manner) -> History {
        let mut rng = Rng::with_seed(seed);
        let schema = Rc::new(Policies::draw(&mut rng).schema());
        let clocks = [Some(0), Some(0), Some(0), Some(-500), Some(500), Some(5_000), None];
        let offsets = (0..devices).map(|_| pick(&mut rng, &clocks)).collect();
        let left = rng.usize(20..=80);
        History { rng, schema, manner, offsets, now: 1_000_000, left, made: 0, trash: vec![Vec::new(); devices] }
    }

    /// Its tables.
    pub fn schema(&self) -> Rc<Schema> {
        self.schema.clone()
    }

    /// How many devices it has.
    pub fn devices(&self) -> usize {
        self.offsets.len()
    }

    /// What a device's clock shows now.
    pub fn clock(&self, device: DeviceNo) -> Wall {
        Wall(self.offsets[device].map_or(0, |off| self.now.saturating_add_signed(off)))
    }

    /// What the clock of a step's device shows now.
    pub fn clock_of(&self, step: &Step) -> Wall {
        match step {
            Step::Write { device, .. } | Step::Sync { device, .. } | Step::Reopen { device } => self.clock(*device),
            Step::Resolve { .. } => self.clock(0),
        }
    }

    /// What comes next; none once the history is over and only quiet sessions are left.
    pub fn next(&mut self, look: &impl Look) -> Option<Step> {
        self.left = self.left.checked_sub(1)?;
        self.now += self.rng.u64(0..=20);
        let device = self.rng.usize(..self.devices());
        if self.chance(5)
            && let Some(step) = self.resolve(&look.conflicts())
        {
            return Some(step);
        }
        if self.chance(2) {
            return Some(Step::Reopen { device });
        }
        let write = if self.chance(65) { self.write(device, &mut look.shown(device)) } else { None };
        Some(write.map_or_else(|| self.session(device, look), |write| Step::Write { device, write }))
    }

    /// The steps that end a history: every device syncs a few times, and nobody writes.
    pub fn quiet(&mut self) -> Vec<Step> {
        let round = || (0..self.devices()).map(|device| Step::Sync { device, lost: None, meanwhile: Vec::new() });
        (0..QUIET_ROUNDS).flat_map(|_| round()).collect()
    }

    /// A write that this device might do now, if it can do any.
    pub fn write_step(&mut self, device: DeviceNo, look: &impl Look) -> Option<Step> {
        self.now += 1;
        self.write(device, &mut look.shown(device)).map(|write| Step::Write { device, write })
    }

    fn session(&mut self, device: DeviceNo, look: &impl Look) -> Step {
        let lost = pick(&mut self.rng, &[None, None, None, Some(Lost::Prepare), Some(Lost::Commit), Some(Lost::Pull)]);
        let count = if self.chance(30) { self.rng.usize(0..=3) } else { 0 };
        let mut shown = look.shown(device);
        let meanwhile = (0..count).filter_map(|_| self.write(device, &mut shown)).collect();
        Step::Sync { device, lost, meanwhile }
    }

    fn resolve(&mut self, conflicts: &[Conflict]) -> Option<Step> {
        let c = self.rng.choice(conflicts)?;
        let value = if self.rng.bool() { Value::Int(77) } else { self.rng.choice(&c.candidates)?.value };
        let behind = pick(&mut self.rng, &[0, 0, 1, 2, 4]);
        Some(Step::Resolve { key: c.key, field: c.field, value, behind })
    }

    /// Draws a write and does to `shown` what it does first, so that another one can follow it unseen.
    fn write(&mut self, device: DeviceNo, shown: &mut View) -> Option<Write> {
        let write = if self.chance(6) { self.insert_again(device, shown) } else { self.fresh_write(shown) }?;
        let (table, id) = write.key();
        let records = shown.entry(table).or_default();
        match &write {
            Write::Insert { values, .. } | Write::Update { values, .. } => {
                let empty = self.schema.table(table).empty();
                records.entry(id).or_insert(empty).extend(values.iter().map(|(f, v)| (*f, *v)));
            }
            Write::Delete { .. } => {
                self.trash[device].extend(records.remove(&id).map(|row| (table, id, row)));
            }
        }
        Some(write)
    }

    fn fresh_write(&mut self, shown: &View) -> Option<Write> {
        let schema = self.schema.clone();
        let table = self.rng.choice(schema.tables())?;
        let found = self.rng.choice(shown[table.name].iter());
        match (self.rng.u8(..100), found) {
            (0..35, _) | (_, None) => self.insert(table, shown),
            (80.., Some((id, _))) if table.name != "ledger" => Some(Write::Delete { table: table.name, id: *id }),
            (_, Some((id, row))) => Some(self.update(table, *id, row, shown)),
        }
    }

    fn insert_again(&mut self, device: DeviceNo, shown: &View) -> Option<Write> {
        let (table, id, row) = self.rng.choice(&self.trash[device])?.clone();
        let mut values = row;
        if self.rng.bool() {
            let schema = self.schema.clone();
            values.extend(self.numbers(schema.table(table), 50));
        }
        (!shown[table].contains_key(&id)).then_some(Write::Insert { table, id, values })
    }

    fn insert(&mut self, table: &Table, shown: &View) -> Option<Write> {
        let mut values = self.numbers(table, 100);
        for f in &table.fields {
            let Some((parent, on_delete)) = f.parent else { continue };
            match self.rng.choice(shown[parent].keys()) {
                Some(id) if parent != table.name || self.rng.bool() => {
                    values.insert(f.name, Value::Ref(*id));
                }
                _ if parent == table.name || on_delete == OnDelete::SetNull => {}
                _ => return None,
            }
        }
        self.made += 1;
        Some(Write::Insert { table: table.name, id: id(self.made), values })
    }

    /// Values for some percent of a new record's numbers.
    fn numbers(&mut self, table: &Table, percent: u8) -> Row {
        let mut values = Row::new();
        for f in table.fields.iter().filter(|f| f.parent.is_none()) {
            if self.chance(percent) {
                let most = if f.strategy == Strategy::Sum { 5 } else { 99 };
                values.insert(f.name, Value::Int(self.rng.i64(0..=most)));
            }
        }
        values
    }

    fn update(&mut self, table: &Table, id: Id, row: &Row, shown: &View) -> Write {
        let count = if self.chance(80) { 1 } else { 2 };
        let fields = self.rng.choose_multiple(table.fields.iter(), count);
        let values = fields.into_iter().filter_map(|f| Some((f.name, self.value(f, row[f.name], shown)?))).collect();
        Write::Update { table: table.name, id, values }
    }

    fn value(&mut self, f: &Field, now: Value, shown: &View) -> Option<Value> {
        if let Some((parent, _)) = f.parent {
            return self.rng.choice(shown[parent].keys()).map(|id| Value::Ref(*id));
        }
        let any = Value::Int(self.rng.i64(0..=99));
        Some(match f.strategy {
            Strategy::Sum => Value::Int(now.number() + self.rng.i64(-3..=5)),
            Strategy::Max if self.manner == Manner::Alone => any.max(now),
            Strategy::Min if self.manner == Manner::Alone && now != Value::Null => any.min(now),
            _ if self.manner == Manner::Any && self.chance(5) => Value::Null,
            _ => any,
        })
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }
}

/// The id of the n-th record: 16 bytes that look like nothing in particular, no two alike.
pub fn id(n: u128) -> Id {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}
