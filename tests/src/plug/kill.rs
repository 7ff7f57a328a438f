//! Killed: at every system call of a run, and at random times.

use super::Fault;
use super::judge::{Meanings, Promises, meanings};
use super::place::{Machine, Place};
use super::run::{Came, Run, Then};
use super::script::Script;
use super::trace::{Call, Fate, Watch, Whom, kill_program};
use std::path::Path;

/// Who dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
pub enum Victim {
    /// The device.
    Device,
    /// The hub.
    Hub,
    /// Both, at the same time.
    Both,
}

/// All of them.
pub const VICTIMS: [Victim; 3] = [Victim::Device, Victim::Hub, Victim::Both];

impl Victim {
    fn machines(self) -> &'static [Machine] {
        match self {
            Victim::Device => &[Machine::Device(1)],
            Victim::Hub => &[Machine::Hub],
            Victim::Both => &[Machine::Hub, Machine::Device(1)],
        }
    }
}

/// Counts the calls, and kills at one of them.
pub struct Killer {
    at: u64,
    count: u64,
    /// The call that was not made.
    pub killed_at: Option<u64>,
}

impl Killer {
    /// At this call, counted from 1.
    pub fn at(at: u64) -> Killer {
        Killer { at, count: 0, killed_at: None }
    }

    /// How many calls there were.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl Watch for Killer {
    fn before(&mut self, call: &Call) -> Result<Fate, Fault> {
        self.count += 1;
        if self.count < self.at || self.killed_at.is_some() {
            return Ok(Fate::Made);
        }
        self.killed_at = Some(call.number);
        Ok(Fate::Kills(Whom::All))
    }
}

/// A run in which somebody dies at a call.
pub struct Kill<'a> {
    /// The program.
    pub program: &'a Path,
    /// The files before it.
    pub before: &'a Place,
    /// What is done.
    pub script: Script,
    /// Who dies.
    pub victim: Victim,
}

impl Kill<'_> {
    /// How many system calls there are in it.
    ///
    /// # Errors
    /// A run that fails though nobody dies.
    pub fn calls(&self) -> Result<u64, Fault> {
        let (mut killer, place) = (Killer::at(u64::MAX), self.before.copy()?);
        let came = self.run(&place, &mut killer)?;
        if came.errors > 0 {
            return Err(format!("with nobody killed: {:?}", came.never).into());
        }
        Ok(killer.count)
    }

    fn run(&self, place: &Place, killer: &mut Killer) -> Result<Came, Fault> {
        let (program, script, watched) = (self.program, self.script, self.victim.machines());
        Run { program, place, script, watched, then: Then::GoOn }.go(killer)
    }

    /// Kills at this call, and judges. Whether the run got that far.
    ///
    /// # Errors
    /// What does not hold.
    pub fn case(&self, at: u64) -> Result<bool, Fault> {
        let (mut killer, place) = (Killer::at(at), self.before.copy()?);
        let came = self.run(&place, &mut killer)?;
        let meanings = left_behind(&place)?;
        let judged = no_final_errors(&came).and_then(|()| Promises::new(came.told, meanings).judge(place));
        judged.map_err(|e| format!("killed at call {at}, number {:?}: {e}", killer.killed_at))?;
        Ok(killer.killed_at.is_some())
    }

    /// Kills after a random time, and judges.
    ///
    /// # Errors
    /// What does not hold.
    pub fn at_random(&self, rng: &mut fastrand::Rng, longest: std::time::Duration) -> Result<(), Fault> {
        let after = std::time::Duration::from_micros(rng.u64(0..longest.as_micros() as u64));
        let place = self.before.copy()?;
        let kill = |pids: &[i32]| {
            std::thread::sleep(after);
            pids.iter().for_each(|pid| kill_program(*pid));
        };
        let (program, script) = (self.program, self.script);
        let run = Run { program, place: &place, script, watched: &[], then: Then::GoOn };
        let came = run.beside(self.victim.machines(), kill)?;
        let meanings = left_behind(&place)?;
        let judged = no_final_errors(&came).and_then(|()| Promises::new(came.told, meanings).judge(place));
        judged.map_err(|e| format!("killed after {after:?}: {e}").into())
    }
}

/// While somebody dies no error may say that trying again is of no use. But a device that never reached the hub lacks the
/// farm that it would write to, and SQLite says so.
fn no_final_errors(came: &Came) -> Result<(), Fault> {
    match came.never.iter().find(|why| !why.starts_with("never write")) {
        Some(never) => Err(format!("an error says that trying again is of no use: {never}").into()),
        None => Ok(()),
    }
}

/// What the log says that a dead device has left behind; read from a copy, for reading mends a file.
fn left_behind(place: &Place) -> Result<Meanings, Fault> {
    let copy = place.copy()?;
    let conn = windrow::rusqlite::Connection::open(copy.db(Machine::Device(1)))?;
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'windrow_origins'";
    match conn.query_row(there, [], |row| row.get(0))? {
        0 => Ok(Meanings::new()),
        _ => meanings(&conn),
    }
}
