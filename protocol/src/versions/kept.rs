//! What a hub of an earlier version kept of a record, as a hub of the last version keeps it.

use super::{Kept, Version};
use crate::clock::{DeviceId, Hlc, Seq};
use crate::model::{Deletes, Field, FieldIx, OnDelete, Schema, Strategy, Table, TableIx};
use crate::record::{Candidate, PackError, Record, Register};
use crate::value::Value;

/// A record that was kept by an earlier version.
#[derive(Debug, Clone, PartialEq)]
pub struct Migrated {
    /// It, as the last version keeps it.
    pub record: Record,
    /// Whether it shows, or says of its conflicts, what devices have not heard: then it is of the migration's seq.
    pub news: bool,
}

impl Version {
    /// Whether the hub keeps the records of a table, given as the last version numbers it, as it kept them then.
    pub fn keeps(&self, table: TableIx, last: &Schema) -> bool {
        let Some(then) = self.table_then(table) else { return true };
        let in_place = |kept: &Kept| {
            kept.fields.iter().enumerate().all(|(at, now)| *now == Some(at)) && kept.passed.iter().all(Option::is_none)
        };
        let alike =
            |a: &Table, b: &Table| (a.name, a.deletes, a.whole, a.fields) == (b.name, b.deletes, b.whole, b.fields);
        self.kept(then).is_none_or(in_place) && alike(self.schema.table(then), last.table(table))
    }

    /// Whether scopes are found by the same way as they were then.
    pub fn keeps_scopes(&self, last: &Schema) -> bool {
        let roots = |(then, now): (TableIx, TableIx)| self.schema.table(then).scope == last.table(now).scope;
        let parents = |(then, now): (TableIx, TableIx)| {
            let before = self.schema.parents(then).iter().map(|edge| self.kept(then)?.field(edge.field));
            before.eq(last.parents(now).iter().map(|edge| Some(edge.field)))
        };
        self.tables().all(|table| roots(table) && parents(table))
    }

    /// A record of a table, given as the last version numbers it, from the bytes that this version packed. `row`: what its
    /// row shows now, whatever where it is dead. `seq`: the migration's, for what devices have not heard.
    ///
    /// # Errors
    /// Bytes that are no record of that table.
    pub fn record(
        &self,
        table: TableIx,
        last: &Table,
        packed: &[u8],
        row: Vec<Value>,
        seq: Seq,
    ) -> Result<Migrated, PackError> {
        let then = self.table_then(table).and_then(|then| Some((then, self.kept(then)?)));
        let (then, kept) = then.ok_or_else(|| PackError(format!("{} is new", last.name)))?;
        let before = self.schema.table(then);
        // Of a field that is gone nothing is shown any more, and nothing of it is kept.
        let value = |now: &Option<FieldIx>| now.and_then(|now| row.get(now).cloned()).unwrap_or_default();
        let record = Record::unpack(before, packed, Some(kept.fields.iter().map(value).collect()))?;
        Ok(Moving { before, last, kept, seq, news: false }.moved(record, row))
    }
}

/// A record on its way.
struct Moving<'a> {
    before: &'a Table,
    last: &'a Table,
    kept: &'a Kept,
    seq: Seq,
    news: bool,
}

impl Moving<'_> {
    fn moved(mut self, mut record: Record, row: Vec<Value>) -> Migrated {
        let mut registers: Vec<Option<Register>> = std::mem::take(&mut record.fields).into_iter().map(Some).collect();
        let conflicts = |r: &[Option<Register>]| r.iter().flatten().filter(|r| r.open).count();
        let open = conflicts(&registers);
        for (at, field) in self.last.fields.iter().enumerate() {
            let from = self.kept.field_then(at).and_then(|then| Some((then, registers.get_mut(then)?.take()?)));
            let shows = row.get(at).filter(|_| record.alive);
            record.fields.push(match from {
                Some((then, register)) => self.register(then, field, register, record.alive),
                None => fresh(field, record.life, shows),
            });
        }
        let told = record.clashes.len() + usize::from(record.undone.is_some()) + open;
        record.clashes.retain_mut(|(field, _)| self.clash(field));
        if self.last.deletes != Deletes::Review {
            record.undone = None;
        }
        let left = record.fields.iter().filter(|r| r.open).count();
        if record.clashes.len() + usize::from(record.undone.is_some()) + left != told {
            (record.conflicts_seq, self.news) = (self.seq, true);
        }
        record.cascaded &= self.last.fields.iter().any(|f| takes_along(f, OnDelete::Cascade));
        Migrated { record, news: self.news }
    }

    /// A field that stays, by the rules that it has now.
    fn register(&mut self, then: FieldIx, now: &Field, mut register: Register, alive: bool) -> Register {
        let before = &self.before.fields[then];
        if register.nulled && !takes_along(now, OnDelete::SetNull) {
            // Nobody brings back any more what it named.
            (register.nulled, register.value) = (false, Value::Null);
        }
        if let Some(default) = self.kept.passed[then].map(Value::from) {
            values(&mut register).filter(|value| value.is_null()).for_each(|value| *value = default.clone());
            // The row does not tell any more whether it showed NULL; who knows the value hears it again.
            if alive && register.value == default {
                (register.seq, register.own, self.news) = (self.seq, false, true);
            }
        }
        match (before.strategy, now.strategy) {
            (Strategy::Review, Strategy::Review) => {}
            (_, Strategy::Review) if register.stamp.hlc > Hlc::ZERO => {
                let Register { value, stamp, seq, .. } = &register;
                register.candidates =
                    vec![Candidate { value: value.clone(), stamp: *stamp, device: DeviceId::ZERO, seq: *seq }];
            }
            _ => (register.candidates, register.open) = (Vec::new(), false),
        }
        if !matches!(now.strategy, Strategy::Max | Strategy::Min) || before.strategy != now.strategy {
            register.former = Vec::new();
        }
        register
    }

    fn clash(&self, field: &mut FieldIx) -> bool {
        let now = self.kept.field(*field).filter(|now| self.last.fields[*now].unique);
        *field = now.unwrap_or(*field);
        now.is_some()
    }
}

/// All values that a field holds.
fn values(register: &mut Register) -> impl Iterator<Item = &mut Value> {
    let candidates = register.candidates.iter_mut().map(|c| &mut c.value);
    let former = register.former.iter_mut().map(|f| &mut f.value);
    std::iter::once(&mut register.value).chain(candidates).chain(former)
}

/// A new field: what its row shows, and of a dead record its default, as if it had always been there.
fn fresh(field: &Field, life: Seq, shows: Option<&Value>) -> Register {
    let default = || field.default.map_or(Value::Null, Value::from);
    Register { value: shows.cloned().unwrap_or_else(default), ..Register::fresh(field, life) }
}

fn takes_along(field: &Field, on_delete: OnDelete) -> bool {
    field.parent.is_some_and(|parent| parent.on_delete == on_delete)
}
