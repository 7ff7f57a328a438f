//! How long a device takes to apply what others did (W4), against plain SQLite doing the same; and how large its file is
//! (W5).

use super::Failure;
use super::clock::Clock;
use super::office::{Office, write};
use super::report::{Figure, Promise};
use super::rounds::{Times, compared};
use super::side::{Plan, Side};
use super::site::{fresh, size};
use super::table::{Cache, Table};
use super::visit::FIGURES;
use super::workload::{Op, Workload};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Duration;
use windrow::rusqlite::Connection;
use windrow::{Store, Timestamp};

/// Measures applying and sizes.
#[derive(Debug)]
pub struct Apply<'a> {
    /// What is done.
    pub workload: &'a Workload,
    /// How often applying is repeated: plain and ours in turn.
    pub rounds: usize,
    /// Where the files are for so long.
    pub dir: &'a Path,
    /// Moves by [`Apply::steps`].
    pub progress: ProgressBar,
}

/// How often what takes some 20 milliseconds is done in a round, of which one says little.
const SHORT: u64 = 3;

impl Apply<'_> {
    /// Steps of the measurement, for so many rounds.
    pub const fn steps(rounds: usize) -> u64 {
        2 + (1 + 2 * SHORT) * rounds as u64
    }

    /// Measures.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let office = Office::open(&self.dir.join("office.db"))?;
        let field = Store::open(self.dir.join("field.db"), &FIGURES)?;
        write(&field, &self.workload.inserts())?;
        let logged = size(field.path())?;
        office.session(&field)?;
        self.progress.inc(1);
        let mut figures =
            vec![self.applied("w4d", "a first sync", 1.3, (self.rounds, None), &self.workload.inserts(), &office)?];
        let synced = fresh(self.dir, "synced.db")?;
        office.session(&Store::open(&synced, &FIGURES)?)?;
        for (name, what, most, ops) in [
            ("w4b", "one field of many records", 2.5, &self.workload.w3b),
            ("w4c", "a team's work", 1.6, &self.workload.w3c),
        ] {
            // Each work is a device's that goes on where the last one ended: the hub holds all of them.
            let before = fresh(self.dir, "before.db")?;
            let store = Store::open(&before, &FIGURES)?;
            office.session(&store)?;
            drop(store);
            write(&field, ops)?;
            office.session(&field)?;
            let rounds = self.rounds * SHORT as usize;
            figures.push(self.applied(name, what, most, (rounds, Some(&before)), ops, &office)?);
        }
        figures.extend(self.sizes(&field, logged)?);
        Ok(figures)
    }

    /// The time to apply what the hub tells a device that stands as `before` (a new one where there is none), against a
    /// plain table in one transaction.
    fn applied(
        &self,
        name: &'static str,
        what: &'static str,
        most: f64,
        (rounds, before): (usize, Option<&Path>),
        ops: &[Op],
        office: &Office,
    ) -> Result<Figure, Failure> {
        let plan = Plan::read(&Store::open(fresh(self.dir, "plan.db")?, &FIGURES)?)?;
        let mut times = Times::new();
        for round in 0..rounds {
            let ours = || self.ours(before, office);
            let plain = || self.plain(before.is_some(), ops, &plan);
            // Who is first changes.
            times.push(match round % 2 {
                0 => vec![plain()?, ours()?],
                _ => {
                    let ours = ours()?;
                    vec![plain()?, ours]
                }
            });
            self.progress.inc(1);
        }
        Ok(compared(name, what, &times, (1, 0), (1e3, "ms")).promise(Promise::Ratio(most)))
    }

    fn ours(&self, before: Option<&Path>, office: &Office) -> Result<f64, Failure> {
        let path = fresh(self.dir, "device.db")?;
        if let Some(before) = before {
            std::fs::copy(before, &path)?;
        }
        let store = Store::open(&path, &FIGURES)?;
        let took = office.session(&store)?;
        if shown(&path)? != shown(office.path())? {
            return Err("the device does not show what the hub shows".into());
        }
        Ok(took.as_secs_f64())
    }

    fn plain(&self, full: bool, ops: &[Op], plan: &Plan) -> Result<f64, Failure> {
        let mut table = Table::create(self.dir, plan, Side::Plain, Cache::Default)?;
        if full {
            table.insert(&self.workload.base, 10_000)?;
        }
        Ok(Clock::Processor.time(|| table.update(ops, ops.len()))?.1.as_secs_f64())
    }

    /// Bytes of the file against those of a plain one: before the sync, and once all is synced and pruned.
    fn sizes(&self, field: &Store, logged: u64) -> Result<Vec<Figure>, Failure> {
        let plan = Plan::read(field)?;
        let mut plain = Table::create(self.dir, &plan, Side::Plain, Cache::Default)?;
        plain.insert(&self.workload.base, 1_000)?;
        let filled = plain.size()? as f64;
        plain.vacuum()?;
        let bare = plain.size()? as f64;
        let device = Store::open(fresh(self.dir, "device.db")?, &FIGURES)?;
        write(&device, &self.workload.inserts())?;
        let office = Office::open(&fresh(self.dir, "other.db")?)?;
        office.session(&device)?;
        office.session(&device)?;
        let later = Timestamp::from_millis(Timestamp::now().millis() + 1_000);
        device.prune(later, Duration::ZERO)?;
        device.connection()?.execute_batch("VACUUM")?;
        self.progress.inc(1);
        let synced = size(device.path())?;
        let figure = |name, bytes: u64, plain: f64, what, most| {
            Figure::new(name, bytes as f64, "bytes", what).ratio(bytes as f64 / plain).promise(Promise::Ratio(most))
        };
        Ok(vec![
            figure("w5", synced, bare, "the file once all is synced and pruned; both after VACUUM", 1.1),
            figure("w5_logged", logged, filled, "the file before the first sync", 2.0),
        ])
    }
}

/// What a file shows, in short.
fn shown(path: &Path) -> Result<(i64, i64, i64), Failure> {
    let sql = "SELECT count(*), ifnull(sum(bags), 0), ifnull(sum(length(notes || status)), 0) FROM visit";
    Ok(Connection::open(path)?.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}
