//! Draws what applications write, from what their devices show.

use super::draw::Script;
use super::schema::{LARGE, LEDGER, Role, TOTAL, VAULT};
use super::step::{DeviceNo, Step};
use crate::oracle::log::Write;
use crate::oracle::schema::{Field, OnDelete, Strategy, Table};
use crate::oracle::versions::nearest;
use crate::oracle::{Id, Row, Value, View};
use std::collections::BTreeMap;

/// Records of one table on a device, beyond which few are added.
const MANY: usize = 14;

impl Script {
    /// A transaction of one write or several.
    pub(super) fn transaction(&mut self, device: DeviceNo, shown: &View) -> Option<Step> {
        let count = self.one(&[1, 1, 1, 1, 2, 3]);
        let undone = self.chance(3);
        let writes: Vec<Write> = match count {
            _ if self.chance(2) => self.fleeting(shown)?,
            1 if self.chance(15) => vec![self.once_more(device, shown)?],
            1 => self.write(shown).into_iter().collect(),
            count => {
                let mut shown = shown.clone();
                (0..count).filter_map(|_| self.next_write(&mut shown)).collect()
            }
        };
        if let Some(Write::Insert { table, id, values } | Write::Update { table, id, values }) = writes.last() {
            self.last.insert(device, ((table, *id), values.keys().copied().collect()));
        }
        (!writes.is_empty()).then_some(Step::Write { device, writes, undone })
    }

    /// The same fields of the record that was written last, be it that an answer came in between.
    fn once_more(&mut self, device: DeviceNo, shown: &View) -> Option<Write> {
        let ((table, id), mut fields) = self.last.get(&device)?.clone();
        let row = shown.get(table)?.get(&id)?;
        self.rng.shuffle(&mut fields);
        let schema = self.schema.clone();
        let named = |name: &&str| schema.plain.table(table).fields.iter().find(|f| f.name == *name);
        let f = fields.iter().filter_map(named).find(|f| f.parent.is_none())?;
        let value = self.value(table, f, row[f.name], shown)?;
        Some(Write::Update { table, id, values: Row::from([(f.name, value)]) })
    }

    /// Something is added to an amount; and what takes that back.
    pub(super) fn counted(&mut self, shown: &View) -> Option<(Write, Write)> {
        let (id, row) = self.pick(&shown[LEDGER])?;
        let before = row[TOTAL];
        let after = Value::Int(before.number().checked_add(self.difference(LEDGER))?);
        let total = |value| Write::Update { table: LEDGER, id, values: Row::from([(TOTAL, value)]) };
        Some((total(after), total(before)))
    }

    /// A parent that comes and goes in one transaction: a child that the hub knows was moved below it, and goes too or not.
    /// Of all that, the hub hears of the child, which names it.
    fn fleeting(&mut self, shown: &View) -> Option<Vec<Write>> {
        let schema = self.schema.clone();
        let tables = schema.plain.tables().iter();
        let edges: Vec<_> = tables.flat_map(|t| schema.plain.parents(t.name)).collect();
        let e = self.rng.choice(&edges)?;
        let child = self.pick(&shown[e.child])?.0;
        let parent = self.insert(schema.plain.table(e.parent), shown)?;
        let (_, id) = parent.key();
        let moved = Row::from([(e.field, Value::Ref(id))]);
        let mut writes = vec![parent, Write::Update { table: e.child, id: child, values: moved }];
        if e.on_delete == OnDelete::Restrict || self.rng.bool() {
            writes.push(Write::Delete { table: e.child, id: child });
        }
        writes.push(Write::Delete { table: e.parent, id });
        Some(writes)
    }

    /// A record goes without what hangs on it.
    pub(super) fn delete_alone(&mut self, device: DeviceNo, shown: &View) -> Option<Step> {
        let schema = self.schema.clone();
        let tables = schema.plain.tables().iter().zip(&schema.tables).filter(|(_, spec)| spec.role == Role::Any);
        let tables: Vec<_> = tables.map(|(t, _)| t.name).collect();
        let table = self.one(&tables);
        let (id, _) = self.pick(&shown[table])?;
        Some(Step::DeleteAlone { device, key: (table, id) })
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
        // Large amounts are only refused where they meet.
        let large = self.faults.refusals && self.chance(15);
        let at = if large { schema.plain.position(VAULT) } else { self.rng.usize(..schema.tables.len()) };
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

    fn pick<'a>(&mut self, records: &'a BTreeMap<Id, Row>) -> Option<(Id, &'a Row)> {
        if records.is_empty() {
            return None;
        }
        // Some records everybody cares for.
        let at = if self.chance(20) { 0 } else { self.rng.usize(..records.len()) };
        records.iter().nth(at).map(|(id, row)| (*id, row))
    }

    fn insert_again(&mut self, shown: &View) -> Option<Write> {
        let at = self.rng.usize(..self.trash.len().max(1));
        let (table, id, held) = self.trash.get(at)?.clone();
        if shown.get(table)?.contains_key(&id) {
            return None;
        }
        let schema = self.schema.clone();
        let mut values = Row::new();
        for f in &schema.plain.table(table).fields {
            // It may have been deleted where another version is.
            let held = held.get(f.name).copied().unwrap_or_else(|| f.empty());
            values.insert(f.name, nearest(f, held)?);
        }
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
    pub(super) fn value(&mut self, table: &str, f: &Field, now: Value, shown: &View) -> Option<Value> {
        let spec = self.schema.field(table, f.name);
        if f.name == LARGE && self.faults.refusals && self.chance(20) {
            let end = i64::MAX - self.rng.i64(0..1_000);
            return Some(Value::Int(if self.rng.bool() { end } else { -end }));
        }
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
    pub(super) fn fresh(&mut self, most: i64) -> Value {
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
