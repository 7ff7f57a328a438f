//! What it costs that every write is logged: the same statements on a captured table and on a plain one.

use super::report::{Figure, Promise};
use super::visit::FIGURES;
use super::workload::Workload;
use super::{Failure, table};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Instant;
use table::{Side, Table};
use windrow::Store;

/// Rows that one transaction writes.
const TRANSACTION: usize = 1_000;

/// Measures capture: inserts with random and with sorted ids, and one-field updates.
#[derive(Debug)]
pub struct Capture<'a> {
    /// What is written.
    pub workload: &'a Workload,
    /// How often all of it is repeated. Each round writes the plain and the captured table anew, in turn.
    pub rounds: usize,
    /// Where the files are for so long.
    pub dir: &'a Path,
    /// Moves by [`Capture::STEPS`] a round.
    pub progress: ProgressBar,
}

/// Seconds that each side took, round by round.
type Times = Vec<(f64, f64)>;

impl Capture<'_> {
    /// Steps of a round.
    pub const STEPS: u64 = 6;

    /// Measures.
    ///
    /// # Errors
    /// What SQLite says; a log that does not hold what was written.
    pub fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let rows = self.workload.base.len();
        let random = &self.workload.base;
        let mut ascending = random.clone();
        ascending.sort_by_key(|v| v.id);
        let plan = table::Plan::read(&Store::open(self.dir.join("plan.db"), &FIGURES)?)?;
        let (mut inserts, mut sorted, mut updates) = (Times::new(), Times::new(), Times::new());
        for round in 0..self.rounds {
            let sides = if round % 2 == 0 { [Side::Plain, Side::Captured] } else { [Side::Captured, Side::Plain] };
            let mut tables = self.tables(&plan, sides)?;
            inserts.push(self.time(&mut tables, |t| t.insert(random, TRANSACTION))?);
            updates.push(self.time(&mut tables, |t| t.update(&self.workload.w2, TRANSACTION))?);
            tables.iter().try_for_each(|t| t.check(rows + self.workload.w2.len()))?;
            drop(tables);
            let mut tables = self.tables(&plan, sides)?;
            sorted.push(self.time(&mut tables, |t| t.insert(&ascending, TRANSACTION))?);
            tables.iter().try_for_each(|t| t.check(rows))?;
        }
        Ok(vec![
            self.figure("w1", "inserts, ids at random", &inserts, 2.8),
            self.figure("w2", "updates of one field", &updates, 1.7),
            self.figure("w1_sorted", "inserts, ids ascending", &sorted, 4.0),
        ])
    }

    fn tables(&self, plan: &table::Plan, sides: [Side; 2]) -> Result<[Table; 2], Failure> {
        let [first, second] = sides;
        Ok([Table::create(self.dir, plan, first)?, Table::create(self.dir, plan, second)?])
    }

    /// Times the same work on both tables, one after the other: seconds of the plain and of the captured one.
    fn time(
        &self,
        tables: &mut [Table; 2],
        work: impl Fn(&mut Table) -> Result<(), Failure>,
    ) -> Result<(f64, f64), Failure> {
        let mut times = (0.0, 0.0);
        for table in tables {
            let start = Instant::now();
            work(table)?;
            let took = start.elapsed().as_secs_f64();
            match table.side() {
                Side::Plain => times.0 = took,
                Side::Captured => times.1 = took,
            }
            self.progress.inc(1);
        }
        Ok(times)
    }

    /// The ratio within each round; of these the median.
    fn figure(&self, name: &'static str, meaning: &'static str, times: &Times, most: f64) -> Figure {
        let ratios = sorted(times.iter().map(|(plain, captured)| captured / plain));
        let captured = sorted(times.iter().map(|(_, captured)| captured * 1e6 / self.workload.base.len() as f64));
        let spread = ratios.first().copied().zip(ratios.last().copied());
        let figure = Figure::new(name, median(&captured), "µs/row", meaning);
        Figure { spread, ..figure }.ratio(median(&ratios)).promise(Promise::Ratio(most))
    }
}

pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

pub(super) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ if sorted.is_empty() => f64::NAN,
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}
