//! Hostile schemas: random models, written as Rust source under names that break whatever quotes them badly, led through
//! all that the command and a program do with them.
//!
//! Each model is drawn from a seed, as tables. It is written as source in one of the many ways to write the same, and read by
//! the command's reader: what is read is what was drawn. Its versions go through `windrow.lock` and back. All statements of
//! a device and a hub are run on it. Then it becomes another version and the first again, with rows and pending entries in the
//! files, which end as new files of that version are made. A share of the models have mistakes at known places: each must
//! be told there.

mod back;
mod database;
mod draw;
mod mistakes;
mod product;
mod read;
mod shell;
mod source;
mod statements;
mod travel;
mod words;

use fastrand::Rng;
use source::File;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use windrow::rusqlite::Connection;
use windrow::store::log_table;

/// What is wrong.
pub type Fault = String;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counts {
    pub models: u64,
    pub tables: u64,
    pub columns: u64,
    pub statements: u64,
    pub migrating: u64,
    pub round_trips: u64,
    pub refusals: u64,
    pub shell: u64,
    pub opened: u64,
    pub mistakes: u64,
    pub damaged: u64,
}

impl Counts {
    /// Each with what it counts.
    pub fn all(&self) -> [(&'static str, u64); 11] {
        [
            ("models", self.models),
            ("tables", self.tables),
            ("columns", self.columns),
            ("statements run", self.statements),
            ("statements of migrations run", self.migrating),
            ("models there and back", self.round_trips),
            ("refused ways back, and their remedies taken", self.refusals),
            ("texts run by the sqlite3 shell", self.shell),
            ("files opened by the product", self.opened),
            ("mistakes told at their places", self.mistakes),
            ("damaged sources read without a panic", self.damaged),
        ]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.models += other.models;
        self.tables += other.tables;
        self.columns += other.columns;
        self.statements += other.statements;
        self.migrating += other.migrating;
        self.round_trips += other.round_trips;
        self.refusals += other.refusals;
        self.shell += other.shell;
        self.opened += other.opened;
        self.mistakes += other.mistakes;
        self.damaged += other.damaged;
    }
}

/// Runs the model of a seed.
///
/// # Errors
/// What is wrong, a panic among others.
pub fn run(seed: u64) -> Result<Counts, Fault> {
    let caught = catch_unwind(AssertUnwindSafe(|| lead(seed)));
    caught.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        Err(said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default())
    })
}

/// One in so many models goes through the shell too: a program takes milliseconds to start.
const SHELL: u64 = 100;

/// One in so many is opened by the product: what describes it there stays in memory to the end.
const PRODUCT: u64 = 50;

fn lead(seed: u64) -> Result<Counts, Fault> {
    let rng = &mut Rng::with_seed(seed);
    let size = draw::Size::draw(rng);
    let tables = draw::model(rng, size);
    let columns = tables.iter().map(|t| t.columns.len()).sum::<usize>();
    let mut counts = Counts { models: 1, tables: tables.len() as u64, columns: columns as u64, ..Counts::default() };
    let items = source::items(rng, &tables, &[]);
    let files = source::files(rng, items.clone());
    let first = read::as_drawn(&files, &tables).map_err(|e| format!("{e}\n{}", texts(&files)))?;
    mistakes::judge(rng, &items, &tables, &mut counts)?;
    let mut travel = travel::Travel::start(
        rng,
        &first,
        &mut counts,
        if size.columns > 7 { 70 } else { 2 },
        seed.is_multiple_of(SHELL),
    )
    .map_err(|e| format!("{e}\n{}", texts(&files)))?;
    travel.on()?;
    travel.back()?;
    if seed.is_multiple_of(PRODUCT) {
        travel.product()?;
    }
    Ok(counts)
}

/// Makes the log of a device's file so wide that it holds so many fields, as opening the file does before any migration.
///
/// # Errors
/// What SQLite says.
pub fn widen(conn: &Connection, fields: usize) -> Result<(), Fault> {
    database::widen(conn, &log_table(fields))
}

/// Files as text.
fn texts(files: &[File]) -> String {
    files.iter().map(|file| format!("=== {}\n{}\n", file.path.display(), file.text)).collect()
}
