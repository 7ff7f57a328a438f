//! The statements that lead a database from a version to the next.
//!
//! They run within one transaction, with foreign keys off: a table that is made anew is dropped on the way, and nothing
//! may hear of that. First tables and columns get their new names, by `ALTER TABLE`, so that whatever an application has
//! made of its own (views above all) follows. What is different still is made anew: a table under another name, its rows
//! copied, the old one dropped, the name given back. SQLite changes the text of a table in ways of its own (a column that
//! is added stands on the last line), and what a file has is compared with what a program wants by that text.
//!
//! Triggers and the view `windrow_changelog` are only dropped: opening the file makes them again.

mod device;
mod hub;
mod log;
mod renamed;
mod rewrite;
mod stand;

use crate::lock::Plan;
use crate::sql::quoted;
use renamed::renamed;

/// The statements of a migration, for one kind of database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    statements: Vec<String>,
    rewrites: Vec<String>,
}

impl Script {
    /// For a device's file.
    ///
    /// # Errors
    /// A version before that the reader of structs does not take; [`Lock::read`](crate::lock::Lock::read) lets none through.
    pub fn device(plan: &Plan) -> Result<Script, String> {
        device::script(plan)
    }

    /// For a hub's file on SQLite.
    ///
    /// # Errors
    /// As [`Script::device`].
    pub fn hub(plan: &Plan) -> Result<Script, String> {
        hub::script(plan)
    }

    /// The statements, in order, without the semicolons behind them.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The tables whose rows are written anew: on a device a reason for a backup of its file.
    pub fn rewrites(&self) -> &[String] {
        &self.rewrites
    }

    /// The text of a file. `about`: lines that say what it is for.
    pub fn text(&self, about: &str) -> String {
        let head: String = about.lines().map(|line| format!("-- {line}\n")).collect();
        let statements = self.statements.iter().map(|s| format!("\n{s};\n"));
        head + &statements.collect::<String>()
    }

    fn run(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    /// Says that the rows of a table are written anew.
    fn rewrite(&mut self, table: &str) {
        if !self.rewrites.iter().any(|known| known == table) {
            self.rewrites.push(table.to_owned());
        }
    }

    fn drop(&mut self, kind: &str, name: &str) {
        self.run(format!("DROP {kind} IF EXISTS {}", quoted(name)));
    }
}
