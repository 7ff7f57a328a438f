//! The judge: a copy of the tables from before, what the log has gained, and the tables after. It knows the pages about
//! the databases and nothing of how the triggers are made.

use super::Fault;
use super::rows::{Cell, Rows, Tables, query};
use super::schema::{Column, OnDelete, Schema, Table};
use super::writes::Does;
use crate::product::log::{Place, Stamps};
use windrow::rusqlite::Connection;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its stamp, as it follows from what is before.
    pub(super) stamp: i64,
    /// When it was written.
    pub(super) at: i64,
    /// The position of its table.
    pub(super) table: usize,
    /// What it says happened.
    pub(super) op: i64,
    id: Cell,
    base: i64,
    masks: Vec<i64>,
    values: Vec<Cell>,
}

impl Entry {
    /// Whether it speaks of a field: its bit is set, or it is an update to a value.
    fn has(&self, field: usize) -> bool {
        self.masks[field / 63] & 1 << (field % 63) != 0 || self.op == 2 && self.values[field] != Cell::Null
    }

    fn fields(&self) -> Vec<usize> {
        (0..self.values.len()).filter(|at| self.has(*at)).collect()
    }

    /// Its row in the changelog: an insert names all fields.
    pub(super) fn shown(&self, schema: &Schema) -> Vec<Cell> {
        let table = &schema.tables[self.table];
        let names = table.columns.iter().enumerate().filter(|(at, _)| self.op == 1 || self.has(*at));
        let names: Vec<&str> = names.map(|(_, c)| c.name.as_str()).collect();
        let operation =
            ["", "insert", "update", "delete", "cascade", "stale"][usize::try_from(self.op).unwrap_or(0).min(5)];
        let text = |text: &str| Cell::Text(text.as_bytes().to_vec());
        let json = serde_json::to_string(&names).unwrap_or_default();
        vec![
            Cell::Integer(self.stamp),
            Cell::Integer(7),
            Cell::Integer(-5),
            text(&table.name),
            self.id.clone(),
            text(operation),
            text(&json),
            Cell::Integer(self.base),
        ]
    }
}

/// All entries after this number, in order.
pub(super) fn entries(conn: &Connection, schema: &Schema, after: i64) -> Result<Vec<Entry>, Fault> {
    let (mut all, mut stamps) = (Vec::new(), Stamps::after(conn, Place::default())?);
    for row in query(conn, &schema.log, &[])? {
        let (number, at) = (row[0].integer()?, row[1].integer()?);
        let stamp = stamps.of(number, at)? as i64;
        if number > after {
            all.push(entry(&row, schema, (stamp, at))?);
        }
    }
    Ok(all)
}

fn entry(row: &[Cell], schema: &Schema, (stamp, at): (i64, i64)) -> Result<Entry, Fault> {
    let name = |table: &Table| row[2] == Cell::Text(table.name.as_bytes().to_vec());
    let table = schema.tables.iter().position(name).ok_or_else(|| format!("a table {:?}", row[2]))?;
    let fields = schema.tables[table].columns.len();
    let (masks, values) = row[6..].split_at(schema.masks);
    let (masks, more) = masks.split_at(fields.div_ceil(63));
    let (values, others) = values.split_at(fields);
    if more.iter().any(|mask| *mask != Cell::Integer(0)) || others.iter().any(|value| *value != Cell::Null) {
        return Err(format!("an entry of {:?} says more than its table has fields: {row:?}", row[2]));
    }
    Ok(Entry {
        stamp,
        at,
        table,
        op: row[3].integer()?,
        id: row[4].clone(),
        base: row[5].integer()?,
        masks: masks.iter().map(Cell::integer).collect::<Result<_, _>>()?,
        values: values.to_vec(),
    })
}

/// One statement: what it found, what it left, and what was logged.
pub(super) struct Moment<'a> {
    /// The tables.
    pub(super) schema: &'a Schema,
    /// What they held before.
    pub(super) before: &'a Tables,
    /// What they hold now.
    pub(super) after: &'a Tables,
    /// The new entries.
    pub(super) entries: &'a [Entry],
    /// What the statement does by itself.
    pub(super) does: Does,
    /// Whether nothing but the statement and its foreign keys writes: no trigger of a user's.
    pub(super) alone: bool,
    /// Whether records may be replaced, so that a parent that is there was gone meanwhile.
    pub(super) replaces: bool,
    /// The base of all writes.
    pub(super) base: i64,
}

impl Moment<'_> {
    /// Whether the entries say exactly what happened.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn judge(&self) -> Result<(), Fault> {
        let mut rows = self.before.clone();
        for entry in self.entries {
            let wrong = |why: Fault| format!("{why}, says {}", self.describe(entry));
            self.entry(&mut rows, entry).map_err(wrong)?;
        }
        let stamps = self.entries.windows(2).find(|pair| pair[0].stamp >= pair[1].stamp);
        if let Some(pair) = stamps {
            return Err(format!("two entries of one stamp: {pair:?}"));
        }
        self.unique()?;
        self.same(&rows)
    }

    fn entry(&self, rows: &mut Tables, entry: &Entry) -> Result<(), Fault> {
        ensure(entry.base == self.base, "another base")?;
        self.by_the_statement(entry)?;
        match entry.op {
            1 => self.insert(&mut rows[entry.table], entry),
            2 => self.update(rows, entry),
            3 | 4 => self.delete(rows, entry),
            5 => self.stale(rows, entry),
            _ => Err("no such operation".into()),
        }
    }

    /// Without triggers only foreign keys write elsewhere, and what they do has operations of its own.
    fn by_the_statement(&self, entry: &Entry) -> Result<(), Fault> {
        let may = match (entry.op, self.does) {
            (4 | 5, _) => true,
            (1, Does::Insert(table)) | (2, Does::Insert(table) | Does::Update(table)) | (3, Does::Delete(table)) => {
                entry.table == table
            }
            _ => false,
        };
        ensure(may || !self.alone, "nobody wrote this")
    }

    fn insert(&self, rows: &mut Rows, entry: &Entry) -> Result<(), Fault> {
        ensure(entry.masks.iter().all(|m| *m == 0), "an insert has no mask")?;
        let old = rows.insert(entry.id.clone(), entry.values.clone());
        ensure(old.is_none(), "the record was there")
    }

    fn update(&self, tables: &mut Tables, entry: &Entry) -> Result<(), Fault> {
        let table = &self.schema.tables[entry.table];
        let old = tables[entry.table].get(&entry.id).ok_or("no such record")?.clone();
        let mut new = old.clone();
        for (at, column) in table.columns.iter().enumerate() {
            let value = &entry.values[at];
            if !entry.has(at) {
                ensure(*value == Cell::Null, "a value that is not in the mask")?;
                ensure(!table.whole || self.emptied(entry, at), "a whole record says all")?;
                continue;
            }
            new[at] = if column.sum { added(&old[at], value)? } else { value.clone() };
            ensure(table.whole || new[at] != old[at], "what did not change")?;
            let nulled = new[at] == Cell::Null && old[at] != Cell::Null;
            ensure(!nulled || !self.must_be_stale(tables, column, &old[at]), "a foreign key emptied this")?;
        }
        ensure(new != old, "nothing changed")?;
        tables[entry.table].insert(entry.id.clone(), new);
        Ok(())
    }

    fn delete(&self, tables: &mut Tables, entry: &Entry) -> Result<(), Fault> {
        let table = &self.schema.tables[entry.table];
        let held = tables[entry.table].get(&entry.id).ok_or("no such record")?.clone();
        ensure(held == entry.values, "it held something else")?;
        let mut parents = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let cascades = matches!(column.parent, Some((_, OnDelete::Cascade))) && held[at] != Cell::Null;
            // What refers to itself was not taken by that.
            let own = matches!(column.parent, Some((p, _)) if p == entry.table) && held[at] == entry.id;
            if cascades && !own {
                parents.push((at, column));
            }
        }
        match (entry.op, &entry.fields()[..]) {
            (4, [via]) => {
                let via = parents.iter().find(|(at, _)| at == via).ok_or("this reference takes nobody")?;
                ensure(self.may_be_gone(tables, via.1, &held[via.0]), "the parent is there")?;
                // Who takes a record is logged after it. In a ring, or without foreign keys, one may be gone before.
                ensure(!self.is_gone(tables, via.1, &held[via.0]), "the parent had left before: it took nobody")?;
            }
            (3, []) => {}
            _ => return Err("the mask".into()),
        }
        tables[entry.table].remove(&entry.id);
        Ok(())
    }

    fn stale(&self, tables: &mut Tables, entry: &Entry) -> Result<(), Fault> {
        let table = &self.schema.tables[entry.table];
        let mut row = tables[entry.table].get(&entry.id).ok_or("no such record")?.clone();
        ensure(!entry.fields().is_empty(), "no field")?;
        for (at, column) in table.columns.iter().enumerate() {
            let value = &entry.values[at];
            if !entry.has(at) {
                ensure(*value == Cell::Null, "a value that is not in the mask")?;
                continue;
            }
            ensure(matches!(column.parent, Some((_, OnDelete::SetNull))), "this reference is never emptied")?;
            ensure(*value != Cell::Null && *value == row[at], "it named another")?;
            ensure(self.may_be_gone(tables, column, value), "the target is there")?;
            row[at] = Cell::Null;
        }
        tables[entry.table].insert(entry.id.clone(), row);
        Ok(())
    }

    /// Whether a foreign key emptied this reference in the same statement: then a whole record does not claim the NULL.
    fn emptied(&self, entry: &Entry, field: usize) -> bool {
        let before = self.entries.iter().take_while(|e| e.stamp < entry.stamp);
        before.filter(|e| e.op == 5 && e.table == entry.table && e.id == entry.id).any(|e| e.has(field))
    }

    /// A REPLACE says itself what it leaves empty.
    fn must_be_stale(&self, tables: &Tables, column: &Column, named: &Cell) -> bool {
        !self.replaces && matches!(column.parent, Some((_, OnDelete::SetNull))) && self.is_gone(tables, column, named)
    }

    /// Whether what a reference names was gone at this point, for certain.
    fn is_gone(&self, tables: &Tables, column: &Column, named: &Cell) -> bool {
        let there = |tables: &Tables, (parent, _): (usize, OnDelete)| tables[parent].contains_key(named);
        let never = |p| !there(tables, p) && !there(self.after, p);
        column.parent.is_some_and(|p| never(p) && (self.alone || !there(self.before, p)))
    }

    /// Whether it may have been: a parent is logged after what it takes along, and one that is replaced not at all.
    fn may_be_gone(&self, tables: &Tables, column: &Column, named: &Cell) -> bool {
        let there = |tables: &Tables, (parent, _): (usize, OnDelete)| tables[parent].contains_key(named);
        let deleted =
            |(parent, _)| self.entries.iter().any(|e| e.table == parent && e.id == *named && [3, 4].contains(&e.op));
        column.parent.is_some_and(|p| self.replaces || !there(tables, p) || !there(self.after, p) || deleted(p))
    }

    /// A value that is new to its record is no other's.
    fn unique(&self) -> Result<(), Fault> {
        for (at, table) in self.schema.tables.iter().enumerate() {
            for (field, column) in table.columns.iter().enumerate().filter(|(_, c)| c.unique) {
                self.unique_in(at, field)
                    .map_err(|id| format!("{id:?} took another's {:?}.{:?}", table.name, column.name))?;
            }
        }
        Ok(())
    }

    fn unique_in(&self, table: usize, field: usize) -> Result<(), Cell> {
        let (before, after) = (&self.before[table], &self.after[table]);
        let is_new = |id: &Cell, row: &[Cell]| before.get(id).is_none_or(|old| old[field] != row[field]);
        let shared = |id: &Cell, row: &[Cell]| {
            after.iter().any(|(other, there)| other != id && equal(&there[field], &row[field]))
        };
        let taken = after.iter().find(|(id, row)| is_new(id, row) && shared(id, row));
        taken.map_or(Ok(()), |(id, _)| Err(id.clone()))
    }

    fn same(&self, rows: &Tables) -> Result<(), Fault> {
        let mut tables = self.schema.tables.iter().zip(rows).zip(self.after);
        let other = tables.find(|((_, log), table)| log != table);
        other.map_or(Ok(()), |((table, log), rows)| Err(format!("{}: {}", table.name, difference(table, log, rows))))
    }

    fn describe(&self, entry: &Entry) -> String {
        let table = &self.schema.tables[entry.table];
        let names: Vec<_> = entry.fields().into_iter().map(|at| &table.columns[at].name).collect();
        format!(
            "{:?}: operation {} of {:?}, fields {names:?}, values {:?}",
            table.name, entry.op, entry.id, entry.values
        )
    }
}

/// What the log says and the table does not, and the other way round.
fn difference(table: &Table, log: &Rows, rows: &Rows) -> String {
    let names: Vec<_> = table.columns.iter().map(|c| &c.name).collect();
    let only = |a: &Rows, b: &Rows| {
        a.iter().filter(|(id, row)| b.get(id) != Some(row)).map(|r| format!("{r:?}")).collect::<Vec<_>>()
    };
    format!("of {names:?} the log gives {:?}, the table has {:?}", only(log, rows), only(rows, log))
}

/// Whether SQLite calls them equal: a unique NULL is nobody's.
fn equal(a: &Cell, b: &Cell) -> bool {
    let zero = |c: &Cell| matches!(c, Cell::Real(bits) if f64::from_bits(*bits) == 0.0);
    *a != Cell::Null && (a == b || zero(a) && zero(b))
}

fn added(old: &Cell, delta: &Cell) -> Result<Cell, Fault> {
    let sum = old.integer()?.checked_add(delta.integer()?);
    sum.map(Cell::Integer).ok_or_else(|| "a difference that leads out of 64 bits".into())
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
