//! A case: a schema, what an application added, and what several programs wrote, step by step.

use super::Fault;
use super::database::{By, Settings};
use super::schema::Schema;
use super::users::Users;
use super::values::id;
use super::writes::{Does, PREFIX, Writer};
use fastrand::Rng;

/// One statement of one program.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Who writes.
    pub(super) by: By,
    /// What the statement does by itself.
    pub(super) does: Does,
    /// Its text.
    pub(super) sql: String,
    /// Whether it stands for the hub's answer, which is applied without being logged.
    pub(super) applying: bool,
}

/// All that a run needs.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// The synced tables.
    pub(super) schema: Schema,
    /// What else is in the file.
    pub users: Users,
    /// Whether it is a file, with several programs, or in memory.
    pub(super) file: bool,
    /// Under which name a program attaches the file.
    pub(super) alias: &'static str,
    /// How the first program begins, and how the others write.
    pub(super) settings: [Settings; 2],
    /// What is written.
    pub(super) steps: Vec<Step>,
}

/// Statements of a case.
const LENGTH: usize = 80;

/// Of these, inserts that begin it.
const FIRST: usize = 10;

impl Case {
    /// The case of a seed.
    ///
    /// # Errors
    /// A schema that can't be read.
    pub(super) fn draw(seed: u64) -> Result<Case, Fault> {
        let mut rng = Rng::with_seed(seed);
        let schema = Schema::draw(&mut rng)?;
        let mut users = Users::draw(&mut rng, &schema);
        let file = rng.u8(..6) == 0;
        if file {
            // The twin, which stands for all programs, would let them fire for each of them.
            users.temporary.clear();
        }
        let settings = [Settings::draw(&mut rng), Settings::draw(&mut rng)];
        let alias = rng.choice(["dev", "a\"b", "windrow", "ü"]).unwrap_or("dev");
        // Other programs take milliseconds to start.
        let foreign = file && rng.u8(..4) == 0;
        let mut draw = Draw {
            writer: Writer { schema: &schema, rng: &mut rng },
            users: &users,
            file,
            foreign,
            open: 0,
            next: Vec::new(),
        };
        let steps = (0..LENGTH).map(|at| if at < FIRST { draw.first() } else { draw.step() }).collect();
        Ok(Case { schema, users, file, alias, settings, steps })
    }
}

struct Draw<'a> {
    writer: Writer<'a>,
    users: &'a Users,
    file: bool,
    foreign: bool,
    /// Transactions and savepoints that are open, if all went well.
    open: usize,
    /// What is to follow, the next one last.
    next: Vec<Step>,
}

impl Draw<'_> {
    /// An insert.
    fn first(&mut self) -> Step {
        let at = self.writer.rng.usize(..self.writer.schema.tables.len());
        Step { by: By::Main, does: Does::Insert(at), sql: self.writer.insert(at), applying: false }
    }

    fn step(&mut self) -> Step {
        if let Some(step) = self.next.pop() {
            return step;
        }
        let main = |sql: String| Step { by: By::Main, does: Does::Other, sql, applying: false };
        match self.writer.rng.u8(..100) {
            0..=2 => main(self.setting()),
            3..=13 => main(self.transaction()),
            14..=16 if self.users.write() => main(self.own()),
            17..=20 => Step { applying: true, ..self.write(By::Main) },
            21 => self.returned(),
            _ => {
                let by = self.by();
                self.write(by)
            }
        }
    }

    /// A record is deleted, the hub brings it back, which draws no stamp, and it is replaced.
    fn returned(&mut self) -> Step {
        let at = self.writer.rng.usize(..self.writer.schema.tables.len());
        let id = id(self.writer.rng);
        let main = |does, sql| Step { by: By::Main, does, sql, applying: false };
        let replaced = main(Does::Insert(at), self.writer.record(at, "REPLACE", &id));
        let told = Step { applying: true, ..main(Does::Insert(at), self.writer.record(at, "INSERT OR IGNORE", &id)) };
        self.next = vec![replaced, told];
        main(Does::Delete(at), self.writer.deleted(at, &id))
    }

    fn write(&mut self, by: By) -> Step {
        let (does, sql) = self.writer.write();
        Step { by, does, sql, applying: false }
    }

    /// Others write between the first program's transactions.
    fn by(&mut self) -> By {
        match self.writer.rng.u8(..100) {
            _ if !self.file || self.open > 0 => By::Main,
            0..=2 if self.foreign => By::Shell,
            3 if self.foreign => By::Python,
            4..=30 => By::Other,
            31..=60 => By::Attached,
            _ => By::Main,
        }
    }

    fn setting(&mut self) -> String {
        let name = self.writer.pick(&[
            "foreign_keys",
            "recursive_triggers",
            "defer_foreign_keys",
            "defer_foreign_keys",
            "ignore_check_constraints",
            "reverse_unordered_selects",
            "trusted_schema",
        ]);
        format!("PRAGMA {name} = {}", self.writer.pick(&["ON", "OFF"]))
    }

    fn transaction(&mut self) -> String {
        let name = self.writer.pick(&["s1", "s2", "\"a \"\"b\"", "windrow"]);
        if self.open == 0 {
            self.open = 1;
            return self
                .writer
                .pick(&["BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "SAVEPOINT s1", "SAVEPOINT windrow"])
                .into();
        }
        match self.writer.rng.u8(..10) {
            0..=2 => {
                self.open += 1;
                format!("SAVEPOINT {name}")
            }
            3..=4 => format!("ROLLBACK TO {name}"),
            5..=6 => {
                self.open -= 1;
                format!("RELEASE {name}")
            }
            7..=8 => {
                self.open = 0;
                self.writer.pick(&["COMMIT", "END"]).into()
            }
            _ => {
                self.open = 0;
                "ROLLBACK".into()
            }
        }
    }

    /// Writes to what the application added, from where triggers go on.
    fn own(&mut self) -> String {
        let id = id(self.writer.rng);
        if !self.users.view || self.writer.rng.bool() {
            return format!("INSERT INTO {PREFIX}\"plain\" VALUES (1, {id})");
        }
        match self.writer.rng.u8(..3) {
            0 => format!("DELETE FROM {PREFIX}\"through\" WHERE \"id\" = {id}"),
            1 => format!("INSERT INTO {PREFIX}\"through\" SELECT * FROM {PREFIX}\"through\" WHERE \"id\" <= {id}"),
            _ => {
                let table = &self.writer.schema.tables[0];
                let column = table.columns[0].quoted();
                format!("UPDATE {PREFIX}\"through\" SET {column} = {column} WHERE \"id\" = {id}")
            }
        }
    }
}
