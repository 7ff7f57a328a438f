//! For how long a session holds a device's file, so that nobody can write to it.

use super::Failure;
use super::held::{Steps, told};
use super::office::{Office, session, write};
use super::report::{Figure, Promise};
use super::rounds::{median, sorted};
use super::site::fresh;
use super::visit::{FIGURES, schema};
use super::workload::{Op, Workload};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::{Duration, Instant};
use windrow::Store;
use windrow_protocol::codec::{Limits, decode_page};
use windrow_protocol::message::Answer;

/// Changes of an answer that is to be applied at once.
const SOME: usize = 1_000;

/// Measures for how long files are held.
#[derive(Debug)]
pub struct Locks<'a> {
    /// What is done.
    pub workload: &'a Workload,
    /// How often.
    pub rounds: usize,
    /// Where the files are for so long, on a disk.
    pub dir: &'a Path,
    /// Moves by [`Locks::steps`].
    pub progress: ProgressBar,
}

/// One session: how long its steps held the file, and how long it took in all.
struct Visit {
    steps: Steps,
    took: Duration,
}

impl Visit {
    /// How long the step of this name held the file, in milliseconds.
    fn held(&self, name: &str) -> f64 {
        millis(self.steps.iter().filter(|(step, _)| step == name).map(|(_, held)| *held).max().unwrap_or_default())
    }

    /// The longest of all others.
    fn others(&self, name: &str) -> f64 {
        millis(self.steps.iter().filter(|(step, _)| step != name).map(|(_, held)| *held).max().unwrap_or_default())
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Locks<'_> {
    /// Steps of the measurement, for so many rounds.
    pub const fn steps(rounds: usize) -> u64 {
        2 + 2 * rounds as u64
    }

    /// Measures.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let office = Office::open(&self.dir.join("office.db"))?;
        let field = Store::open(self.dir.join("field.db"), &FIGURES)?;
        write(&field, &self.workload.inserts())?;
        office.session(&field)?;
        let before = self.dir.join("before.db");
        self.visit(&office, &before)?;
        self.progress.inc(1);
        let first = (0..self.rounds).map(|_| self.first(&office)).collect::<Result<Vec<_>, _>>()?;
        let ops = self.some();
        write(&field, &ops)?;
        office.session(&field)?;
        self.progress.inc(1);
        let some = (0..self.rounds).map(|_| self.later(&office, &before)).collect::<Result<Vec<_>, _>>()?;
        let of = |visits: &[Visit], ms: &dyn Fn(&Visit) -> f64| median(&sorted(visits.iter().map(ms)));
        let figure = |name, value, what| Figure::new(name, value, "ms", what);
        Ok(vec![
            figure("lock_some", of(&some, &|v| v.held("apply")), "applying 1,000 changes of a team's work")
                .promise(Promise::Value(50.0)),
            figure("lock_some_others", of(&some, &|v| v.others("apply")), "the longest other step of that session"),
            figure("lock_first", of(&first, &|v| v.held("apply")), "a first sync of all records, its one transaction"),
            figure("lock_first_decoding", self.decoding(&office)?, "decoding its pages, by a thread beside"),
            figure("lock_first_others", of(&first, &|v| v.others("apply")), "the longest other step of that session"),
            figure("lock_first_all", of(&first, &|v| millis(v.took)), "that session in all, the hub's work included"),
        ])
    }

    /// How long it takes to decode the pages of a first sync.
    fn decoding(&self, office: &Office) -> Result<f64, Failure> {
        let (store, mut pages) = (Store::open(fresh(self.dir, "device.db")?, &FIGURES)?, Vec::new());
        session(&store, |request| {
            let answer = office.answer(request)?;
            if let Answer::News(page) = &answer {
                pages.push(page.clone());
            }
            Ok(answer)
        })?;
        let schema = schema()?;
        let since = Instant::now();
        pages.iter().try_for_each(|page| decode_page(&schema, page, &Limits::default()).map(drop))?;
        Ok(millis(since.elapsed()))
    }

    /// A thousand operations of a team's work: updates, inserts, deletes.
    fn some(&self) -> Vec<Op> {
        self.workload.w3c.iter().take(SOME).cloned().collect()
    }

    fn first(&self, office: &Office) -> Result<Visit, Failure> {
        let path = fresh(self.dir, "device.db")?;
        self.visit(office, &path)
    }

    fn later(&self, office: &Office, before: &Path) -> Result<Visit, Failure> {
        let path = fresh(self.dir, "device.db")?;
        std::fs::copy(before, &path)?;
        self.visit(office, &path)
    }

    fn visit(&self, office: &Office, path: &Path) -> Result<Visit, Failure> {
        let store = Store::open(path, &FIGURES)?;
        let since = Instant::now();
        let (done, steps) = told(|| office.session(&store));
        done?;
        self.progress.inc(1);
        Ok(Visit { steps, took: since.elapsed() })
    }
}
