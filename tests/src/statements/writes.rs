//! Random statements, as any program may write them.

use super::schema::{Column, Schema, Table};
use super::values::{id, wrong};
use fastrand::Rng;

/// Stands before each table's name: a program that attached the file writes its alias there.
pub(super) const PREFIX: char = '\u{a4}';

/// What a statement does by itself, apart from foreign keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// It inserts into, or replaces in, the table at this position; it may update there.
    Insert(usize),
    /// It updates this table.
    Update(usize),
    /// It deletes from this table.
    Delete(usize),
    /// Something else: transactions, settings, or what only triggers turn into writes.
    Other,
}

const INSERTS: [&str; 10] = [
    "INSERT",
    "INSERT",
    "INSERT",
    "REPLACE",
    "INSERT OR REPLACE",
    "INSERT OR IGNORE",
    "INSERT OR FAIL",
    "INSERT OR ABORT",
    "INSERT OR ROLLBACK",
    "REPLACE",
];
const UPDATES: [&str; 8] = [
    "UPDATE",
    "UPDATE",
    "UPDATE",
    "UPDATE OR IGNORE",
    "UPDATE OR REPLACE",
    "UPDATE OR FAIL",
    "UPDATE OR ABORT",
    "UPDATE OR ROLLBACK",
];

/// Writes statements for a schema.
pub(super) struct Writer<'a> {
    /// The tables.
    pub(super) schema: &'a Schema,
    /// Where chance comes from.
    pub(super) rng: &'a mut Rng,
}

impl Writer<'_> {
    /// One of these.
    pub(super) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.usize(..among.len())]
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn target(&mut self) -> (usize, &Table) {
        let at = self.rng.usize(..self.schema.tables.len());
        (at, &self.schema.tables[at])
    }

    /// An insert, update or delete.
    pub(super) fn write(&mut self) -> (Does, String) {
        let at = self.rng.usize(..self.schema.tables.len());
        let (does, sql) = match self.rng.u8(..100) {
            0..=44 => (Does::Insert(at), self.insert(at)),
            45..=79 => (Does::Update(at), self.update(at)),
            _ => (Does::Delete(at), self.delete(at)),
        };
        let with = match self.rng.u8(..40) {
            0 => "WITH windrow_state(applying) AS (SELECT 1), windrow_log(number) AS (SELECT 7) ",
            1 => "WITH windrow_now AS (SELECT 1 AS applying, 0 AS base), windrow_row AS (SELECT 1) ",
            _ => "",
        };
        let returning = self.pick(&["", "", "", "", "", "", "", " RETURNING *"]);
        (does, format!("{with}{sql}{returning}"))
    }

    /// An insert, with whatever clauses.
    pub(super) fn insert(&mut self, at: usize) -> String {
        let table = &self.schema.tables[at];
        let columns = self.columns(table);
        let names: String = columns.iter().map(|c| format!(", {}", c.quoted())).collect();
        let source = match self.rng.u8(..10) {
            0..=1 => self.selected(at, &columns),
            _ => self.rows(&columns),
        };
        let (verb, upsert) = (self.pick(&INSERTS), self.upsert(at));
        format!("{verb} INTO {PREFIX}{} AS t (\"id\"{names}) {source}{upsert}", table.quoted())
    }

    /// An insert of one record, all columns named.
    pub(super) fn record(&mut self, at: usize, verb: &str, id: &str) -> String {
        let table = &self.schema.tables[at];
        let names: String = table.columns.iter().map(|c| format!(", {}", c.quoted())).collect();
        let values: String = table.columns.iter().map(|c| format!(", {}", self.value(c))).collect();
        format!("{verb} INTO {PREFIX}{} (\"id\"{names}) VALUES ({id}{values})", table.quoted())
    }

    /// A delete of one record.
    pub(super) fn deleted(&mut self, at: usize, id: &str) -> String {
        format!("DELETE FROM {PREFIX}{} WHERE \"id\" = {id}", self.schema.tables[at].quoted())
    }

    /// The columns that an insert names: mostly all, in any order.
    fn columns<'t>(&mut self, table: &'t Table) -> Vec<&'t Column> {
        let needed = |c: &Column| !c.nullable;
        let (few, shuffled) = (self.chance(25), self.chance(25));
        let mut columns: Vec<&Column> = table.columns.iter().filter(|c| !few || needed(c) || self.rng.bool()).collect();
        if shuffled {
            self.rng.shuffle(&mut columns);
        }
        columns
    }

    fn rows(&mut self, columns: &[&Column]) -> String {
        let count = self.pick(&[1, 1, 1, 2, 2, 3]);
        let rows: Vec<String> = (0..count)
            .map(|_| {
                let id = id(self.rng);
                format!("({id}{})", columns.iter().map(|c| format!(", {}", self.value(c))).collect::<String>())
            })
            .collect();
        format!("VALUES {}", rows.join(", "))
    }

    /// Rows of some table, of the same one as a rule.
    fn selected(&mut self, at: usize, columns: &[&Column]) -> String {
        let from = if self.rng.bool() { at } else { self.rng.usize(..self.schema.tables.len()) };
        let key = if self.chance(60) { "t.\"id\"".to_owned() } else { id(self.rng) };
        let values: String = columns
            .iter()
            .map(|c| match from == at && self.chance(60) {
                true => format!(", t.{}", c.quoted()),
                false => format!(", {}", self.value(c)),
            })
            .collect();
        let condition = self.condition(from);
        format!("SELECT {key}{values} FROM {PREFIX}{} AS t WHERE {condition}", self.schema.tables[from].quoted())
    }

    fn upsert(&mut self, at: usize) -> String {
        match self.rng.u8(..12) {
            0 => " ON CONFLICT DO NOTHING".to_owned(),
            1 => " ON CONFLICT (\"id\") DO NOTHING".to_owned(),
            2..=3 => format!(" ON CONFLICT (\"id\") DO UPDATE SET {}", self.set(at, true)),
            4 => {
                let (set, condition) = (self.set(at, true), self.condition(at));
                format!(" ON CONFLICT DO UPDATE SET {set} WHERE {condition}")
            }
            _ => String::new(),
        }
    }

    fn update(&mut self, at: usize) -> String {
        let table = &self.schema.tables[at];
        let verb = self.pick(&UPDATES);
        let name = table.quoted();
        match self.rng.u8(..12) {
            0 => format!("{verb} {PREFIX}{name} AS t SET \"id\" = {} WHERE {}", id(self.rng), self.condition(at)),
            1..=2 => self.update_from(at, verb),
            _ => format!("{verb} {PREFIX}{name} AS t SET {} WHERE {}", self.set(at, false), self.condition(at)),
        }
    }

    /// Joins at most one row to each.
    fn update_from(&mut self, at: usize, verb: &str) -> String {
        let (_, other) = self.target();
        let other = other.quoted();
        let (set, condition) = (self.set(at, false), self.condition(at));
        let table = &self.schema.tables[at];
        let references = table.columns.iter().filter(|c| c.parent.is_some()).map(Column::quoted);
        let keys: Vec<String> = references.chain(["\"id\"".to_owned()]).collect();
        let key = &keys[self.rng.usize(..keys.len())];
        format!(
            "{verb} {PREFIX}{} AS t SET {set} FROM {PREFIX}{other} AS o WHERE o.\"id\" = t.{key} AND {condition}",
            table.quoted()
        )
    }

    /// One to three assignments.
    fn set(&mut self, at: usize, upsert: bool) -> String {
        let table = &self.schema.tables[at];
        let mut columns: Vec<&Column> = table.columns.iter().collect();
        self.rng.shuffle(&mut columns);
        columns.truncate(self.pick(&[1, 1, 2, 3]));
        let mut set: Vec<String> =
            columns.into_iter().map(|c| format!("{} = {}", c.quoted(), self.expression(table, c, upsert))).collect();
        if self.chance(5) {
            set.push("\"id\" = t.\"id\"".to_owned());
        }
        set.join(", ")
    }

    fn expression(&mut self, table: &Table, column: &Column, upsert: bool) -> String {
        let own = column.quoted();
        let like = |c: &&Column| c.kind == column.kind;
        match self.rng.u8(..20) {
            0..=1 => format!("t.{own}"),
            2..=5 if upsert => format!("excluded.{own}"),
            6..=9 if column.kind.counts() => {
                let step = self.pick(&["1", "-1", "3", "0", "-9223372036854775807", "9223372036854775807"]);
                format!("t.{own} + {step}")
            }
            10 if column.kind.counts() && upsert => format!("t.{own} + excluded.{own}"),
            11 => {
                let others: Vec<&Column> = table.columns.iter().filter(like).collect();
                format!("t.{}", self.pick(&others).quoted())
            }
            12 => format!("(SELECT max({own}) FROM {PREFIX}{} AS m)", table.quoted()),
            _ => self.value(column),
        }
    }

    fn value(&mut self, column: &Column) -> String {
        match self.rng.u8(..100) {
            0 => wrong(self.rng),
            1 => "NULL".to_owned(),
            2..=20 if column.nullable => "NULL".to_owned(),
            // Sums that go past what 64 bits hold are refused: few of them.
            _ if column.sum && self.chance(85) => self.rng.i8(-3..4).to_string(),
            _ => column.kind.draw(self.rng),
        }
    }

    fn delete(&mut self, at: usize) -> String {
        format!("DELETE FROM {PREFIX}{} AS t WHERE {}", self.schema.tables[at].quoted(), self.condition(at))
    }

    /// A condition on the rows of `t`.
    pub(super) fn condition(&mut self, at: usize) -> String {
        let table = &self.schema.tables[at];
        let other = self.rng.usize(..self.schema.tables.len());
        let other = self.schema.tables[other].quoted();
        let (a, b) = (id(self.rng), id(self.rng));
        let column = &table.columns[self.rng.usize(..table.columns.len())];
        let name = column.quoted();
        match self.rng.u8(..20) {
            0 => "1".to_owned(),
            1..=7 => format!("t.\"id\" = {a}"),
            8..=9 => format!("t.\"id\" IN ({a}, {b})"),
            10 => format!("t.\"id\" <= {a}"),
            11 => format!("t.\"id\" > {a}"),
            12..=13 => format!("t.{name} IS {}", self.value(column)),
            14 => format!("t.{name} IS NOT NULL"),
            15 => format!("t.{name} IN (SELECT \"id\" FROM {PREFIX}{other})"),
            16 => format!("EXISTS (SELECT 1 FROM {PREFIX}{other} AS o WHERE o.\"id\" = t.\"id\")"),
            17 => format!("NOT EXISTS (SELECT 1 FROM {PREFIX}{other} AS o WHERE o.\"id\" = t.\"id\")"),
            18 => format!("t.\"id\" = (SELECT max(\"id\") FROM {PREFIX}{})", table.quoted()),
            _ => format!("(t.{name} = t.{name} OR t.\"id\" = {a})"),
        }
    }
}
