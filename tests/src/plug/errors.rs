//! Full and failing disks: each call that changes a file fails once, or for a while, and then no more.

use super::Fault;
use super::calls::{Change, File, change};
use super::judge::{Meanings, Promises};
use super::place::{Machine, Place};
use super::run::{Came, Run, Then};
use super::script::Script;
use super::trace::{Call, Fate, Watch};
use nix::errno::Errno;
use std::path::{Path, PathBuf};

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
pub enum Trouble {
    /// It is full for one call.
    Full,
    /// One call fails.
    Broken,
    /// It is full for a while.
    StaysFull,
    /// Calls fail for a while.
    StaysBroken,
}

/// All of them.
pub const TROUBLES: [Trouble; 4] = [Trouble::Full, Trouble::Broken, Trouble::StaysFull, Trouble::StaysBroken];

/// How many calls fail in a while.
const WHILE: u64 = 12;

impl Trouble {
    fn lasts(self) -> u64 {
        if matches!(self, Trouble::Full | Trouble::Broken) { 1 } else { WHILE }
    }

    /// What a call comes to; a full disk still takes what needs no room.
    fn of(self, change: Change) -> Option<Errno> {
        match (self, change) {
            (Trouble::Full | Trouble::StaysFull, Change::Open | Change::Write { .. }) => Some(Errno::ENOSPC),
            (Trouble::Full | Trouble::StaysFull, _) => None,
            (Trouble::Broken | Trouble::StaysBroken, _) => Some(Errno::EIO),
        }
    }
}

/// Fails calls.
pub struct Failer {
    root: PathBuf,
    trouble: Trouble,
    from: u64,
    count: u64,
    /// How many calls failed.
    pub failed: u64,
}

impl Failer {
    /// From this call on, counted from 1 among those that the trouble can hit.
    pub fn from(root: &Path, trouble: Trouble, from: u64) -> Failer {
        Failer { root: root.to_owned(), trouble, from, count: 0, failed: 0 }
    }
}

impl Watch for Failer {
    fn before(&mut self, call: &Call) -> Result<Fate, Fault> {
        let found = change(&self.root, call)?;
        // A file that is there already is opened without writing anything.
        let writes = |(file, change): &(File, Change)| *change != Change::Open || !file.path(&self.root).exists();
        let errno = found.filter(writes).and_then(|(_, change)| self.trouble.of(change));
        let Some(errno) = errno else { return Ok(Fate::Made) };
        self.count += 1;
        if !(self.from..self.from.saturating_add(self.trouble.lasts())).contains(&self.count) {
            return Ok(Fate::Made);
        }
        self.failed += 1;
        Ok(Fate::Fails(errno))
    }
}

/// Runs in which a disk fails.
pub struct Failing<'a> {
    /// The program.
    pub program: &'a Path,
    /// The files before it.
    pub before: &'a Place,
    /// What is done.
    pub script: Script,
    /// Whose disk.
    pub machine: Machine,
    /// How.
    pub trouble: Trouble,
}

impl Failing<'_> {
    /// How many calls there are that could fail.
    ///
    /// # Errors
    /// A run that fails by itself.
    pub fn calls(&self) -> Result<u64, Fault> {
        let place = self.before.copy()?;
        let mut failer = Failer::from(place.path(), self.trouble, u64::MAX);
        self.run(&place, &mut failer)?;
        Ok(failer.count)
    }

    fn run(&self, place: &Place, failer: &mut Failer) -> Result<Came, Fault> {
        let (program, script) = (self.program, self.script);
        Run { program, place, script, watched: &[self.machine], then: Then::TryAgain }.go(failer)
    }

    /// Lets calls fail from this one on, and judges. How many did.
    ///
    /// # Errors
    /// What does not hold.
    pub fn case(&self, from: u64) -> Result<u64, Fault> {
        let place = self.before.copy()?;
        let mut failer = Failer::from(place.path(), self.trouble, from);
        let came = self.run(&place, &mut failer)?;
        if let Some(never) = came.never.first() {
            return Err(format!("an error says that trying again is of no use: {never}").into());
        }
        Promises::new(came.told, Meanings::new()).judge(place)?;
        Ok(failer.failed)
    }
}
