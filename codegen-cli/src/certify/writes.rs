//! What people write: records of every table, all columns filled, some empty; edits of them, and deletes.

use super::pair::{Pair, Side};
use super::spot::Spot;
use super::truth::Key;
use super::values::id;
use super::world::{Device, World, say};
use windrow::domain::Sql;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, params_from_iter};
use windrow_schema::lock::Holds;

/// Records that one device made: three of each table of its version. The second has nothing where nothing may stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    /// From 0 to 3.
    pub(super) number: u8,
    /// Whose tables.
    pub(super) side: Side,
}

/// Of each table.
const RECORDS: u8 = 3;
/// The one with nothing where nothing may stand.
const HOLLOW: u8 = 1;
/// The one whose values are cleared in even turns; only it may refer to a record of its own table.
const CLEARED: u8 = 2;

impl World<'_> {
    /// A device makes a set. What can't be made is left out: a fourth record with a `#[unique]` enum of three texts.
    pub(super) fn insert(&mut self, device: &Device, number: u8) -> Result<Set, String> {
        let (set, conn) = (Set { number, side: device.side }, device.store.connection().map_err(say)?);
        for table in 0..self.pair.tables(set.side).len() {
            for nth in 0..RECORDS {
                let Some(row) = self.row(set, table, nth) else { continue };
                let id = id(number, table, nth);
                let values = std::iter::once(Value::Blob(id.clone())).chain(row.iter().cloned());
                run(&conn, self.pair.domain(set.side).tables[table].device.insert, values)?;
                if let Some(new) = self.pair.table(set.side, table, Side::New) {
                    self.truth.put((new, id.clone()), known(self.pair, set.side, new, &row));
                }
                self.made.insert(id);
            }
        }
        Ok(set)
    }

    /// The values of a record; none where it can't be made.
    fn row(&self, set: Set, table: usize, nth: u8) -> Option<Vec<Value>> {
        let columns = &self.pair.tables(set.side)[table].columns;
        (0..columns.len()).map(|at| self.cell(set, table, at, nth)).collect()
    }

    fn cell(&self, set: Set, table: usize, at: usize, nth: u8) -> Option<Value> {
        let (of, spot) = (&self.pair.tables(set.side)[table], Spot::of(self.pair, set.side, table, at));
        let column = &of.columns[at];
        let parent = column.parent.as_ref().filter(|parent| parent.table != of.name || nth == CLEARED);
        let value = match &column.parent {
            _ if nth == HOLLOW && spot.can_be_open() => None,
            Some(_) => {
                let parent = self.pair.named(set.side, &parent?.table);
                parent.and_then(|parent| self.there(set, parent, if parent == table { 0 } else { nth }))
            }
            None if column.holds == Holds::Id => Some(Value::Blob(id(set.number, table, 100 + nth))),
            None => spot.first(set.number * RECORDS + nth),
        };
        value.or_else(|| spot.can_be_open().then_some(Value::Null))
    }

    /// The id of a record, if it was made. `table` is that of the set's version.
    fn there(&self, set: Set, table: usize, nth: u8) -> Option<Value> {
        let id = id(set.number, table, nth);
        self.made.contains(&id).then_some(Value::Blob(id))
    }

    /// A device edits all records of a set that it has, in the columns asked for: by table and column of the new version.
    /// `turn`: from 1 to 4, each time a later one. In even turns one record's values are cleared where they may be.
    pub(super) fn edit(
        &mut self,
        device: &Device,
        set: Set,
        turn: u8,
        asked: &dyn Fn(usize, usize, u8) -> bool,
    ) -> Result<(), String> {
        let conn = device.store.connection().map_err(say)?;
        for new in 0..self.pair.tables(Side::New).len() {
            let here = self.pair.table(Side::New, new, device.side);
            let (Some(here), Some(table)) = (here, self.pair.table(Side::New, new, set.side)) else { continue };
            if device.side == Side::Old && !self.pair.told(new) {
                continue;
            }
            for nth in (0..RECORDS).filter(|nth| asked_any(self.pair, new, *nth, asked)) {
                let key = (new, id(set.number, table, nth));
                if self.made.contains(&key.1) {
                    let edits = self.edits(device.side, set, &key, (turn, nth), &|column| asked(new, column, nth));
                    self.write(&conn, device.side, here, &key, edits)?;
                }
            }
        }
        Ok(())
    }

    /// New values, by column of the new version.
    fn edits(
        &self,
        side: Side,
        set: Set,
        key: &Key,
        (turn, nth): (u8, u8),
        asked: &dyn Fn(usize) -> bool,
    ) -> Vec<(usize, Value)> {
        let columns = 0..self.pair.tables(Side::New)[key.0].columns.len();
        let edit = |column: usize| {
            let (table, at) = (self.pair.table(Side::New, key.0, side)?, place(self.pair, side, key.0, column)?);
            let (of, spot) = (&self.pair.tables(side)[table].columns[at], Spot::of(self.pair, side, table, at));
            // What this device shows for NULL is not to be written.
            let stands_in = !of.nullable && self.truth.wanted(key, column).contains(&Value::Null);
            let value = match &of.parent {
                _ if !asked(column) || stands_in || !spot.can_change() => return None,
                Some(parent) => self.other_parent(side, set, table, &parent.table, nth)?,
                None if of.holds == Holds::Id => Value::Blob(id(set.number, table, 100 + nth + RECORDS * turn)),
                None if turn.is_multiple_of(2) && nth == CLEARED && spot.can_clear() => Value::Null,
                None => spot.value(set.number * RECORDS + nth, turn),
            };
            Some((column, value))
        };
        columns.filter_map(edit).collect()
    }

    /// What a reference is to name instead: the parent of the record after this one.
    fn other_parent(&self, side: Side, set: Set, table: usize, parent: &str, nth: u8) -> Option<Value> {
        let parent = self.pair.named(side, parent).filter(|parent| *parent != table)?;
        self.there(set, self.pair.table(side, parent, set.side)?, (nth + 1) % RECORDS)
    }

    fn write(
        &mut self,
        conn: &Connection,
        side: Side,
        table: usize,
        key: &Key,
        edits: Vec<(usize, Value)>,
    ) -> Result<(), String> {
        let fields = self.pair.tables(side)[table].columns.len();
        let (mut masks, mut values) = (vec![0_i64; fields.div_ceil(63)], vec![Value::Null; fields]);
        for (column, value) in edits {
            let Some(at) = place(self.pair, side, key.0, column) else { continue };
            masks[at / 63] |= 1 << (at % 63);
            values[at] = value.clone();
            let kept = self.pair.kept(key.0).filter(|_| side == Side::Old);
            let right = kept.map_or_else(|| vec![value.clone()], |kept| kept.carried(column, Some(value.clone())));
            self.truth.set(key, column, right);
        }
        let head = std::iter::once(Value::Blob(key.1.clone())).chain(masks.into_iter().map(Value::Integer));
        run(conn, self.pair.domain(side).tables[table].device.patch, head.chain(values))
    }

    /// A device deletes all records of a set of its own, children first. Not an old one that can't show all that there is:
    /// what hangs on a record it may not have any more.
    pub(super) fn delete(&mut self, device: &Device, set: Set) -> Result<(), String> {
        if device.side == Side::Old && !self.pair.both().all(|(new, _)| self.pair.told(new)) {
            return Ok(());
        }
        let conn = device.store.connection().map_err(say)?;
        for table in (0..self.pair.tables(set.side).len()).rev() {
            let new = self.pair.table(set.side, table, Side::New);
            for nth in (0..RECORDS).rev() {
                let id = id(set.number, table, nth);
                if self.made.remove(&id) {
                    let delete = self.pair.domain(set.side).tables[table].device.delete;
                    run(&conn, delete, std::iter::once(Value::Blob(id.clone())))?;
                    new.into_iter().for_each(|new| self.truth.remove(&(new, id.clone())));
                }
            }
        }
        Ok(())
    }
}

fn run(conn: &Connection, sql: Sql, values: impl Iterator<Item = Value>) -> Result<(), String> {
    conn.execute(&sql.concat(), params_from_iter(values)).map(drop).map_err(say)
}

fn asked_any(pair: &Pair<'_>, new: usize, nth: u8, asked: &dyn Fn(usize, usize, u8) -> bool) -> bool {
    (0..pair.tables(Side::New)[new].columns.len()).any(|column| asked(new, column, nth))
}

/// The place at a side of a column of the new version.
fn place(pair: &Pair<'_>, side: Side, new: usize, column: usize) -> Option<usize> {
    match side {
        Side::New => Some(column),
        Side::Old => pair.kept(new)?.was(column).map(|(at, _)| at),
    }
}

/// What is right in each column of the new version for a record that was made with these values.
fn known(pair: &Pair<'_>, side: Side, new: usize, row: &[Value]) -> Vec<Vec<Value>> {
    let columns = 0..pair.tables(Side::New)[new].columns.len();
    let right = |column: usize| {
        let value = place(pair, side, new, column).map(|at| row[at].clone());
        match (side, pair.kept(new)) {
            (Side::Old, Some(kept)) => kept.carried(column, value),
            _ => value.into_iter().collect(),
        }
    };
    columns.map(right).collect()
}
