//! A script, carried out by real programs, some of them watched.

use super::Fault;
use super::place::{KNOWN, Machine, PENDING, Place};
use super::process::{Process, Promised, Said};
use super::script::Script;
use super::trace::{Watch, watch};
use super::work::Number;
use std::path::Path;

/// How often something is tried again whose error says that this can help.
const TRIES: usize = 40;

/// A script and who is watched in it.
pub struct Run<'a> {
    /// The program that is both device and hub.
    pub program: &'a Path,
    /// Where the files are.
    pub place: &'a Place,
    /// What is done.
    pub script: Script,
    /// Who is watched.
    pub watched: &'a [Machine],
    /// What follows a failure.
    pub then: Then,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The script goes on with whoever is alive.
    GoOn,
    /// It is tried again, as its error says.
    TryAgain,
    /// The same, and whoever died is started again, once.
    StartAgain,
}

/// What the devices were told.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// For each device the writes that may be there, in order.
    pub order: [Vec<Number>; 2],
    /// How many of them, at least, must be there.
    pub least: [usize; 2],
}

impl Told {
    /// Before anything is done.
    pub fn before(script: Script) -> Told {
        let order = [(0..if script.is_fresh() { 0 } else { PENDING }).collect(), (0..KNOWN).collect::<Vec<_>>()];
        Told { least: [order[0].len(), order[1].len()], order }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Came {
    /// What the devices were told.
    pub told: Told,
    /// Errors that said that trying again is of no use.
    pub never: Vec<String>,
    /// How many errors there were in all.
    pub errors: usize,
}

impl Run<'_> {
    /// Carries it out.
    ///
    /// # Errors
    /// What the system or the watch says. What the programs say is in the answer.
    pub fn go<W: Watch>(&self, watcher: &mut W) -> Result<Came, Fault> {
        let mut crew = self.crew()?;
        let mut pids = Vec::new();
        for process in crew.watched(self.watched) {
            process.is_watched();
            pids.push(process.pid);
        }
        std::thread::scope(|scope| {
            let mut directing = None;
            let watched = watch(&pids, watcher, || {
                directing = Some(scope.spawn(|| self.direct(&mut crew)));
                Ok(())
            });
            let came = directing.map(|d| d.join().unwrap_or_else(|_| Err("the director panicked".into())));
            watched?;
            came.unwrap_or_else(|| Err("nothing was done".into()))
        })
    }

    /// Who is who among the watched: those that are started again come after all others.
    pub fn who(&self) -> Vec<Machine> {
        let turns = if self.then == Then::StartAgain { 2 } else { 1 };
        let takes_part = |m: &Machine| self.watched.contains(m);
        (0..turns).flat_map(|_| self.script.machines().iter().copied().filter(takes_part)).collect()
    }

    /// Carries it out beside somebody who kills some of the programs, at whatever time.
    ///
    /// # Errors
    /// What the system says.
    pub fn beside(&self, whom: &[Machine], kill: impl FnOnce(&[i32]) + Send) -> Result<Came, Fault> {
        let mut crew = self.crew()?;
        let pids: Vec<i32> = crew.watched(whom).map(|p| p.pid).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| kill(&pids));
            self.direct(&mut crew)
        })
    }

    /// The programs, started and waiting. Those that are watched are one process group.
    fn crew(&self) -> Result<Crew, Fault> {
        let (mut crew, mut group) = (Crew::default(), 0);
        let turns = if self.then == Then::StartAgain { 2 } else { 1 };
        for machine in (0..turns).flat_map(|_| self.script.machines()) {
            let watched = self.watched.contains(machine);
            let (db, of) = (self.place.db(*machine), if watched { group } else { 0 });
            let process = match machine {
                Machine::Hub => Process::hub(self.program, &db, of)?,
                Machine::Device(d) => Process::device(self.program, &db, *d, of)?,
            };
            if watched && group == 0 {
                group = process.pid;
            }
            crew.all.push((*machine, process));
        }
        Ok(crew)
    }

    fn direct(&self, crew: &mut Crew) -> Result<Came, Fault> {
        let mut direction = Direction { run: self, crew, came: Came::default(), url: String::new() };
        direction.came.told = Told::before(self.script);
        for machine in self.script.machines() {
            direction.crew.current(*machine)?.tell("go");
        }
        direction.serve()?;
        for (machine, line) in self.script.lines() {
            direction.ask(*machine, line)?;
        }
        let came = direction.came;
        // Devices first: a hub that stops waits for its connections.
        for (_, process) in crew.all.iter_mut().rev() {
            process.finish();
            process.ended()?;
        }
        Ok(came)
    }
}

/// All programs, those that are started again after the others. Nobody is buried before the end: until then no other
/// program gets their process ids.
#[derive(Default)]
struct Crew {
    all: Vec<(Machine, Process)>,
}

impl Crew {
    fn watched(&mut self, whom: &[Machine]) -> impl Iterator<Item = &mut Process> {
        self.all.iter_mut().filter(|(machine, _)| whom.contains(machine)).map(|(_, process)| process)
    }

    /// The first that is not known to be dead; else the last.
    fn current(&mut self, machine: Machine) -> Result<&mut Process, Fault> {
        let of = |(m, _): &(Machine, Process)| *m == machine;
        let alive = self.all.iter().position(|p| of(p) && !p.1.is_dead());
        let at = alive.or_else(|| self.all.iter().rposition(of)).ok_or("nobody of that name takes part")?;
        Ok(&mut self.all[at].1)
    }
}

/// A script that is being carried out.
struct Direction<'a> {
    run: &'a Run<'a>,
    crew: &'a mut Crew,
    came: Came,
    /// The hub's address.
    url: String,
}

impl Direction<'_> {
    fn serve(&mut self) -> Result<(), Fault> {
        let served = self.ask(Machine::Hub, "serve")?;
        // Where nobody serves nobody listens either.
        self.url = if let Said::Ok(url) = served { url } else { "http://127.0.0.1:9".to_owned() };
        Ok(())
    }

    /// Has one of them do something, again if need be.
    fn ask(&mut self, machine: Machine, line: &str) -> Result<Said, Fault> {
        let mut line = line.to_owned();
        for _ in 0..TRIES {
            let said = self.once(machine, &line)?;
            match (&said, self.run.then) {
                (Said::Ok(_), _) | (_, Then::GoOn) | (Said::Dead, Then::TryAgain) => return Ok(said),
                (Said::No { again: false, .. }, _) => return Ok(said),
                (Said::Dead, Then::StartAgain) => self.start_again(machine, &line)?,
                (Said::No { .. }, Then::StartAgain) => self.is_hub_alive()?,
                (Said::No { .. }, Then::TryAgain) => {}
            }
            if let Machine::Device(d) = machine {
                line = rest(&line, &self.came.told.order[usize::from(d - 1)]);
            }
        }
        Err(format!("{machine:?} still can't {line} after {TRIES} tries").into())
    }

    fn once(&mut self, machine: Machine, line: &str) -> Result<Said, Fault> {
        let process = self.crew.current(machine)?;
        if process.is_dead() {
            return Ok(Said::Dead);
        }
        let mut promised = Promised::new();
        let said = process.ask(&line.replace("HUB", &self.url), &mut promised)?;
        if let Machine::Device(d) = machine {
            let starts_again = self.run.then == Then::StartAgain;
            note(&mut self.came.told, usize::from(d - 1), line, promised, said == Said::Dead && !starts_again);
        }
        if let Said::No { again, why } = &said {
            self.came.errors += 1;
            self.came.never.extend((!again).then(|| why.clone()));
        }
        Ok(said)
    }

    /// Another program goes on with the file of a dead one.
    fn start_again(&mut self, machine: Machine, line: &str) -> Result<(), Fault> {
        let process = self.crew.current(machine)?;
        if process.is_dead() {
            return Err(format!("{machine:?} died twice").into());
        }
        process.tell("go");
        match machine {
            Machine::Hub if line != "serve" => self.serve(),
            Machine::Device(_) if line != "open" => self.ask(machine, "open").map(drop),
            _ => Ok(()),
        }
    }

    /// A session may have failed because the hub died.
    fn is_hub_alive(&mut self) -> Result<(), Fault> {
        match self.once(Machine::Hub, "ping")? {
            Said::Dead => self.start_again(Machine::Hub, "ping"),
            _ => Ok(()),
        }
    }
}

/// Adds what was promised, and, of a program that died for good, the write that may be there without a promise.
fn note(told: &mut Told, device: usize, command: &str, promised: Promised, died: bool) {
    told.order[device].extend(&promised);
    told.least[device] = told.order[device].len();
    if !died {
        return;
    }
    let words: Vec<&str> = command.split(' ').collect();
    let number = |word: &&str| word.parse::<Number>().ok();
    let under_way = match words[..] {
        ["write", k] => number(&k),
        ["sync", _, first, last] => {
            let next = promised.last().map_or_else(|| number(&first), |k| Some(k + 1));
            next.filter(|k| Some(*k) < number(&last))
        }
        _ => None,
    };
    told.order[device].extend(under_way);
}

/// A session that is tried again has made some of its writes already.
fn rest(command: &str, order: &[Number]) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    let ["sync", hub, first, last] = words[..] else { return command.to_owned() };
    let numbers = first.parse::<Number>().ok().zip(last.parse::<Number>().ok());
    let made = numbers.and_then(|(first, last)| order.last().filter(|k| (first..last).contains(k)));
    made.map_or_else(|| command.to_owned(), |k| format!("sync {hub} {} {last}", k + 1))
}
