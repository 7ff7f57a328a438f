//! Versions: what becomes of a device and of a hub when their tables become others, and what they say to each other while they
//! have not the same.
//!
//! A table or a field has one name here in all versions, whatever its file calls it: so nothing needs to follow new names.

use super::device::{Device, table};
use super::hub::Hub;
use super::log::{About, Entry, Op};
use super::message::{Ask, News, Pulled, Session, Told};
use super::record::{Record, Reg};
use super::schema::{Field, Holds, Room, Schema, Strategy, Table};
use super::{Key, Mark, Row, Seq, Value};
use std::rc::Rc;

impl Schema {
    fn find(&self, name: &str) -> Option<&Table> {
        self.tables().iter().find(|t| t.name == name)
    }

    fn has(&self, key: Key) -> bool {
        self.find(key.0).is_some()
    }
}

impl Table {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// A row that a version before held: new fields hold what they do where nobody knew them, and what must be filled now is.
    fn moved(&self, before: &Table, row: &Row) -> Row {
        let value = |f: &Field| match before.field(f.name) {
            None => f.unknown(),
            Some(was) => filled(was, f, row.get(f.name).copied().unwrap_or_else(|| f.empty())),
        };
        self.fields.iter().map(|f| (f.name, value(f))).collect()
    }

    /// The fields of an update: those that are no more are none of it, and new ones neither.
    fn kept(&self, before: &Table, row: &Row) -> Row {
        let kept = row.iter().filter_map(|(name, value)| Some((self.field(name)?, before.field(name)?, *value)));
        kept.map(|(f, was, value)| (f.name, filled(was, f, value))).collect()
    }
}

/// Whether a field may not be empty any more.
fn fills(before: &Field, now: &Field) -> Option<Value> {
    now.holds.default.filter(|_| now.holds.required && !before.holds.required)
}

fn filled(before: &Field, now: &Field, value: Value) -> Value {
    fills(before, now).filter(|_| value == Value::Null).unwrap_or(value)
}

impl Device {
    /// The file's tables become these.
    pub fn migrate(&mut self, to: &Rc<Schema>) {
        let from = std::mem::replace(&mut self.schema, to.clone());
        let before = std::mem::replace(&mut self.rows, to.nothing());
        for (was, now) in both(&from, to) {
            let rows = before[was.name].iter().map(|(id, row)| (*id, now.moved(was, row)));
            table(&mut self.rows, now.name).extend(rows);
        }
        for log in [&mut self.log, &mut self.dropped] {
            *log = std::mem::take(log).into_iter().filter_map(|e| entry(&from, to, e)).collect();
        }
        for records in [&mut self.retell, &mut self.missing, &mut self.withheld] {
            records.retain(|key| to.has(*key));
        }
        self.gained.retain(|name| to.find(name).is_some());
        let gains = |now: &&Table| from.find(now.name).is_none_or(|was| gains(was, now));
        self.gained.extend(to.tables().iter().filter(gains).map(|now| now.name));
        // Whether the hub has it, the hub says.
        self.session = None;
    }
}

/// The tables that both versions have.
fn both<'a>(from: &'a Schema, to: &'a Schema) -> impl Iterator<Item = (&'a Table, &'a Table)> {
    to.tables().iter().filter_map(|now| Some((from.find(now.name)?, now)))
}

/// Whether others may have written to a table what a device of the version before could not hold.
fn gains(before: &Table, now: &Table) -> bool {
    now.fields.iter().any(|f| before.field(f.name).is_none_or(|was| holds_more(&was.holds, &f.holds)))
}

fn holds_more(before: &Holds, now: &Holds) -> bool {
    before.room != now.room || before.required && !now.required
}

/// An entry as the new version logs it; none where it says nothing any more.
fn entry(from: &Schema, to: &Schema, mut e: Entry) -> Option<Entry> {
    let (was, now) = (from.table(e.key.0), to.find(e.key.0)?);
    match &mut e.op {
        Op::Insert(row) | Op::Delete(row) | Op::Cascade(row, _) => *row = now.moved(was, row),
        Op::Update(row) => {
            *row = now.kept(was, row);
            if row.is_empty() {
                return None;
            }
        }
        Op::Stale(field, _) => drop(now.field(field)?),
        Op::Resolve(About::Field(field), value) => *value = filled(was.field(field)?, now.field(field)?, *value),
        Op::Resolve(About::Unique(field), _) => drop(now.field(field)?),
        Op::Resolve(About::Delete, _) => {}
    }
    Some(e)
}

impl Hub {
    /// Its tables become these, one version after the other. Whether it shows what no device has heard of: that is one
    /// commit, which draws this mark.
    pub fn migrate<'a>(&mut self, steps: impl IntoIterator<Item = &'a Rc<Schema>>, mark: Mark) -> bool {
        // Counted, so that each step is taken.
        let news = steps.into_iter().filter(|to| self.step(to)).count() > 0;
        if news {
            self.advance(mark);
        }
        news
    }

    fn step(&mut self, to: &Rc<Schema>) -> bool {
        let from = std::mem::replace(&mut self.schema, to.clone());
        let (mut before, next, mut news) = (std::mem::take(&mut self.rows), self.seq + 1, false);
        self.rows = to.per_table();
        for (was, now) in both(&from, to) {
            let mut records = before.remove(was.name).unwrap_or_default();
            for record in records.values_mut() {
                news |= migrated(record, was, now, next);
            }
            self.rows.insert(now.name, records);
        }
        news
    }

    /// A commit of which only this is known: conflicts that are about nothing any more are told so.
    pub fn mark(&mut self, mark: Mark) {
        self.advance(mark);
    }
}

fn migrated(record: &mut Record, was: &Table, now: &Table, seq: Seq) -> bool {
    let (mut regs, mut news) = (std::mem::take(&mut record.regs), false);
    for f in &now.fields {
        let reg = match regs.remove(f.name) {
            None => Reg::unwritten(f.unknown(), record.life),
            Some(mut reg) => {
                news |= fill(&mut reg, was, f, record.alive, seq);
                reg
            }
        };
        record.regs.insert(f.name, reg);
    }
    news
}

/// Where a field must hold something now, nothing is the default. Who knows the default hears it again: nobody knows any
/// more who showed it.
fn fill(reg: &mut Reg, was: &Table, now: &Field, alive: bool, seq: Seq) -> bool {
    let Some(default) = was.field(now.name).and_then(|was| fills(was, now)) else { return false };
    let values = reg.candidates.iter_mut().map(|c| &mut c.value).chain([&mut reg.value]);
    values.filter(|v| **v == Value::Null).for_each(|v| *v = default);
    let news = alive && reg.value == default;
    if news {
        reg.announce(seq);
    }
    news
}

/// What a device said, as a hub hears it whose tables are `ours`: what is gone there is ignored.
pub fn said(session: &Session, ours: &Schema) -> Session {
    let mut heard = session.clone();
    heard.ask.retain(|key| ours.has(*key));
    heard.weak.retain(|key, _| ours.has(*key));
    for (key, row) in &mut heard.weak {
        row.retain(|field, _| ours.table(key.0).field(field).is_some());
        for (field, value) in row.iter_mut().filter(|(_, value)| **value == Value::Null) {
            let must = ours.table(key.0).field(field).filter(|f| f.holds.required);
            *value = must.and_then(|f| f.holds.default).unwrap_or(Value::Null);
        }
    }
    heard.changes.retain_mut(|c| {
        let Some(t) = ours.find(c.key.0) else { return false };
        let said = |about: &About| match about {
            About::Field(field) | About::Unique(field) => t.field(field).is_some(),
            About::Delete => true,
        };
        c.fields.retain(|field, _| t.field(field).is_some());
        // Nothing is the default where there must be something now, and whoever left it empty is told.
        let must = |field: &str| t.field(field).filter(|f| f.holds.required && f.parent.is_none());
        let written = c.fields.iter_mut().map(|(field, w)| (*field, w));
        let decided = c.resolved.iter_mut().filter_map(|(about, w)| match about {
            About::Field(field) => Some((*field, w)),
            _ => None,
        });
        for (field, w) in written.chain(decided).filter(|(_, w)| w.value == Value::Null) {
            if let Some(default) = must(field).and_then(|f| f.holds.default) {
                w.value = default;
                c.stale.insert(field, None);
            }
        }
        c.stale.retain(|field, _| t.field(field).is_some());
        c.resolved.retain(|about, _| said(about));
        !c.says_nothing()
    });
    heard
}

/// What a device asks, of which a hub of `ours` knows anything.
pub fn asked(ask: &Ask, ours: &Schema) -> Ask {
    let mut heard = ask.clone();
    heard.retell.retain(|key| ours.has(*key));
    heard.tables.retain(|name| ours.find(name).is_some());
    heard
}

/// What a hub of `ours` tells to whoever asked this, as a device of `theirs` hears it.
pub fn told(pulled: Pulled, ask: &Ask, theirs: &Schema, ours: &Schema) -> Pulled {
    let mut heard: Vec<Told> = pulled.told.into_iter().filter_map(|t| heard(t, theirs)).collect();
    let nobodys = ask.retell.iter().filter(|key| !ours.has(**key));
    heard.extend(nobodys.map(|key| Told { key: *key, news: News::Gone }));
    Pulled { told: heard, ..pulled }
}

fn heard(told: Told, theirs: &Schema) -> Option<Told> {
    let table = theirs.find(told.key.0)?;
    let held = |row: &Row, f: &Field| match row.get(f.name) {
        Some(value) => nearest(f, *value),
        None => stands_in(f),
    };
    let fields = |row: &Row, such: &dyn Fn(&Field) -> bool| -> Option<Row> {
        table.fields.iter().filter(|f| such(f)).map(|f| Some((f.name, held(row, f)?))).collect()
    };
    let news = match &told.news {
        News::Gone => News::Gone,
        News::Row(row) => fields(row, &|_| true).map_or(News::Gone, News::Row),
        News::Patch(row) => fields(row, &|f| row.contains_key(f.name)).map_or(News::Gone, News::Patch),
    };
    let silent = matches!(&news, News::Patch(row) if row.is_empty());
    (!silent).then_some(Told { key: told.key, news })
}

/// A value as a field can hold it; none where nothing is like it.
pub fn nearest(f: &Field, value: Value) -> Option<Value> {
    match (value, f.holds.room) {
        (Value::Null, _) if f.holds.required => stands_in(f),
        (Value::Int(n), Room::Upto(most)) => Some(Value::Int(n.min(most))),
        (Value::Int(n), Room::OneOf(count)) if n >= count => stands_in(f),
        _ => Some(value),
    }
}

/// What a field shows of which nobody knows anything; none in a reference that must name something.
pub fn stands_in(f: &Field) -> Option<Value> {
    match (f.holds.default, f.parent) {
        (Some(default), _) => Some(default),
        _ if f.strategy == Strategy::Sum => Some(Value::Int(0)),
        _ if !f.holds.required => Some(Value::Null),
        (None, Some(_)) => None,
        (None, None) => Some(Value::Int(f.holds.nothing)),
    }
}
