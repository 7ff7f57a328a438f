//! Power cuts: a run is recorded, and cut off at every point of it.

use super::Fault;
use super::calls::{Change, File, change};
use super::disk::{Disks, Luck, Op};
use super::judge::{Meanings, Promises, meanings};
use super::place::{Machine, Place};
use super::run::{Run, Then, Told};
use super::script::Script;
use super::trace::{Call, Fate, Watch, Whom};
use std::path::{Path, PathBuf};

/// Whose power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
pub enum Cut {
    /// The first device's.
    Device,
    /// The hub's.
    Hub,
    /// Everybody's.
    All,
}

/// All of them.
pub const CUTS: [Cut; 3] = [Cut::Device, Cut::Hub, Cut::All];

impl Cut {
    fn machines(self) -> &'static [Machine] {
        match self {
            Cut::Device => &[Machine::Device(1)],
            Cut::Hub => &[Machine::Hub],
            Cut::All => &[Machine::Hub, Machine::Device(1), Machine::Device(2)],
        }
    }
}

/// Something that happened, in one order for all programs.
#[derive(Debug, Clone)]
enum Event {
    /// To a machine's files.
    File(Machine, Op),
    /// A device was told that a write is there.
    Promised(u8, u32),
    /// A program died, and is started again.
    Killed,
}

/// A program that dies in a run: before it syncs what it wrote, and before anybody else does. Nothing is lost by that, the
/// kernel has it; but whoever reads it then reads what a power cut can take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Killed {
    /// Whose program.
    pub machine: Machine,
    /// At which of its syncs, counted from 1.
    pub at: u64,
}

/// Writes down what happens.
struct Recorder {
    root: PathBuf,
    /// Whose the programs are.
    who: Vec<Machine>,
    /// Who is killed, and at which of its syncs.
    kill: Option<Killed>,
    /// The syncs that it has made.
    syncs: u64,
    /// What the files are, as the programs see them.
    disks: Disks,
    events: Vec<Event>,
    /// How many system calls were seen.
    calls: u64,
}

impl Watch for Recorder {
    fn before(&mut self, call: &Call) -> Result<Fate, Fault> {
        self.calls += 1;
        let victim = self.kill.filter(|kill| kill.machine == self.who[call.who]);
        let Some(kill) = victim else { return Ok(Fate::Made) };
        if !matches!(change(&self.root, call)?, Some((_, Change::Sync))) {
            return Ok(Fate::Made);
        }
        self.syncs += 1;
        if self.syncs != kill.at {
            return Ok(Fate::Made);
        }
        self.events.push(Event::Killed);
        Ok(Fate::Kills(Whom::Caller))
    }

    fn after(&mut self, call: &Call, returned: i64) -> Result<(), Fault> {
        if returned < 0 {
            return Ok(());
        }
        if call.number as i64 == nix::libc::SYS_write && call.args[0] == 1 {
            return self.said(call, returned as usize);
        }
        let Some((file, change)) = change(&self.root, call)?.filter(|(file, _)| !file.is_shared_memory()) else {
            return Ok(());
        };
        for op in self.ops(call, &file, change, returned as usize)? {
            self.disks.disk(file.machine).happens(&op);
            self.events.push(Event::File(file.machine, op));
        }
        Ok(())
    }
}

impl Recorder {
    fn said(&mut self, call: &Call, length: usize) -> Result<(), Fault> {
        let line = String::from_utf8(call.memory(call.args[1], length)?)?;
        if let (Some(k), Machine::Device(d)) = (line.trim_end().strip_prefix("ok write "), self.who[call.who]) {
            self.events.push(Event::Promised(d, k.parse()?));
        }
        Ok(())
    }

    fn ops(&mut self, call: &Call, file: &File, change: Change, returned: usize) -> Result<Vec<Op>, Fault> {
        let disk = self.disks.disk(file.machine);
        let known = disk.find(&file.name);
        let inode = || known.ok_or_else(|| Fault::from(format!("{file:?} was never created")));
        Ok(match change {
            Change::Open if known.is_none() => vec![Op::Create(file.name.clone(), disk.next())],
            Change::Open => vec![],
            Change::Write { from, at } => {
                let at = match at {
                    Some(at) => at,
                    None => position(call)? - returned as u64,
                };
                vec![Op::Write(inode()?, at, call.memory(from, returned)?)]
            }
            Change::Truncate(length) => vec![Op::Truncate(inode()?, length)],
            Change::Sync if file.is_folder() => vec![Op::SyncFolder],
            Change::Sync => vec![Op::Sync(inode()?)],
            Change::Unlink => vec![Op::Unlink(file.name.clone())],
        })
    }
}

/// Where a descriptor stands.
fn position(call: &Call) -> Result<u64, Fault> {
    let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/{}", call.pid, call.args[0]))?;
    let line = info.lines().find_map(|l| l.strip_prefix("pos:")).ok_or("a descriptor without a place")?;
    Ok(line.trim().parse()?)
}

/// A run, and all that it did to the files.
pub struct Recording {
    before: Disks,
    events: Vec<Event>,
    start: Told,
    /// Which events may make a difference: all but promises.
    points: Vec<usize>,
    /// What the first device's log said at the end.
    meanings: Meanings,
    /// How many system calls were seen.
    pub calls: u64,
    /// How many syncs the one who was to be killed made.
    pub syncs: u64,
}

/// How often a run is recorded at most.
const RECORDINGS: usize = 5;

/// One cut.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct At {
    /// After so many events that changed files.
    pub point: usize,
    /// Whose power.
    pub cut: Cut,
    /// What is on the disks then.
    pub luck: Luck,
    /// Of chance.
    pub seed: u64,
}

impl Recording {
    /// Records a run, in which perhaps a program is killed and started again.
    ///
    /// A call that is under way in one thread while another one has the program killed takes place unseen. So a recording
    /// is compared with the files; one that lacks something is thrown away, and made again.
    ///
    /// # Errors
    /// What the system says; a run in which something else fails.
    pub fn of(program: &Path, before: &Place, script: Script, kill: Option<Killed>) -> Result<Recording, Fault> {
        for _ in 0..RECORDINGS {
            if let Some(recording) = Recording::once(program, before, script, kill)? {
                return Ok(recording);
            }
        }
        Err(format!("{RECORDINGS} recordings were not what happened").into())
    }

    fn once(program: &Path, before: &Place, script: Script, kill: Option<Killed>) -> Result<Option<Recording>, Fault> {
        let place = before.copy()?;
        let then = if kill.is_some() { Then::StartAgain } else { Then::GoOn };
        let run = Run { program, place: &place, script, watched: script.machines(), then };
        let (disks, root) = (Disks::of(&place)?, place.path().to_owned());
        let (who, events) = (run.who(), Vec::new());
        let mut recorder = Recorder { root, who, kill, syncs: 0, disks: disks.clone(), events, calls: 0 };
        let came = run.go(&mut recorder)?;
        if !came.never.is_empty() || (kill.is_none() && came.errors > 0) {
            return Err(format!("something failed though the power was on: {:?}", came.never).into());
        }
        let Recorder { disks: seen, events, calls, syncs, .. } = recorder;
        if let Err(difference) = seen.are(&place) {
            eprintln!("recording again: {difference}");
            return Ok(None);
        }
        // What comes before a kill was cut elsewhere.
        let from = events.iter().position(|e| matches!(e, Event::Killed)).unwrap_or_default();
        let points =
            events.iter().enumerate().skip(from).filter(|(_, e)| matches!(e, Event::File(..))).map(|(i, _)| i + 1);
        let points = std::iter::once(from).chain(points).collect();
        let meanings = meanings(&windrow::rusqlite::Connection::open(place.db(Machine::Device(1)))?)?;
        let start = Told::before(script);
        Ok(Some(Recording { before: disks, events, start, points, meanings, calls, syncs }))
    }

    /// How many points there are to cut at.
    pub fn points(&self) -> usize {
        self.points.len()
    }

    /// The files after a cut, and what was promised until then.
    ///
    /// # Errors
    /// What the system says.
    pub fn cut(&self, at: At) -> Result<(Place, Told), Fault> {
        let (mut disks, mut told) = (self.before.clone(), self.start.clone());
        let cut = self.points[at.point];
        for (i, event) in self.events.iter().enumerate() {
            match event {
                Event::File(machine, op) if i < cut => disks.disk(*machine).happens(op),
                Event::File(..) | Event::Killed => {}
                Event::Promised(d, k) => {
                    let device = usize::from(d - 1);
                    told.order[device].push(*k);
                    if i < cut {
                        told.least[device] += 1;
                    }
                }
            }
        }
        // A device's own commits reach its disk when a checkpoint or a session syncs them.
        for machine in at.cut.machines() {
            if let Machine::Device(d) = machine {
                told.least[usize::from(d - 1)] = self.start.least[usize::from(d - 1)];
            }
        }
        let place = Place::new()?;
        disks.leave(&place, at.cut.machines(), at.luck, &mut fastrand::Rng::with_seed(at.seed))?;
        Ok((place, told))
    }

    /// Cuts, and judges.
    ///
    /// # Errors
    /// What does not hold.
    pub fn case(&self, at: At) -> Result<(), Fault> {
        let (place, told) = self.cut(at)?;
        let judged = Promises::new(told, self.meanings.clone()).judge(place);
        judged.map_err(|e| format!("{at:?}: {e}").into())
    }
}
