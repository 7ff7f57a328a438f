//! A row of the log, and the entries that it is.

use super::op;
use crate::sqlite::Bound;
use crate::store::error::StoreError;
use crate::store::plan::Plan;
use crate::store::values::{fields_of, fields_or_replaced, id_of, id_value, mask_count};
use rusqlite::{Connection, Row};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::{About, Entry, Op};
use windrow_protocol::model::{FieldIx, Table, TableIx};
use windrow_protocol::value::Value;

/// Where columns stand in a row that is read.
const TABLE: usize = 2;
const OPERATION: usize = 3;
const RECORD: usize = 4;
/// How many there are before the masks.
const HEAD: usize = 6;

/// Whether an entry says nothing any more.
pub(super) fn is_blank(row: &Row<'_>) -> rusqlite::Result<bool> {
    Ok(row.get::<_, i64>(OPERATION)? == op::NONE)
}

/// Whether an entry is about this record of the table of this name.
pub(super) fn is_about(row: &Row<'_>, table: &str, record: RecordId) -> Result<bool, StoreError> {
    Ok(row.get_ref(TABLE)?.as_bytes().is_ok_and(|name| name == table.as_bytes()) && id_of(row, RECORD)? == record)
}

/// Reads rows, of whatever tables.
pub(super) struct Tables<'a> {
    plan: &'a Plan,
    masks: usize,
    /// That of the row before: mostly the next is of the same.
    last: TableIx,
}

impl<'a> Tables<'a> {
    pub(super) fn of(plan: &'a Plan) -> Tables<'a> {
        Tables { plan, masks: mask_count(plan.log.values), last: 0 }
    }

    /// What a row says, and of which table; none where that is nothing any more.
    pub(super) fn line(
        &mut self,
        conn: &Connection,
        hlc: Hlc,
        row: &Row<'_>,
    ) -> Result<Option<(TableIx, Line)>, StoreError> {
        if is_blank(row)? {
            return Ok(None);
        }
        let table = self.table(row)?;
        let line = Line::read(row, hlc, self.plan.table(table), self.masks)?;
        if !line.exact {
            // Nothing is lost by the replacement if the record has been written anew since.
            check_record(conn, self.plan, (table, line.id))?;
        }
        Ok(Some((table, line)))
    }

    fn table(&mut self, row: &Row<'_>) -> Result<TableIx, StoreError> {
        let name = row.get_ref(TABLE)?.as_str().map_err(rusqlite::Error::from)?;
        if self.plan.schema.tables().get(self.last).is_none_or(|last| last.name != name) {
            let unknown =
                || StoreError::Damaged(format!("windrow_log: an entry of {name}, which is no table of the domain"));
            self.last = self.plan.schema.find(name).ok_or_else(unknown)?;
        }
        Ok(self.last)
    }
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
pub(super) struct Line {
    hlc: Hlc,
    op: i64,
    id: RecordId,
    base: Seq,
    /// The fields that it names, ascending: those in its mask, and of an update also those with a value.
    said: Vec<FieldIx>,
    values: Vec<Value>,
    /// Whether they are as they were written: text that is not UTF-8 is replaced.
    exact: bool,
}

impl Line {
    fn read(row: &Row<'_>, hlc: Hlc, table: &Table, masks: usize) -> Result<Line, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("windrow_log, of {}: {what}", table.name));
        let (values, exact) = fields_or_replaced(row, HEAD + masks, table)?;
        let (op, masked) = (row.get(OPERATION)?, masked_fields(row, table)?);
        let said = match op {
            op::UPDATE => (0..values.len()).filter(|f| values[*f] != Value::Null || masked.contains(f)).collect(),
            _ => masked,
        };
        Ok(Line {
            hlc,
            op,
            id: id_of(row, RECORD)?,
            base: Seq::from_i64(row.get(5)?).ok_or_else(|| damaged("a negative base"))?,
            said,
            values,
            exact,
        })
    }

    /// Mostly one; a row that says that several references were emptied is as many.
    pub(super) fn entries(self, table: TableIx, shape: &Table, entries: &mut Vec<Entry>) -> Result<(), StoreError> {
        let Line { hlc, op, id, base, said, mut values, .. } = self;
        let damaged =
            || StoreError::Damaged(format!("windrow_log, of {}: entry {} means nothing", shape.name, hlc.bits()));
        let mut add = |op: Op| entries.push(Entry { hlc, table, id, base, op });
        let mut some = || said.iter().map(|f| (*f, std::mem::take(&mut values[*f]))).collect::<Vec<_>>();
        match op {
            op::INSERT => add(Op::Insert(values)),
            op::UPDATE => add(Op::Update(some())),
            op::DELETE => add(Op::Delete(values)),
            op::CASCADE => add(Op::Cascade { last: values, via: *said.first().ok_or_else(damaged)? }),
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
                let field = *said.first().ok_or_else(damaged)?;
                add(Op::Resolve(About::Unique(field), Vec::new()));
            }
            _ => return Err(damaged()),
        }
        Ok(())
    }
}

fn masked_fields(row: &Row<'_>, table: &Table) -> rusqlite::Result<Vec<FieldIx>> {
    let mut fields = Vec::new();
    for mask in 0..mask_count(table.fields.len()) {
        let bits: i64 = row.get(HEAD + mask)?;
        fields.extend((0..63).filter(|bit| bits >> bit & 1 == 1).map(|bit| mask * 63 + bit));
    }
    fields.retain(|f| *f < table.fields.len());
    Ok(fields)
}
