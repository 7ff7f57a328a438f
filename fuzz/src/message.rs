//! Changesets and pages of any content as instructions, because a fuzzer that draws them from an encoding's bytes sees only
//! what the decoder makes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use windrow_protocol::change::{Change, Changeset, End, Held, Recovery, Resolve, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Point, Seq, Span};
use windrow_protocol::digest::TableDigest;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::model::{FieldIx, Schema};
use windrow_protocol::told::{Conflict, News, Page, Reached, Told};
use windrow_protocol::value::Value;

/// One instruction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Part {
    /// Device, author, checkpoint, own commits, spans, last stamp of a changeset; place, next, highest stamp of a page.
    Head(DeviceId, Origin, Point, Vec<Point>, Vec<Span>, Hlc),
    /// Where a page goes on.
    Next(Reached),
    /// A change of a record; the bits say born, deleted, cascaded, again.
    Change(u8, RecordId, u8, Hlc, Seq),
    /// The change before wrote this; later than the change itself: with a stamp and base of its own.
    Write(u8, Written, Option<(Hlc, Seq)>),
    /// The change before has this decision.
    Resolve(About, Vec<(u8, Value)>, Hlc, Seq),
    /// The change before has a stale field.
    Stale(u8),
    /// A page says of a record that it is gone, changed, or all of it.
    Told(u8, RecordId, bool, Option<Vec<(u8, Value)>>, Option<Vec<Conflict>>),
    /// The record told before is told whole.
    Whole,
    /// A changeset says these checkpoints.
    Past(Vec<Point>),
    /// A changeset asks about a record, perhaps offers it, perhaps with how it is shown.
    Ask(u8, RecordId, Option<Option<Vec<(u8, Value)>>>),
    /// A page says the tables' digests: rows and sum, as far as there are tables.
    Digests(Vec<(u64, u128)>),
}

/// What was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Written {
    /// A value.
    Set(Value),
    /// A difference.
    Add(i128),
}

/// The changeset and the page that these parts make.
pub fn build(schema: &Schema, parts: Vec<Part>) -> (Changeset, Page) {
    let (upto, checkpoint) = (Hlc::ZERO, Point::START);
    let mut changeset = Changeset {
        device: DeviceId::ZERO,
        author: Origin(1),
        checkpoint,
        own: vec![],
        spans: vec![],
        upto,
        changes: vec![],
        recovery: Recovery::default(),
    };
    let mut page = Page { told: vec![], at: checkpoint, next: None, highest: upto, digests: None };
    let mut asked = BTreeMap::new();
    for part in parts {
        match part {
            Part::Past(past) => changeset.recovery.past = Some(past),
            Part::Ask(n, id, offered) => {
                let table = usize::from(n) % schema.tables().len();
                let values = |shown| chosen_of(shown, schema.table(table).fields.len());
                asked.insert((table, id), offered.map(|shown| shown.map(values)));
            }
            part => add(schema, part, &mut changeset, &mut page),
        }
    }
    for ((table, id), offered) in asked {
        let recovery = &mut changeset.recovery;
        recovery.ask.push((table, id));
        recovery.missing.extend(offered.is_some().then_some((table, id)));
        recovery.held.extend(offered.flatten().map(|values| Held { table, id, values }));
    }
    let changes: BTreeMap<_, _> = changeset.changes.into_iter().map(|c| (c.key(), c)).collect();
    changeset.changes = changes.into_values().collect();
    let told: BTreeMap<_, _> = page.told.into_iter().map(|t| ((t.table, t.id), t)).collect();
    page.told = told.into_values().collect();
    (changeset, page)
}

fn add(schema: &Schema, part: Part, changeset: &mut Changeset, page: &mut Page) {
    let tables = schema.tables().len();
    let table = |n: u8| usize::from(n) % tables;
    let fields = |table: usize| schema.table(table).fields.len();
    let last = changeset.changes.last_mut();
    match part {
        Part::Head(device, author, checkpoint, own, spans, upto) => {
            (page.at, page.highest) = (checkpoint, upto);
            *changeset = Changeset { device, author, checkpoint, own, spans, upto, ..changeset.clone() };
        }
        Part::Next(next) => page.next = Some(Reached { table: next.table % tables, ..next }),
        Part::Change(n, id, bits, hlc, base) => {
            let end = [End::Alive, End::Delete, End::Cascade, End::Alive][usize::from(bits >> 1 & 3)];
            let (born, again, (resolves, writes, stale)) = (bits & 1 == 1, bits & 8 == 8, (vec![], vec![], vec![]));
            changeset.changes.push(Change {
                table: table(n),
                id,
                resolves,
                writes,
                hlc,
                base,
                born,
                end,
                again,
                stale,
            });
        }
        Part::Write(field, what, own) => {
            let Some((change, field)) = last.and_then(|c| place(field, fields(c.table)).map(|f| (c, f))) else {
                return;
            };
            let (hlc, base) = own.unwrap_or((change.hlc, change.base));
            let what = match what {
                Written::Set(value) => What::Set(value),
                Written::Add(delta) => What::Add(delta),
            };
            change.writes.retain(|w| w.field != field);
            change.writes.push(Write { field, what, hlc, base });
            change.writes.sort_by_key(|w| w.field);
        }
        Part::Resolve(about, chosen, hlc, base) => {
            let Some(change) = last else { return };
            if let Some(about) = subject(about, fields(change.table)) {
                let chosen = chosen_of(chosen, fields(change.table));
                change.resolves.push(Resolve { about, chosen, hlc, base });
            }
        }
        Part::Stale(field) => {
            let Some((change, field)) = last.and_then(|c| place(field, fields(c.table)).map(|f| (c, f))) else {
                return;
            };
            if let Err(at) = change.stale.binary_search(&field) {
                change.stale.insert(at, field);
            }
        }
        Part::Told(n, id, held, what, conflicts) => {
            let (table, n) = (table(n), fields(table(n)));
            let what = what.map_or(News::Gone, |fields| News::Patch(chosen_of(fields, n)));
            let conflicts = conflicts.map(|all| all.into_iter().filter_map(|c| conflict(c, n)).collect());
            page.told.push(Told { table, id, held, what, conflicts });
        }
        Part::Whole => {
            if let Some(Told { what, table, .. }) = page.told.last_mut()
                && let News::Patch(patch) = what
            {
                let mut all = vec![Value::Null; fields(*table)];
                patch.drain(..).for_each(|(field, value)| all[field] = value);
                *what = News::Whole(all);
            }
        }
        Part::Digests(all) => {
            let all = all.into_iter().chain(std::iter::repeat((0, 0))).take(tables);
            page.digests = Some(all.map(|(rows, sum)| TableDigest { rows, sum }).collect());
        }
        Part::Past(_) | Part::Ask(..) => {}
    }
}

fn place(field: u8, fields: usize) -> Option<FieldIx> {
    usize::from(field).checked_rem(fields)
}

fn chosen_of(chosen: Vec<(u8, Value)>, fields: usize) -> Vec<(FieldIx, Value)> {
    let named: BTreeMap<_, _> = chosen.into_iter().filter_map(|(f, v)| Some((place(f, fields)?, v))).collect();
    named.into_iter().collect()
}

fn subject(about: About, fields: usize) -> Option<About> {
    match about {
        About::Unique(field) => field.checked_rem(fields).map(About::Unique),
        about => Some(about),
    }
}

fn conflict(mut conflict: Conflict, fields: usize) -> Option<Conflict> {
    conflict.fields.iter_mut().for_each(|f| *f %= fields.max(1));
    conflict.fields.retain(|f| *f < fields);
    conflict.fields.sort_unstable();
    conflict.fields.dedup();
    Some(Conflict { about: subject(conflict.about, fields)?, ..conflict })
}

/// The parts of a changeset.
pub fn parts(changeset: &Changeset) -> Vec<Part> {
    let Changeset { device, author, checkpoint, own, spans, upto, changes, recovery } = changeset.clone();
    let mut parts = vec![Part::Head(device, author, checkpoint, own, spans, upto)];
    let small = |all: Vec<(FieldIx, Value)>| all.into_iter().map(|(f, v)| (f as u8, v)).collect::<Vec<_>>();
    parts.extend(recovery.past.map(Part::Past));
    parts.extend(recovery.ask.into_iter().map(|key| {
        let shown = recovery.held.iter().find(|held| held.key() == key).map(|held| small(held.values.clone()));
        Part::Ask(key.0 as u8, key.1, recovery.missing.contains(&key).then_some(shown))
    }));
    for change in changes {
        let end = [End::Alive, End::Delete, End::Cascade].iter().position(|end| *end == change.end).unwrap_or(0) as u8;
        let bits = u8::from(change.born) | end << 1 | u8::from(change.again) << 3;
        parts.push(Part::Change(change.table as u8, change.id, bits, change.hlc, change.base));
        parts.extend(change.writes.into_iter().map(|w| {
            let own = ((w.hlc, w.base) != (change.hlc, change.base)).then_some((w.hlc, w.base));
            let what = match w.what {
                What::Set(value) => Written::Set(value),
                What::Add(delta) => Written::Add(delta),
            };
            Part::Write(w.field as u8, what, own)
        }));
        parts.extend(change.resolves.into_iter().map(|r| Part::Resolve(r.about, small(r.chosen), r.hlc, r.base)));
        parts.extend(change.stale.into_iter().map(|f| Part::Stale(f as u8)));
    }
    parts
}

/// The parts of a page.
pub fn page_parts(page: &Page) -> Vec<Part> {
    let mut parts = vec![Part::Head(DeviceId::ZERO, Origin(1), page.at, vec![], vec![], page.highest)];
    parts.extend(page.next.map(Part::Next));
    let plain = |all: &Vec<TableDigest>| Part::Digests(all.iter().map(|d| (d.rows, d.sum)).collect());
    parts.extend(page.digests.as_ref().map(plain));
    for told in page.told.clone() {
        let whole = matches!(told.what, News::Whole(_));
        let fields = match told.what {
            News::Gone => None,
            News::Whole(values) => Some(values.into_iter().enumerate().map(|(f, v)| (f as u8, v)).collect()),
            News::Patch(fields) => Some(fields.into_iter().map(|(f, v)| (f as u8, v)).collect()),
        };
        parts.push(Part::Told(told.table as u8, told.id, told.held, fields, told.conflicts));
        parts.extend(whole.then_some(Part::Whole));
    }
    parts
}
