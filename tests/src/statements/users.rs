//! What an application adds of its own: a plain table, a view to write through, triggers that write to synced tables.
//!
//! What SQLite leaves undefined is left out: a `BEFORE` trigger that changes the very row. So is what the page about the
//! databases warns of: a trigger that fires before Windrow's own and changes the very record.

use super::schema::{Column, OnDelete, Schema, Table};
use super::values::{IDS, Kind};
use fastrand::Rng;
use windrow_schema::sql::quoted;

/// A table whose trigger writes to synced ones, and one that triggers write to.
const PLAIN: [&str; 2] = ["CREATE TABLE \"plain\" (n, id BLOB)", "CREATE TABLE \"seen\" (id BLOB)"];

/// The application's own objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Users {
    /// Tables, views and the triggers of views.
    pub(super) objects: Vec<String>,
    /// Triggers on synced tables, which stood there when the store was last opened: Windrow's own are newer.
    pub(super) triggers: Vec<String>,
    /// Triggers of one connection, made later.
    pub(super) temporary: Vec<String>,
    /// Whether the view is there.
    pub(super) view: bool,
}

impl Users {
    /// Half of the applications have nothing of their own.
    pub(super) fn draw(rng: &mut Rng, schema: &Schema) -> Users {
        let mut users = Users { objects: PLAIN.map(str::to_owned).to_vec(), ..Users::default() };
        let mut draw = Draw { rng, schema, name: 0 };
        match draw.rng.u8(..10) {
            0..=3 => users.triggers = (0..draw.rng.usize(1..=4)).map(|_| draw.after()).collect(),
            4 => users.triggers = vec![draw.before()],
            5 => users.temporary = vec![draw.temporary()],
            6 => users.triggers.extend(draw.half_way()),
            _ => {}
        }
        if !users.triggers.is_empty() && draw.rng.bool() {
            users.triggers.push(draw.plain());
        }
        // No column of a view can be called `true`: SQLite names it anew.
        if !users.triggers.is_empty() && schema.tables[0].columns.iter().all(|c| c.name != "true") {
            users.objects.extend(draw.view());
            users.view = true;
        }
        users
    }

    /// Whether any of them writes to synced tables.
    pub(super) fn write(&self) -> bool {
        !self.triggers.is_empty() || !self.temporary.is_empty()
    }

    /// Whether a word stands in any of them.
    pub(super) fn say(&self, word: &str) -> bool {
        [&self.objects, &self.triggers, &self.temporary].into_iter().flatten().any(|sql| sql.contains(word))
    }
}

struct Draw<'a> {
    rng: &'a mut Rng,
    schema: &'a Schema,
    name: usize,
}

impl Draw<'_> {
    fn any(&mut self) -> usize {
        self.rng.usize(..self.schema.tables.len())
    }

    fn create(&mut self, what: &str, when: &str, body: &[String]) -> String {
        self.name += 1;
        format!("CREATE {what} \"own {}\" {when} BEGIN {}; END", self.name, body.join("; "))
    }

    fn after(&mut self) -> String {
        let at = self.any();
        let event = self.rng.choice(["INSERT", "UPDATE", "DELETE"]).unwrap_or("INSERT");
        let row = if event == "DELETE" { "OLD" } else { "NEW" };
        let event = match event {
            "UPDATE" if self.rng.bool() => format!("UPDATE OF {}", self.column(at).quoted()),
            event => event.to_owned(),
        };
        let body: Vec<_> = (0..self.rng.usize(1..=2)).map(|_| self.action(at, row)).collect();
        self.create("TRIGGER", &format!("AFTER {event} ON {}", self.schema.tables[at].quoted()), &body)
    }

    /// Changes another table, or gets in the way.
    fn before(&mut self) -> String {
        let at = self.any();
        let event = self.rng.choice(["INSERT", "UPDATE", "DELETE"]).unwrap_or("INSERT");
        let row = if event == "DELETE" { "OLD" } else { "NEW" };
        let action = match self.other(at) {
            Some(other) if self.rng.bool() => self.update(other, row),
            _ => self.raise(row, &["IGNORE", "ABORT, 'no'", "FAIL, 'no'", "ROLLBACK, 'no'"]),
        };
        self.create("TRIGGER", &format!("BEFORE {event} ON {}", self.schema.tables[at].quoted()), &[action])
    }

    /// Stops a statement in the middle of what a foreign key does.
    fn half_way(&mut self) -> Option<String> {
        let event = |on_delete| match on_delete {
            OnDelete::Cascade => Some("DELETE"),
            OnDelete::SetNull => Some("UPDATE"),
            OnDelete::Restrict => None,
        };
        let columns = self.schema.tables.iter().enumerate().flat_map(|(at, t)| t.columns.iter().map(move |c| (at, c)));
        let acted_on: Vec<(usize, &str)> = columns.filter_map(|(at, c)| Some((at, event(c.parent?.1)?))).collect();
        let (at, event) = self.rng.choice(&acted_on).copied()?;
        let when = format!("AFTER {event} ON {}", self.schema.tables[at].quoted());
        let body = self.raise("OLD", &["FAIL, 'no'"]);
        Some(self.create("TRIGGER", &when, &[body]))
    }

    /// Fires before Windrow's own, so it leaves the record alone that set it off.
    fn temporary(&mut self) -> String {
        let at = self.any();
        let event = self.rng.choice(["INSERT", "UPDATE", "DELETE"]).unwrap_or("INSERT");
        let row = if event == "DELETE" { "OLD" } else { "NEW" };
        let action = match self.other(at) {
            Some(other) => self.update(other, row),
            None => note(row),
        };
        self.create("TEMP TRIGGER", &format!("AFTER {event} ON main.{}", self.schema.tables[at].quoted()), &[action])
    }

    fn plain(&mut self) -> String {
        let at = self.any();
        let action = if self.rng.bool() { self.insert(at, "NEW") } else { self.delete(at, "NEW") };
        self.create("TRIGGER", "AFTER INSERT ON \"plain\"", &[action])
    }

    fn view(&mut self) -> Vec<String> {
        let table = &self.schema.tables[0];
        let name = table.quoted();
        let columns: String = table.columns.iter().map(|c| format!(", {}", c.quoted())).collect();
        let values: String = table.columns.iter().map(|c| format!(", NEW.{}", c.quoted())).collect();
        let set: Vec<String> = table.columns.iter().map(|c| format!("{0} = NEW.{0}", c.quoted())).collect();
        let insert = format!("INSERT OR REPLACE INTO {name} (\"id\"{columns}) VALUES (NEW.\"id\"{values})");
        let update = format!("UPDATE {name} SET {} WHERE \"id\" = OLD.\"id\"", set.join(", "));
        let delete = format!("DELETE FROM {name} WHERE \"id\" = OLD.\"id\"");
        vec![
            format!("CREATE VIEW \"through\" AS SELECT * FROM {name}"),
            self.create("TRIGGER", "INSTEAD OF INSERT ON \"through\"", &[insert]),
            self.create("TRIGGER", "INSTEAD OF UPDATE ON \"through\"", &[update]),
            self.create("TRIGGER", "INSTEAD OF DELETE ON \"through\"", &[delete]),
        ]
    }

    fn action(&mut self, at: usize, row: &str) -> String {
        match self.rng.u8(..10) {
            0..=2 => self.update(at, row),
            3 => self.raise(row, &["IGNORE", "IGNORE", "ABORT, 'no'", "FAIL, 'no'", "ROLLBACK, 'no'"]),
            4..=5 => {
                let other = self.any();
                self.update(other, row)
            }
            // Into a later table: an insert that led back to its own would go on for ever.
            6 if at + 1 < self.schema.tables.len() => {
                let other = self.rng.usize(at + 1..self.schema.tables.len());
                self.insert(other, row)
            }
            7..=8 => {
                let other = self.any();
                self.delete(other, row)
            }
            _ => note(row),
        }
    }

    /// Sets a column to the one value that triggers ever give it: so no two of them can go on for ever.
    fn update(&mut self, at: usize, row: &str) -> String {
        let table = &self.schema.tables[at];
        let settable: Vec<&Column> = table.columns.iter().filter(|c| !c.unique && !constant(c).is_empty()).collect();
        let Some(column) = self.rng.choice(&settable).copied() else { return note(row) };
        let (name, value, key) = (column.quoted(), constant(column), self.key(table));
        format!("UPDATE {} SET {name} = {value} WHERE {key} = {row}.\"id\" AND {name} IS NOT {value}", table.quoted())
    }

    fn insert(&mut self, at: usize, row: &str) -> String {
        let table = &self.schema.tables[at];
        let verb = self.rng.choice(["INSERT OR IGNORE", "INSERT OR REPLACE"]).unwrap_or("INSERT");
        let needed = || table.columns.iter().filter(|c| !c.nullable);
        if needed().any(|c| c.parent.is_some() || c.unique) {
            return note(row);
        }
        let columns: String = needed().map(|c| format!(", {}", c.quoted())).collect();
        let values: String = needed().map(|c| format!(", {}", constant(c))).collect();
        format!("{verb} INTO {} (\"id\"{columns}) VALUES ({row}.\"id\"{values})", table.quoted())
    }

    fn delete(&mut self, at: usize, row: &str) -> String {
        let table = &self.schema.tables[at];
        let (key, id) = (self.key(table), self.rng.u8(1..=IDS));
        format!("DELETE FROM {} WHERE {key} = {row}.\"id\" AND \"id\" <> x'{id:032x}'", table.quoted())
    }

    fn raise(&mut self, row: &str, how: &[&str]) -> String {
        let how = self.rng.choice(how).copied().unwrap_or("IGNORE");
        format!("SELECT RAISE({how}) WHERE {row}.\"id\" = x'{:032x}'", self.rng.u8(1..=IDS))
    }

    fn column(&mut self, at: usize) -> &Column {
        let table = &self.schema.tables[at];
        &table.columns[self.rng.usize(..table.columns.len())]
    }

    fn other(&mut self, at: usize) -> Option<usize> {
        let others: Vec<usize> = (0..self.schema.tables.len()).filter(|o| *o != at).collect();
        self.rng.choice(others)
    }

    /// The id, or a reference.
    fn key(&mut self, table: &Table) -> String {
        let references = table.columns.iter().filter(|c| c.parent.is_some()).map(Column::quoted);
        self.rng.choice(references.chain([quoted("id")]).collect::<Vec<_>>()).unwrap_or_default()
    }
}

fn note(row: &str) -> String {
    format!("INSERT INTO \"seen\" VALUES ({row}.\"id\")")
}

/// What triggers set a column to; nothing for a reference that can't be NULL.
fn constant(column: &Column) -> &'static str {
    match (column.kind, column.parent) {
        (Kind::Id, Some((_, OnDelete::Restrict | OnDelete::SetNull))) if column.nullable => "NULL",
        (Kind::Id, _) => "",
        (Kind::Real, _) => "0.25",
        (Kind::Text, _) => "'by trigger'",
        (Kind::Blob, _) => "x'74'",
        (Kind::Date, _) => "'2024-05-05'",
        (Kind::Mood, _) => "'good'",
        (Kind::Json, _) => "'{\"by\":1}'",
        _ => "1",
    }
}
