//! The same work on several tables, a share of it at a time, round after round.

use super::Failure;
use super::clock::Clock;
use super::report::Figure;
use super::side::{Plan, Side};
use super::table::{Cache, Table};
use std::path::Path;

/// Seconds that each side took, in the order of the sides; for each round.
pub(super) type Times = Vec<Vec<f64>>;

/// The tables of one round.
pub(super) struct Round {
    clock: Clock,
    /// With their places among the sides.
    tables: Vec<(usize, Table)>,
}

impl Round {
    /// Makes the tables, empty, in an order that changes from round to round, and from share to share.
    pub(super) fn start(
        number: usize,
        dir: &Path,
        plan: &Plan,
        sides: &[Side],
        cache: Cache,
    ) -> Result<Round, Failure> {
        let mut order: Vec<usize> = (0..sides.len()).collect();
        order.rotate_left(number % sides.len());
        let table = |at: usize| Ok((at, Table::create(dir, plan, sides[at], cache)?));
        let clock = if cache == Cache::Ample { Clock::Processor } else { Clock::Wall };
        Ok(Round { clock, tables: order.into_iter().map(table).collect::<Result<_, Failure>>()? })
    }

    /// Gives each the same work, so many rows at a time in turn: a machine that is slower for some seconds is so for all of
    /// them. Seconds, by side.
    pub(super) fn time<W>(
        &mut self,
        work: &[W],
        share: usize,
        does: impl Fn(&mut Table, &[W]) -> Result<(), Failure>,
    ) -> Result<Vec<f64>, Failure> {
        let mut times = vec![0.0; self.tables.len()];
        for rows in work.chunks(share) {
            for (at, table) in &mut self.tables {
                times[*at] += self.clock.time(|| does(table, rows))?.1.as_secs_f64();
            }
            self.tables.rotate_left(1);
        }
        Ok(times)
    }

    /// Whether each logged so many writes.
    pub(super) fn check(&self, writes: usize) -> Result<(), Failure> {
        self.tables.iter().try_for_each(|(_, table)| table.check(writes))
    }
}

/// What a row takes at this side, and the ratio to another within each round; of both the median.
pub(super) fn figure(
    name: &'static str,
    meaning: &'static str,
    times: &Times,
    (side, against): (usize, usize),
    rows: usize,
) -> Figure {
    compared(name, meaning, times, (side, against), (1e6 / rows as f64, "µs/row"))
}

/// What this side takes, a second being so much of a unit, and the ratio to another within each round; of both the median.
pub(super) fn compared(
    name: &'static str,
    meaning: &'static str,
    times: &Times,
    (side, against): (usize, usize),
    (second, unit): (f64, &'static str),
) -> Figure {
    let ratios = sorted(times.iter().map(|round| round[side] / round[against]));
    let values = sorted(times.iter().map(|round| round[side] * second));
    let spread = ratios.first().copied().zip(ratios.last().copied());
    Figure { spread, ..Figure::new(name, median(&values), unit, meaning) }.ratio(median(&ratios))
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
