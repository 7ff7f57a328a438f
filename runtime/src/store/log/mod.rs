//! The log: its entries as merging knows them.

mod line;
mod stamps;
mod table;

pub(super) use stamps::{Place, START, clock, find, last, last_number, note};
pub use table::log_table;
pub(super) use table::{LOG, LogSql, columns_of};

use super::error::StoreError;
use super::origins::Stretch;
use super::plan::Plan;
use super::recovery;
use super::values::{execute, id_value, masks, sparse};
use crate::sqlite::Repeated;
use rusqlite::{Connection, Row};
use stamps::Stamps;
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::log::{Entry, Op};
use windrow_protocol::model::FieldIx;
use windrow_protocol::value::Value;

/// Operations as the log numbers them.
pub(super) mod op {
    /// What an entry said was taken back, or is forgotten.
    pub(crate) const NONE: i64 = 0;
    pub(crate) const INSERT: i64 = 1;
    pub(crate) const UPDATE: i64 = 2;
    pub(crate) const DELETE: i64 = 3;
    pub(crate) const CASCADE: i64 = 4;
    pub(crate) const STALE: i64 = 5;
    pub(crate) const RESOLVE_FIELDS: i64 = 6;
    pub(crate) const RESOLVE_DELETE: i64 = 7;
    pub(crate) const RESOLVE_UNIQUE: i64 = 8;
}

/// All entries that the hub does not have, in order of their stamps.
pub(super) fn pending(conn: &Connection, plan: &Plan, stretches: &[Stretch]) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    visit_pending(conn, plan, stretches, |entry| entries.push(entry))?;
    // What the hub does not know stands behind the others.
    entries.sort_by_key(|e| e.hlc);
    Ok(entries)
}

/// Visits all entries that the hub does not have.
pub(super) fn visit_pending(
    conn: &Connection,
    plan: &Plan,
    stretches: &[Stretch],
    mut each: impl FnMut(Entry),
) -> Result<(), StoreError> {
    visit(conn, plan, stretches, &mut each)?;
    let missing = recovery::missing(conn, plan)?;
    if !missing.is_empty() {
        // Of what the hub does not know all is pending, whatever it was thought to have.
        let pends = |hlc: Hlc| stretches.iter().map(Stretch::pending).any(|(after, upto)| after < hlc && hlc <= upto);
        let offered = |e: &Entry| missing.contains_key(&(e.table, e.id)) && !pends(e.hlc);
        all(conn, plan)?.into_iter().filter(offered).for_each(each);
    }
    Ok(())
}

/// Visits the entries of these stretches that the hub does not have, in order of their stamps.
pub(super) fn visit(
    conn: &Connection,
    plan: &Plan,
    stretches: &[Stretch],
    mut each: impl FnMut(Entry),
) -> Result<(), StoreError> {
    let mut pending = stretches.iter().map(Stretch::pending).filter(|(after, upto)| after < upto);
    pending.try_for_each(|between| visit_between(conn, plan, between, &mut each))
}

/// The same of all entries in `(after, upto]`. No more than one row is held at once.
fn visit_between(
    conn: &Connection,
    plan: &Plan,
    between: (Hlc, Hlc),
    mut each: impl FnMut(Entry),
) -> Result<(), StoreError> {
    let (mut tables, mut entries) = (line::Tables::of(plan), Vec::new());
    rows(conn, plan, between, |hlc, row| {
        if let Some((table, line)) = tables.line(conn, hlc, row)? {
            line.entries(table, plan.table(table), &mut entries)?;
        }
        entries.drain(..).for_each(&mut each);
        Ok(true)
    })
}

/// Visits the rows of the log in `(after, upto]`, with their stamps, also of entries that say nothing any more, while `more`.
fn rows(
    conn: &Connection,
    plan: &Plan,
    (after, upto): (Hlc, Hlc),
    mut more: impl FnMut(Hlc, &Row<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut stamps = Stamps::between(conn, (after, upto))?;
    let mut query = conn.prepare_cached(&plan.log.read)?;
    let mut rows = query.query([stamps.number()])?;
    while let Some(row) = rows.next()? {
        let hlc = stamps.next(row.get(0)?, row.get(1)?);
        if hlc > upto || (hlc > after && !more(hlc, row)?) {
            break;
        }
    }
    Ok(())
}

/// Whether anything is pending.
pub(super) fn is_any_pending(conn: &Connection, plan: &Plan, stretches: &[Stretch]) -> Result<bool, StoreError> {
    for (after, upto) in stretches.iter().map(Stretch::pending) {
        if !is_empty(conn, plan, after, upto)? {
            return Ok(true);
        }
    }
    Ok(!recovery::missing(conn, plan)?.is_empty())
}

/// All entries that are kept, in order of their stamps.
pub(super) fn all(conn: &Connection, plan: &Plan) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    visit_between(conn, plan, (Hlc::ZERO, Hlc::LAST), |entry| entries.push(entry))?;
    Ok(entries)
}

/// What was written on a later base counts as written on this one: the hub has lost what came after.
pub(super) fn rebase(conn: &Connection, base: Seq) -> rusqlite::Result<()> {
    conn.run("UPDATE windrow_log SET base = ?1 WHERE base > ?1", [base.to_i64()]).map(drop)
}

/// Whether the log says nothing in `(after, upto]`.
pub(super) fn is_empty(conn: &Connection, plan: &Plan, after: Hlc, upto: Hlc) -> Result<bool, StoreError> {
    let mut empty = true;
    rows(conn, plan, (after, upto), |_, row| {
        empty = line::is_blank(row)?;
        Ok(empty)
    })?;
    Ok(empty)
}

/// Appends a decision about a conflict, made at this millisecond.
pub(super) fn append(
    conn: &Connection,
    plan: &Plan,
    key: Key,
    (millis, op, base): (i64, i64, Seq),
    fields: Vec<(FieldIx, Value)>,
) -> rusqlite::Result<usize> {
    let name = Value::Text(plan.name(key).to_owned());
    let head = [Value::Integer(millis), name, Value::Integer(op), id_value(key.1), Value::Integer(base.to_i64())];
    let mask: Vec<_> = fields.iter().map(|(f, _)| *f).collect();
    let args: Vec<Value> = head.into_iter().chain(said(plan, &mask, fields)).collect();
    execute(conn, &plan.log.append, &args)
}

/// What an entry says: masks and values, as wide as the log.
fn said(plan: &Plan, mask: &[FieldIx], fields: Vec<(FieldIx, Value)>) -> impl Iterator<Item = Value> {
    let values = plan.log.values;
    masks(values, mask.iter().copied()).into_iter().chain(sparse(values, fields))
}

/// Removes a record's pending entries.
pub(super) fn forget(conn: &Connection, plan: &Plan, stretches: &[Stretch], key: Key) -> Result<(), StoreError> {
    if recovery::missing(conn, plan)?.contains_key(&key) {
        forget_between(conn, plan, key, (Hlc::ZERO, Hlc::LAST))?;
    }
    for (after, upto) in stretches.iter().map(Stretch::pending).filter(|(after, upto)| after < upto) {
        forget_between(conn, plan, key, (after, upto))?;
    }
    Ok(())
}

fn forget_between(conn: &Connection, plan: &Plan, key: Key, between: (Hlc, Hlc)) -> Result<(), StoreError> {
    let mut numbers: Vec<i64> = Vec::new();
    rows(conn, plan, between, |_, row| {
        if line::is_about(row, plan.name(key), key.1)? {
            numbers.push(row.get(0)?);
        }
        Ok(true)
    })?;
    Ok(numbers.into_iter().try_for_each(|number| blank(conn, plan, number))?)
}

/// Lets an entry say nothing any more.
fn blank(conn: &Connection, plan: &Plan, number: i64) -> rusqlite::Result<()> {
    conn.run(&plan.log.blank, [number]).map(drop)
}

/// Takes a `sum` field's part out of an entry, as if it had not been touched.
pub(super) fn take_out(conn: &Connection, plan: &Plan, entry: &Entry, field: FieldIx) -> Result<(), StoreError> {
    let (mask, fields) = match &entry.op {
        Op::Update(writes) if writes.iter().any(|(f, _)| *f == field) => {
            let kept: Vec<_> = writes.iter().filter(|(f, _)| *f != field).cloned().collect();
            (kept.iter().map(|(f, _)| *f).collect(), kept)
        }
        // A record deleted and inserted again: the difference between its two lives is what counts.
        Op::Insert(values) | Op::Delete(values) => (Vec::new(), zeroed(values, field)),
        Op::Cascade { last, via } => (vec![*via], zeroed(last, field)),
        _ => return Ok(()),
    };
    let number = stamps::find(conn, entry.hlc)?.number;
    if fields.is_empty() {
        return Ok(blank(conn, plan, number)?);
    }
    let args: Vec<Value> = std::iter::once(Value::Integer(number)).chain(said(plan, &mask, fields)).collect();
    Ok(execute(conn, &plan.log.rewrite, &args).map(drop)?)
}

fn zeroed(values: &[Value], field: FieldIx) -> Vec<(FieldIx, Value)> {
    let zero = |(f, v): (FieldIx, &Value)| (f, if f == field { Value::Integer(0) } else { v.clone() });
    values.iter().enumerate().map(zero).collect()
}

/// Removes at most `limit` entries in `(after, upto]`, oldest first; how many, or none where there are no more. The last of the
/// log stays, saying nothing: numbers must go on from it.
pub(super) fn prune(
    conn: &Connection,
    plan: &Plan,
    between: (Hlc, Hlc),
    limit: usize,
) -> Result<Option<usize>, StoreError> {
    let last = last_number(conn)?;
    let (mut range, mut pruned) = (None::<(i64, Place)>, 0);
    rows(conn, plan, between, |stamp, row| {
        let (number, blank) = (row.get(0)?, line::is_blank(row)?);
        if !(number == last && blank) {
            let first = range.map_or(number, |(first, _)| first);
            range = Some((first, Place { number, stamp, clock: stamp }));
            pruned += usize::from(!blank);
        }
        Ok(pruned < limit)
    })?;
    let Some((first, place)) = range else { return Ok(None) };
    stamps::note(conn, place)?;
    conn.run("DELETE FROM windrow_log WHERE number BETWEEN ?1 AND ?2 AND number < ?3", [first, place.number, last])?;
    if place.number == last {
        blank(conn, plan, last)?;
    }
    stamps::forget(conn)?;
    Ok(Some(pruned))
}
