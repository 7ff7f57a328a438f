//! The tables' logs: their entries as merging knows them.

use super::error::StoreError;
use super::origins::Stretch;
use super::plan::Plan;
use super::recovery;
use super::values::{execute, fields_of, fields_or_replaced, id_of, id_value, mask_count, masks, sparse};
use crate::sqlite::{Bound, Repeated};
use rusqlite::{Connection, Row};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::{About, Entry, Op};
use windrow_protocol::model::{FieldIx, Table, TableIx};
use windrow_protocol::value::Value;

/// Operations as the logs number them.
pub(super) mod op {
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
    visit(conn, plan, stretches, |entry| {
        each(entry);
        true
    })?;
    let missing = recovery::missing(conn, plan)?;
    if !missing.is_empty() {
        // Of what the hub does not know all is pending, whatever it was thought to have.
        let pends = |hlc: Hlc| stretches.iter().map(Stretch::pending).any(|(after, upto)| after < hlc && hlc <= upto);
        let offered = |e: &Entry| missing.contains_key(&(e.table, e.id)) && !pends(e.hlc);
        all(conn, plan)?.into_iter().filter(offered).for_each(each);
    }
    Ok(())
}

/// Visits the entries of these stretches that the hub does not have, in order of their stamps, until `more` says that it has
/// seen enough.
pub(super) fn visit(
    conn: &Connection,
    plan: &Plan,
    stretches: &[Stretch],
    mut more: impl FnMut(Entry) -> bool,
) -> Result<(), StoreError> {
    for (after, upto) in stretches.iter().map(Stretch::pending).filter(|(after, upto)| after < upto) {
        if !visit_between(conn, plan, (after, upto), &mut more)? {
            break;
        }
    }
    Ok(())
}

/// The same of all entries in `(after, upto]`; whether it had not seen enough. No more than one row of each table is held at
/// once.
fn visit_between(
    conn: &Connection,
    plan: &Plan,
    (after, upto): (Hlc, Hlc),
    more: &mut impl FnMut(Entry) -> bool,
) -> Result<bool, StoreError> {
    let tables: Vec<TableIx> = plan.tables().collect();
    let queries = tables.iter().map(|table| conn.prepare_cached(&plan.sql(*table).log));
    let mut queries: Vec<_> = queries.collect::<rusqlite::Result<_>>()?;
    let logs = queries.iter_mut().map(|query| query.query([after.to_i64(), upto.to_i64()]));
    let mut logs: Vec<_> = logs.collect::<rusqlite::Result<_>>()?;
    let mut next = |at: usize| logs[at].next()?.map(|row| Line::of(conn, plan, tables[at], row)).transpose();
    let mut heads: Vec<Option<Line>> = (0..tables.len()).map(&mut next).collect::<Result<_, StoreError>>()?;
    let first = |heads: &[Option<Line>]| {
        let lines = heads.iter().enumerate().filter_map(|(at, line)| Some((line.as_ref()?.hlc, at)));
        lines.min().map(|(_, at)| at)
    };
    let mut entries = Vec::new();
    while let Some(at) = first(&heads) {
        if let Some(line) = std::mem::replace(&mut heads[at], next(at)?) {
            line.entries(tables[at], plan.table(tables[at]), &mut entries)?;
        }
        for entry in entries.drain(..) {
            if !more(entry) {
                return Ok(false);
            }
        }
    }
    Ok(true)
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
    visit_between(conn, plan, (Hlc::ZERO, Hlc::LAST), &mut |entry| {
        entries.push(entry);
        true
    })?;
    Ok(entries)
}

/// What was written on a later base counts as written on this one: the hub has lost what came after.
pub(super) fn rebase(conn: &Connection, plan: &Plan, base: Seq) -> rusqlite::Result<()> {
    plan.tables().try_for_each(|table| conn.run(&plan.sql(table).log_rebase, [base.to_i64()]).map(|_| ()))
}

/// Whether no table's log has an entry in `(after, upto]`.
pub(super) fn is_empty(conn: &Connection, plan: &Plan, after: Hlc, upto: Hlc) -> Result<bool, StoreError> {
    for table in plan.tables() {
        let mut query = conn.prepare_cached(&plan.sql(table).log)?;
        if query.exists([after.to_i64(), upto.to_i64()])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all text that a record holds now is UTF-8. A foreign program may have written some that is not.
fn check_record(conn: &Connection, plan: &Plan, key: Key) -> Result<(), StoreError> {
    let mut query = conn.prepare_cached(&plan.sql(key.0).by_id)?;
    let mut rows = query.query([Bound(&id_value(key.1))])?;
    match rows.next()? {
        Some(row) => fields_of(row, 1, plan.table(key.0), key.1).map(|_| ()),
        None => Ok(()),
    }
}

/// A row of a log.
struct Line {
    hlc: Hlc,
    op: i64,
    id: RecordId,
    base: Seq,
    masked: Vec<FieldIx>,
    values: Vec<Value>,
    /// Whether they are as they were written: text that is not UTF-8 is replaced.
    exact: bool,
}

impl Line {
    fn of(conn: &Connection, plan: &Plan, table: TableIx, row: &Row<'_>) -> Result<Line, StoreError> {
        let line = Line::read(row, plan.table(table))?;
        if !line.exact {
            // Nothing is lost by the replacement if the record has been written anew since.
            check_record(conn, plan, (table, line.id))?;
        }
        Ok(line)
    }

    fn read(row: &Row<'_>, table: &Table) -> Result<Line, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("the log of {}: {what}", table.name));
        let (values, exact) = fields_or_replaced(row, 4 + mask_count(table), table)?;
        Ok(Line {
            hlc: Hlc::from_i64(row.get(0)?).ok_or_else(|| damaged("a negative stamp"))?,
            op: row.get(1)?,
            id: id_of(row, 2)?,
            base: Seq::from_i64(row.get(3)?).ok_or_else(|| damaged("a negative base"))?,
            masked: masked_fields(row, table)?,
            values,
            exact,
        })
    }

    /// Mostly one; a row that says that several references were emptied is as many.
    fn entries(self, table: TableIx, shape: &Table, entries: &mut Vec<Entry>) -> Result<(), StoreError> {
        let Line { hlc, op, id, base, masked, mut values, .. } = self;
        let damaged = || StoreError::Damaged(format!("the log of {}: entry {} means nothing", shape.name, hlc.bits()));
        let mut add = |op: Op| entries.push(Entry { hlc, table, id, base, op });
        let mut some = || masked.iter().map(|f| (*f, std::mem::take(&mut values[*f]))).collect::<Vec<_>>();
        match op {
            op::INSERT => add(Op::Insert(values)),
            op::UPDATE => add(Op::Update(some())),
            op::DELETE => add(Op::Delete(values)),
            op::CASCADE => add(Op::Cascade { last: values, via: *masked.first().ok_or_else(damaged)? }),
            op::STALE => {
                for (field, target) in some() {
                    let Value::Blob(bytes) = target else { return Err(damaged()) };
                    let target = RecordId::from_slice(&bytes).ok_or_else(damaged)?;
                    add(Op::Stale { field, target });
                }
            }
            op::RESOLVE_FIELDS => add(Op::Resolve(About::Fields, some())),
            op::RESOLVE_DELETE => add(Op::Resolve(About::Delete, Vec::new())),
            op::RESOLVE_UNIQUE => {
                let field = *masked.first().ok_or_else(damaged)?;
                add(Op::Resolve(About::Unique(field), Vec::new()));
            }
            _ => return Err(damaged()),
        }
        Ok(())
    }
}

fn masked_fields(row: &Row<'_>, table: &Table) -> rusqlite::Result<Vec<FieldIx>> {
    let mut fields = Vec::new();
    for mask in 0..mask_count(table) {
        let bits: i64 = row.get(4 + mask)?;
        fields.extend((0..63).filter(|bit| bits >> bit & 1 == 1).map(|bit| mask * 63 + bit));
    }
    fields.retain(|f| *f < table.fields.len());
    Ok(fields)
}

/// Appends a decision about a conflict.
pub(super) fn append(
    conn: &Connection,
    plan: &Plan,
    key: Key,
    head: (Hlc, i64, Seq),
    fields: Vec<(FieldIx, Value)>,
) -> rusqlite::Result<usize> {
    let (table, (hlc, op, base)) = (plan.table(key.0), head);
    let masks = masks(table, fields.iter().map(|(f, _)| *f));
    let head = [Value::Integer(hlc.to_i64()), Value::Integer(op), id_value(key.1), Value::Integer(base.to_i64())];
    let args: Vec<Value> = head.into_iter().chain(masks).chain(sparse(table, fields)).collect();
    execute(conn, &plan.sql(key.0).log_append, &args)
}

/// Removes a record's pending entries.
pub(super) fn forget(conn: &Connection, plan: &Plan, stretches: &[Stretch], key: Key) -> Result<(), StoreError> {
    if recovery::missing(conn, plan)?.contains_key(&key) {
        forget_between(conn, plan, key, Hlc::ZERO, Hlc::LAST)?;
    }
    for (after, upto) in stretches.iter().map(Stretch::pending).filter(|(after, upto)| after < upto) {
        forget_between(conn, plan, key, after, upto)?;
    }
    Ok(())
}

fn forget_between(conn: &Connection, plan: &Plan, key: Key, after: Hlc, upto: Hlc) -> rusqlite::Result<usize> {
    let args = [Value::Integer(after.to_i64()), Value::Integer(upto.to_i64()), id_value(key.1)];
    execute(conn, &plan.sql(key.0).log_forget, &args)
}

/// Takes a `sum` field's part out of an entry, as if it had not been touched.
pub(super) fn take_out(conn: &Connection, plan: &Plan, entry: &Entry, field: FieldIx) -> rusqlite::Result<()> {
    match &entry.op {
        Op::Update(writes) if writes.iter().any(|(f, _)| *f == field) => {
            let kept: Vec<_> = writes.iter().filter(|(f, _)| *f != field).cloned().collect();
            if kept.is_empty() {
                let before = Hlc::from_bits(entry.hlc.bits().saturating_sub(1)).unwrap_or(Hlc::ZERO);
                return forget_between(conn, plan, (entry.table, entry.id), before, entry.hlc).map(|_| ());
            }
            let mask: Vec<_> = kept.iter().map(|(f, _)| *f).collect();
            rewrite(conn, plan, entry, &mask, kept)
        }
        // A record deleted and inserted again: the difference between its two lives is what counts.
        Op::Insert(values) | Op::Delete(values) => rewrite(conn, plan, entry, &[], zeroed(values, field)),
        Op::Cascade { last, via } => rewrite(conn, plan, entry, &[*via], zeroed(last, field)),
        _ => Ok(()),
    }
}

fn zeroed(values: &[Value], field: FieldIx) -> Vec<(FieldIx, Value)> {
    let zero = |(f, v): (FieldIx, &Value)| (f, if f == field { Value::Integer(0) } else { v.clone() });
    values.iter().enumerate().map(zero).collect()
}

fn rewrite(
    conn: &Connection,
    plan: &Plan,
    entry: &Entry,
    mask: &[FieldIx],
    fields: Vec<(FieldIx, Value)>,
) -> rusqlite::Result<()> {
    let table = plan.table(entry.table);
    let head = std::iter::once(Value::Integer(entry.hlc.to_i64())).chain(masks(table, mask.iter().copied()));
    let args: Vec<Value> = head.chain(sparse(table, fields)).collect();
    execute(conn, &plan.sql(entry.table).log_rewrite, &args).map(|_| ())
}

/// Deletes at most `limit` entries of a table's log in `(after, upto]`, oldest first; how many.
pub(super) fn prune(
    conn: &Connection,
    plan: &Plan,
    table: TableIx,
    (after, upto): (Hlc, Hlc),
    limit: usize,
) -> rusqlite::Result<usize> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    conn.prepare_cached(&plan.sql(table).log_prune)?.execute([after.to_i64(), upto.to_i64(), limit])
}
