//! Which changes can't be accepted, whatever else is true: unknown records and parents, values that do not fit.

use super::hold;
use super::world::{Wants, World};
use crate::change::{Change, Changeset, Held, Key, What};
use crate::fold::references;
use crate::id::RecordId;
use crate::log::About;
use crate::message::{Refusal, RefusalCode};
use crate::model::{Field, FieldIx, OnDelete, Schema, Strategy, Table};
use crate::value::Value;
use std::collections::HashSet;

/// Asks for all that the first half of a merge looks at: the records, their parents, and the children of those that begin
/// a new life.
pub(super) fn load(schema: &Schema, changeset: &Changeset, world: &World) -> Result<(), Wants> {
    let mut wanted = HashSet::new();
    let mut wants = Wants::default();
    let mut want = |key: Key, wants: &mut Wants| {
        if !world.has_record(key) && wanted.insert(key) {
            wants.records.push(key);
        }
    };
    for change in &changeset.changes {
        want(change.key(), &mut wants);
        references(schema, change).for_each(|parent| want(parent, &mut wants));
    }
    for held in &changeset.recovery.held {
        want(held.key(), &mut wants);
        hold::references(schema, held).for_each(|parent| want(parent, &mut wants));
    }
    if !wants.is_empty() {
        return Err(wants);
    }
    for change in changeset.changes.iter().filter(|c| c.born && world.record(c.key()).is_some_and(|r| !r.alive)) {
        for edge in schema.children(change.table).iter().filter(|e| e.on_delete != OnDelete::Restrict) {
            let of = (edge.child, edge.field, change.id);
            match world.children(&of) {
                None => wants.children.push(of),
                Some(children) => children.iter().for_each(|id| want((edge.child, *id), &mut wants)),
            }
        }
    }
    if wants.is_empty() { Ok(()) } else { Err(wants) }
}

/// How many refusals one answer brings at most. Equal columns make a hundred thousand changes out of a hundred bytes, and a
/// refusal is a sentence: a request must not be answered by a thousand times its size. The device moves these away and
/// asks again with the rest.
pub const MOST_REFUSALS: usize = 10_000;

/// The changes that break a rule, each once, with the first rule it breaks; the first [`MOST_REFUSALS`] of them.
pub(super) fn refusals(schema: &Schema, changeset: &Changeset, world: &World) -> Vec<Refusal> {
    let born = changeset.changes.iter().filter(|c| c.born).map(Change::key);
    let here = born.chain(changeset.recovery.held.iter().map(Held::key)).collect();
    let offered = changeset.recovery.held.iter().map(Held::key).collect();
    let rules = Rules { schema, world, here, offered };
    let offers = changeset.recovery.held.iter().filter_map(|held| rules.judge_offer(held).err());
    changeset.changes.iter().filter_map(|change| rules.judge(change).err()).chain(offers).take(MOST_REFUSALS).collect()
}

const UNFIT: &str = "its value is not of the field's type or range; correct it";
const REQUIRED: &str = "it is required; give it a value";

/// The first required field that a new record does not have.
fn lacking(table: &Table, has: impl Fn(FieldIx) -> bool) -> Option<FieldIx> {
    let required = |f: &Field| !f.nullable && f.strategy != Strategy::Sum && f.default.is_none();
    (0..table.fields.len()).filter(|field| required(&table.fields[*field])).find(|field| !has(*field))
}

struct Rules<'a> {
    schema: &'a Schema,
    world: &'a World,
    /// Records that come with this changeset.
    here: HashSet<Key>,
    /// Those of them that are offered whole.
    offered: HashSet<Key>,
}

impl Rules<'_> {
    /// A record that is offered whole holds what its table admits, and refers to what somebody has.
    fn judge_offer(&self, held: &Held) -> Result<(), Refusal> {
        let (key, table) = (held.key(), self.schema.table(held.table));
        let refuse = |field, code, rest: &str| Err(refusal(self.schema, key, field, code, rest));
        for (field, value) in &held.values {
            let f = &table.fields[*field];
            if f.strategy == Strategy::Sum || !value.is_null() && !f.kind.admits(value) {
                return refuse(Some(*field), RefusalCode::WrongType, UNFIT);
            }
        }
        let has = |field| held.values.iter().any(|(f, value)| *f == field && !value.is_null());
        if let Some(field) = lacking(table, has) {
            return refuse(Some(field), RefusalCode::Missing, REQUIRED);
        }
        match hold::references(self.schema, held).find(|parent| self.unknown(parent)) {
            Some(parent) => refuse(None, RefusalCode::UnknownParent, &self.unknown_parent(parent)),
            None => Ok(()),
        }
    }

    fn unknown(&self, key: &Key) -> bool {
        !self.here.contains(key) && self.world.record(*key).is_none()
    }

    fn unknown_parent(&self, parent: Key) -> String {
        let table = self.schema.table(parent.0).name;
        format!("it names {table} {}, which nobody knows; insert that record or name another", parent.1)
    }

    fn judge(&self, change: &Change) -> Result<(), Refusal> {
        let key = change.key();
        if self.unknown(&key) {
            return Err(self.refuse(
                change,
                None,
                RefusalCode::UnknownRecord,
                "the hub does not know this record; insert it again",
            ));
        }
        for write in &change.writes {
            match &write.what {
                What::Set(value) => self.value(change, write.field, value, false)?,
                What::Add(_) => self.strategy(change, write.field, true)?,
            }
        }
        for (field, value) in change.resolves.iter().flat_map(|r| &r.chosen) {
            self.value(change, *field, value, true)?;
        }
        self.decisions(change)?;
        self.complete(change)?;
        self.parents(change)
    }

    fn value(&self, change: &Change, field: FieldIx, value: &Value, decided: bool) -> Result<(), Refusal> {
        let f = self.schema.field(change.table, field);
        if !decided {
            self.strategy(change, field, false)?;
        }
        // A reference that a foreign key emptied may come as NULL only where NULL is allowed at all.
        if value.is_null() && !f.nullable {
            return Err(self.refuse(change, Some(field), RefusalCode::Missing, REQUIRED));
        }
        if !value.is_null() && !f.kind.admits(value) {
            return Err(self.refuse(change, Some(field), RefusalCode::WrongType, UNFIT));
        }
        Ok(())
    }

    fn strategy(&self, change: &Change, field: FieldIx, sum: bool) -> Result<(), Refusal> {
        if (self.schema.field(change.table, field).strategy == Strategy::Sum) == sum {
            return Ok(());
        }
        Err(self.refuse(
            change,
            Some(field),
            RefusalCode::WrongStrategy,
            "device and hub declare different strategies; update the device",
        ))
    }

    /// A decision is about something that can be in conflict.
    fn decisions(&self, change: &Change) -> Result<(), Refusal> {
        for resolve in &change.resolves {
            let review = |f: &FieldIx| self.schema.field(change.table, *f).strategy == Strategy::Review;
            let field = match resolve.about {
                About::Fields => resolve.chosen.iter().map(|(f, _)| *f).find(|f| !review(f)),
                About::Unique(f) => Some(f).filter(|f| !self.schema.field(change.table, *f).unique),
                About::Delete => None,
            };
            if field.is_some() {
                return Err(self.refuse(
                    change,
                    field,
                    RefusalCode::WrongStrategy,
                    "this field has no conflicts to resolve",
                ));
            }
        }
        Ok(())
    }

    /// An insert over nothing brings every required field.
    fn complete(&self, change: &Change) -> Result<(), Refusal> {
        // What its writes do not say of a record that is offered whole, the offer says.
        if !change.born || self.offered.contains(&change.key()) {
            return Ok(());
        }
        let table = self.schema.table(change.table);
        let written = |field: FieldIx| {
            change.writes.iter().any(|w| w.field == field)
                || change.resolves.iter().any(|r| r.chosen.iter().any(|(f, _)| *f == field))
        };
        match lacking(table, written) {
            None => Ok(()),
            Some(field) => Err(self.refuse(change, Some(field), RefusalCode::Missing, REQUIRED)),
        }
    }

    fn parents(&self, change: &Change) -> Result<(), Refusal> {
        let Some(parent) = references(self.schema, change).find(|parent| self.unknown(parent)) else { return Ok(()) };
        let named = |value: &Value| matches!(value, Value::Blob(id) if RecordId::from_slice(id) == Some(parent.1));
        let mut edges = self.schema.parents(change.table).iter().filter(|e| e.parent == parent.0);
        let field = edges
            .find(|e| change.writes.iter().any(|w| w.field == e.field && matches!(&w.what, What::Set(v) if named(v))));
        let sentence = self.unknown_parent(parent);
        Err(self.refuse(change, field.map(|e| e.field), RefusalCode::UnknownParent, &sentence))
    }

    fn refuse(&self, change: &Change, field: Option<FieldIx>, code: RefusalCode, rest: &str) -> Refusal {
        refusal(self.schema, change.key(), field, code, rest)
    }
}

/// A refusal whose sentence names the record, the field, the rule and the remedy. Never a value.
pub(super) fn refusal(schema: &Schema, key: Key, field: Option<FieldIx>, code: RefusalCode, rest: &str) -> Refusal {
    let table = schema.table(key.0);
    let field_name = field.map(|f| format!(", field {}", table.fields[f].name)).unwrap_or_default();
    Refusal { key, field, code, sentence: format!("{} {}{field_name}: {rest}", table.name, key.1) }
}
