//! Draws the steps of a world, one by one, from what its devices show.

use super::plan::Faults;
use super::schema::{LEDGER, Role, Schema, VAULT};
use super::step::{BEGINNING, CENTURY, DeviceNo, Step, Watch};
use crate::oracle::hub::Conflict;
use crate::oracle::log::Write;
use crate::oracle::schema::{Field, OnDelete, Strategy, Table};
use crate::oracle::{Id, Row, Value, View};
use fastrand::Rng;
use std::rc::Rc;

/// What drawing needs to see.
pub trait Look {
    /// How many devices there are.
    fn devices(&self) -> usize;
    /// What a device shows.
    fn shown(&self, device: DeviceNo) -> &View;
    /// Whether a device's session is under way.
    fn talks(&self, device: DeviceNo) -> bool;
    /// What the hub would have a reviewer decide.
    fn conflicts(&self) -> Vec<Conflict>;
    /// How many files of devices, and of the hub, were put aside.
    fn aside(&self) -> (usize, usize);
}

/// A world's steps: a pure function of its seed and of what the devices show.
#[derive(Debug)]
pub struct Script {
    rng: Rng,
    schema: Rc<Schema>,
    faults: Faults,
    now: u64,
    /// Counts the values: no two writes of a wide field write the same.
    count: i64,
    /// Records that were deleted, some of which are inserted again.
    trash: Vec<(&'static str, Id, Row)>,
    /// Whether ids resemble each other.
    near: bool,
    /// Percent of writes that are inserts.
    inserts: u8,
}

/// Records of one table on a device, beyond which few are added.
const MANY: usize = 14;

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
        let (near, inserts) = (rng.bool(), rng.u8(8..=30));
        Script { rng, schema, faults, now: BEGINNING, count: 0, trash: Vec::new(), near, inserts }
    }

    /// What comes next.
    pub fn next(&mut self, look: &impl Look) -> Step {
        let device = self.rng.usize(..look.devices());
        let rare = self.rng.u16(..1000);
        if rare < 60
            && let Some(step) = self.rare(rare, device, look)
        {
            return step;
        }
        let talks = look.talks(device);
        let step = if talks { self.trouble(device) } else { None };
        step.unwrap_or_else(|| {
            let write = self.chance(if talks { 10 } else { 45 });
            let write = if write { self.transaction(device, look.shown(device)) } else { None };
            write.unwrap_or(Step::Go { device })
        })
    }

    fn rare(&mut self, which: u16, device: DeviceNo, look: &impl Look) -> Option<Step> {
        let faults = self.faults;
        Some(match which {
            0..8 => self.resolve(&look.conflicts())?,
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
            33..35 => Step::Dismiss { device },
            35 if faults.copies && self.chance(20) => Step::Prune { device },
            37 if faults.copies && self.chance(50) => Step::Backup { device },
            42 if faults.copies && self.chance(50) && look.aside().0 > 0 => {
                Step::Restore { device, which: self.rng.usize(..), origin: self.rng.u64(1..) }
            }
            45 if faults.copies && self.chance(20) && look.devices() < 24 => {
                Step::Copy { device, origin: self.rng.u64(1..) }
            }
            46 if faults.restores && self.chance(30) => Step::HubBackup,
            48 if faults.restores && self.chance(15) && look.aside().1 > 0 => {
                Step::HubRestore { which: self.rng.usize(..) }
            }
            _ => return None,
        })
    }

    /// What may befall a session under way.
    fn trouble(&mut self, device: DeviceNo) -> Option<Step> {
        let (network, crashes) = (self.faults.network, self.faults.crashes);
        Some(match self.rng.u16(..1000) {
            0..20 if network => Step::Lose { device },
            20..28 if network => Step::Cut { device, at: self.rng.usize(..) },
            28..40 if network => Step::Repeat { device },
            40 if crashes && self.chance(50) => Step::Crash { device, origin: self.rng.u64(1..) },
            _ => return None,
        })
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

    fn resolve(&mut self, conflicts: &[Conflict]) -> Option<Step> {
        let c = self.rng.choice(conflicts)?;
        let spec = self.schema.field(c.key.0, c.field);
        let fresh = if self.rng.bool() { self.fresh(spec.ty.most()) } else { self.rng.choice(&c.candidates)?.value };
        let behind = self.one(&[0, 0, 1, 2, 4]);
        Some(Step::Resolve { key: c.key, field: c.field, value: fresh, behind })
    }

    fn one<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.usize(..among.len())]
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// A transaction of one write or several.
    fn transaction(&mut self, device: DeviceNo, shown: &View) -> Option<Step> {
        let count = self.one(&[1, 1, 1, 1, 2, 3]);
        let undone = self.chance(3);
        let writes: Vec<Write> = match count {
            1 => self.write(shown).into_iter().collect(),
            count => {
                let mut shown = shown.clone();
                (0..count).filter_map(|_| self.next_write(&mut shown)).collect()
            }
        };
        (!writes.is_empty()).then_some(Step::Write { device, writes, undone })
    }

    /// Draws a write and does to `shown` what it does first, so that another one can follow it unseen.
    fn next_write(&mut self, shown: &mut View) -> Option<Write> {
        let write = self.write(shown)?;
        let (table, id) = write.key();
        let records = shown.entry(table).or_default();
        match &write {
            Write::Insert { values, .. } | Write::Update { values, .. } => {
                let empty = self.schema.plain.table(table).empty();
                records.entry(id).or_insert(empty).extend(values.iter().map(|(f, v)| (*f, *v)));
            }
            Write::Delete { .. } => {
                records.remove(&id);
            }
        }
        Some(write)
    }

    /// A write that may be done where this is shown.
    pub fn write(&mut self, shown: &View) -> Option<Write> {
        if self.chance(4) {
            return self.insert_again(shown);
        }
        let schema = self.schema.clone();
        let at = self.rng.usize(..schema.tables.len());
        let (table, spec) = (&schema.plain.tables()[at], &schema.tables[at]);
        let records = &shown[table.name];
        let inserts = if records.len() < MANY { self.inserts.max(if records.len() < 3 { 40 } else { 0 }) } else { 2 };
        let drawn = self.rng.u8(..100);
        let Some((id, row)) = self.pick(records).filter(|_| drawn >= inserts) else {
            return self.insert(table, shown);
        };
        if drawn >= 92 && spec.role == Role::Any {
            self.trash.push((table.name, id, row.clone()));
            return Some(Write::Delete { table: table.name, id });
        }
        Some(self.update(table, id, row, shown))
    }

    fn pick<'a>(&mut self, records: &'a std::collections::BTreeMap<Id, Row>) -> Option<(Id, &'a Row)> {
        if records.is_empty() {
            return None;
        }
        let at = self.rng.usize(..records.len());
        records.iter().nth(at).map(|(id, row)| (*id, row))
    }

    fn insert_again(&mut self, shown: &View) -> Option<Write> {
        let at = self.rng.usize(..self.trash.len().max(1));
        let (table, id, mut values) = self.trash.get(at)?.clone();
        if shown[table].contains_key(&id) {
            return None;
        }
        let schema = self.schema.clone();
        for f in schema.plain.table(table).fields.iter().filter(|f| f.parent.is_none()) {
            if self.rng.bool() {
                let value = self.value(table, f, f.empty(), shown)?;
                values.insert(f.name, value);
            }
        }
        Some(Write::Insert { table, id, values })
    }

    fn insert(&mut self, table: &Table, shown: &View) -> Option<Write> {
        let mut values = Row::new();
        for f in &table.fields {
            let value = match f.parent {
                Some((parent, on_delete)) => self.parent(table, f, parent, on_delete, shown)?,
                None => self.value(table.name, f, f.empty(), shown)?,
            };
            values.insert(f.name, value);
        }
        let id = self.id();
        Some(Write::Insert { table: table.name, id, values })
    }

    /// None where no parent is here and one is required.
    fn parent(&mut self, of: &Table, f: &Field, parent: &str, on_delete: OnDelete, shown: &View) -> Option<Value> {
        let nullable = self.schema.field(of.name, f.name).nullable;
        let rootless = parent == of.name || on_delete == OnDelete::SetNull;
        match self.pick(&shown[parent]) {
            Some((id, _)) if !(rootless && nullable && self.chance(40)) => Some(Value::Ref(id)),
            _ => nullable.then_some(Value::Null),
        }
    }

    fn update(&mut self, table: &Table, id: Id, row: &Row, shown: &View) -> Write {
        let count = if self.chance(75) { 1 } else { 2 };
        let fields = self.rng.choose_multiple(table.fields.iter(), count);
        let values = fields.into_iter().filter_map(|f| {
            let value = match f.parent {
                Some((parent, on_delete)) => self.parent(table, f, parent, on_delete, shown),
                None => self.value(table.name, f, row[f.name], shown),
            };
            Some((f.name, value?))
        });
        Write::Update { table: table.name, id, values: values.collect() }
    }

    /// A value that is not a reference.
    fn value(&mut self, table: &str, f: &Field, now: Value, shown: &View) -> Option<Value> {
        let spec = self.schema.field(table, f.name);
        if f.strategy == Strategy::Sum {
            return Some(Value::Int(now.number().saturating_add(self.difference(table))));
        }
        if table == LEDGER || table == VAULT {
            return Some(self.fresh(spec.ty.most()));
        }
        if spec.nullable && self.chance(6) {
            return Some(Value::Null);
        }
        if spec.unique && self.chance(60) {
            return Some(Value::Int(self.rng.i64(0..=9)));
        }
        // What somebody else wrote, once more: equal values are not the same write.
        if self.chance(5) {
            let other = self.pick(&shown[table]).map(|(_, row)| row[f.name]);
            return other.filter(|v| spec.nullable || *v != Value::Null).or(Some(Value::Int(0)));
        }
        Some(match f.strategy {
            Strategy::Max | Strategy::Min => Value::Int(self.rng.i64(0..=spec.ty.most())),
            _ => self.fresh(spec.ty.most()),
        })
    }

    fn difference(&mut self, table: &str) -> i64 {
        match table {
            LEDGER => self.rng.i64(1..1 << 44),
            VAULT if self.faults.refusals && self.chance(25) => {
                self.rng.i64(2_000_000_000_000_000_000..4_000_000_000_000_000_000)
                    * if self.rng.bool() { 1 } else { -1 }
            }
            _ => self.rng.i64(-1_000..1_500),
        }
    }

    /// A value that nobody has written before, where the type has room.
    fn fresh(&mut self, most: i64) -> Value {
        self.count += 1;
        Value::Int(if most < 1_000_000 { self.rng.i64(0..=most) } else { self.count })
    }

    fn id(&mut self) -> Id {
        let bits = self.rng.u128(..);
        if !self.near {
            return bits;
        }
        // As a device makes them: the time, and few random bits at the end.
        let time = u128::from(self.now & 0xffff_ffff_ffff) << 80;
        time | 0x7000_8000_0000_0000_0000 | bits & 0xfff
    }
}
