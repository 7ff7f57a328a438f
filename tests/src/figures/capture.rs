//! What it costs that every write is logged: the same statements on a captured table, on a plain one, and on the least
//! that capture in plain SQL can be.

use super::report::{Figure, Promise};
use super::rounds::{Round, Times, figure};
use super::side::{Plan, Side};
use super::table::Cache;
use super::visit::{FIGURES, Visit};
use super::workload::{Op, Workload};
use super::{Failure, Wanted};
use indicatif::ProgressBar;
use std::path::Path;
use windrow::Store;

/// Rows that one transaction writes.
const TRANSACTION: usize = 1_000;
/// Updates of which each has a transaction of its own.
const SINGLES: usize = 10_000;
/// Rows that one side writes before the next has its turn: a tenth of a second, or two.
const SHARE: usize = 10 * TRANSACTION;
/// The same where each has a transaction of its own.
const SINGLE_SHARE: usize = 1_000;

const BOTH: [Side; 2] = [Side::Plain, Side::Captured];
const RANDOM: [Side; 3] = [Side::Plain, Side::Captured, Side::Ordered];
const FLOORS: [Side; 5] = [Side::Plain, Side::Captured, Side::Nothing, Side::Empty, Side::Simple];
const TEXTS: [Side; 2] = [Side::PlainText, Side::CapturedText];

/// Measures capture: inserts with random and with sorted ids, and one-field updates.
#[derive(Debug)]
pub struct Capture<'a> {
    /// What is written.
    pub workload: &'a Workload,
    /// How often all of it is repeated. Each round writes all tables anew, in turn.
    pub rounds: usize,
    /// Where the files are for so long: in memory.
    pub dir: &'a Path,
    /// Where they are for the figure on disk.
    pub disk: &'a Path,
    /// Which figures.
    pub wanted: Wanted<'a>,
    /// Moves by [`Capture::steps`].
    pub progress: ProgressBar,
}

/// The times of each part.
#[derive(Default)]
struct Parts {
    inserts: Times,
    updates: Times,
    sorted: Times,
    text: Times,
    single_inserts: Times,
    single_updates: Times,
    disk: Times,
}

/// The rows in the orders in which they are written.
struct Rows<'a> {
    random: &'a [Visit],
    ascending: Vec<Visit>,
    single_updates: &'a [Op],
}

impl Capture<'_> {
    /// Steps of the measurement, where all figures are wanted.
    pub const fn steps(rounds: usize) -> u64 {
        5 * rounds as u64
    }

    /// Measures.
    ///
    /// # Errors
    /// What SQLite says; a log that does not hold what was written.
    pub fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let (rows, plan) = (self.rows(), Plan::read(&Store::open(self.dir.join("plan.db"), &FIGURES)?)?);
        let mut parts = Parts::default();
        for round in 0..self.rounds {
            let start = |sides: &[Side]| Round::start(round, self.dir, &plan, sides, Cache::Ample);
            let on_disk = || Round::start(round, self.disk, &plan, &BOTH, Cache::Default);
            self.part(&["w1", "w2", "w2_floor"], || self.random(start(&RANDOM)?, &rows, &mut parts))?;
            self.part(&SORTED, || inserts(start(&FLOORS)?, &rows.ascending, &mut parts.sorted))?;
            self.part(&["w1_text"], || inserts(start(&TEXTS)?, rows.random, &mut parts.text))?;
            self.part(&SINGLY, || singles(start(&RANDOM)?, &rows, &mut parts))?;
            self.part(&["w1_disk"], || inserts(on_disk()?, rows.random, &mut parts.disk))?;
        }
        Ok(self.figures(&parts, &rows))
    }

    fn rows(&self) -> Rows<'_> {
        let random = &self.workload.base[..];
        let mut ascending = random.to_vec();
        ascending.sort_by_key(|v| v.id);
        let updates = &self.workload.w2;
        Rows { random, ascending, single_updates: &updates[..updates.len().min(SINGLES)] }
    }

    /// Does this if one of these figures is wanted.
    fn part(&self, figures: &[&str], measure: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        if self.wanted.any(figures) {
            measure()?;
            self.progress.inc(1);
        }
        Ok(())
    }

    fn random(&self, mut round: Round, rows: &Rows<'_>, parts: &mut Parts) -> Result<(), Failure> {
        parts.inserts.push(round.time(rows.random, SHARE, |t, rows| t.insert(rows, TRANSACTION))?);
        parts.updates.push(round.time(&self.workload.w2, SHARE, |t, ops| t.update(ops, TRANSACTION))?);
        round.check(rows.random.len() + self.workload.w2.len())
    }

    /// What was measured, by name.
    fn figures(&self, parts: &Parts, rows: &Rows<'_>) -> Vec<Figure> {
        let (all, updates, single_updates) = (rows.random.len(), self.workload.w2.len(), rows.single_updates.len());
        let of = |name, meaning, times: &Times, sides, rows| {
            (!times.is_empty()).then(|| figure(name, meaning, times, sides, rows))
        };
        let most = |figure: Option<Figure>, most| figure.map(|f| f.promise(Promise::Ratio(most)));
        let figures = [
            most(of("w1", "inserts, ids at random", &parts.inserts, (1, 0), all), 2.8),
            most(of("w2", "updates of one field", &parts.updates, (1, 0), updates), 1.7),
            of("w2_floor", "updates of one field: a trigger that logs an empty row", &parts.updates, (2, 0), updates),
            most(of("w1_sorted", "inserts, ids ascending", &parts.sorted, (1, 0), all), 4.0),
            of("w1_floor_nothing", "inserts, ids ascending: a trigger that does nothing", &parts.sorted, (2, 0), all),
            of("w1_floor_empty", "the same: a trigger that logs an empty row", &parts.sorted, (3, 0), all),
            of("w1_floor_simple", "the same: stamp and values, a REPLACE escapes", &parts.sorted, (4, 0), all),
            of("w1_over_floor", "inserts, ids ascending: ours against the empty row", &parts.sorted, (1, 3), all),
            of("w1_text", "inserts, ids at random, as text in others' table", &parts.text, (1, 0), all),
            of("w1_single", "inserts, one a transaction", &parts.single_inserts, (1, 0), all),
            of("w2_single", "updates, one a transaction", &parts.single_updates, (1, 0), single_updates),
            of(
                "w1_single_floor",
                "inserts, one a transaction: a trigger that logs an empty row",
                &parts.single_inserts,
                (2, 0),
                all,
            ),
            of(
                "w2_single_floor",
                "updates, one a transaction: the same",
                &parts.single_updates,
                (2, 0),
                single_updates,
            ),
            of("w1_disk", "inserts, ids at random, on disk, a cache of 2 MB", &parts.disk, (1, 0), all),
        ];
        figures.into_iter().flatten().collect()
    }
}

/// The figures of the rounds with ascending ids.
const SORTED: [&str; 5] = ["w1_sorted", "w1_floor_nothing", "w1_floor_empty", "w1_floor_simple", "w1_over_floor"];

/// The figures of the rounds in which each row has a transaction of its own.
const SINGLY: [&str; 4] = ["w1_single", "w2_single", "w1_single_floor", "w2_single_floor"];

fn inserts(mut round: Round, rows: &[Visit], times: &mut Times) -> Result<(), Failure> {
    times.push(round.time(rows, SHARE, |t, rows| t.insert(rows, TRANSACTION))?);
    round.check(rows.len())
}

fn singles(mut round: Round, rows: &Rows<'_>, parts: &mut Parts) -> Result<(), Failure> {
    parts.single_inserts.push(round.time(rows.random, SINGLE_SHARE, |t, rows| t.insert(rows, 1))?);
    parts.single_updates.push(round.time(rows.single_updates, SINGLE_SHARE, |t, ops| t.update(ops, 1))?);
    round.check(rows.random.len() + rows.single_updates.len())
}
