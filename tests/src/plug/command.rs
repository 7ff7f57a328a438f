//! The command line of `plug`.

use super::Fault;
use super::disk::{self, Luck};
use super::errors::{Failing, TROUBLES};
use super::kill::{Kill, VICTIMS};
use super::place::{Machine, Place};
use super::power::{At, CUTS, Killed, Recording};
use super::script::Script;
use super::tally::Tally;
use super::work::Device;
use super::{judge, program};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pulls the plug of real programs at every point of their work, and judges what is left.
#[derive(Debug, Parser)]
#[command(name = "plug", version)]
struct Line {
    /// What to do.
    #[command(subcommand)]
    what: What,
    /// How much of it.
    #[command(flatten)]
    much: Much,
}

/// How much is tried.
#[derive(Debug, Clone, Args)]
struct Much {
    /// Every so manieth point only.
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,
    /// Where chance begins.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// How many programs are killed at random times, for each script and victim.
    #[arg(long, global = true, default_value_t = 200)]
    random: u32,
    /// How many cuts there are at each point, for each kind of luck.
    #[arg(long, global = true, default_value_t = 1)]
    cuts: u64,
    /// Threads.
    #[arg(long, global = true, default_value_t = 2)]
    jobs: usize,
}

/// The parts.
#[derive(Debug, Clone, Subcommand)]
enum What {
    /// All parts.
    All,
    /// Programs are killed at each system call, and at random times.
    Kill,
    /// Power is cut at each change of a file.
    Power,
    /// Programs are killed before they sync, and started again; then power is cut.
    Both,
    /// Disks are full, or fail, at each change of a file.
    Errors,
    /// Judges again what a failed case has left.
    Judge {
        /// Where it is.
        kept: PathBuf,
    },
    /// A hub, to be killed.
    #[command(hide = true)]
    Hub {
        /// Its file.
        db: PathBuf,
    },
    /// A device, to be killed.
    #[command(hide = true)]
    Device {
        /// Its file.
        db: PathBuf,
        /// Its number.
        number: Device,
    },
}

/// Does what the command line says; whether all held.
///
/// # Errors
/// What kept it from being tried.
pub fn run() -> Result<bool, Fault> {
    let Line { what, much } = Line::parse();
    let program = std::env::current_exe()?;
    #[cfg(windrow_planted)]
    plant(&what)?;
    let part = |f: fn(&Path, &Much) -> Result<bool, Fault>| f(&program, &much);
    match what {
        What::All => {
            Ok([part(kills)?, part(cuts)?, part(kills_then_cuts)?, part(errors)?].into_iter().all(|held| held))
        }
        What::Kill => part(kills),
        What::Power => part(cuts),
        What::Both => part(kills_then_cuts),
        What::Errors => part(errors),
        What::Judge { kept } => judge::again(&kept).map(|()| true),
        What::Hub { db } => program::hub(&db).map(|()| true),
        What::Device { db, number } => program::device(&db, number).map(|()| true),
    }
}

/// Plants the fault that the environment names, in the programs that are killed and not in those that judge.
#[cfg(windrow_planted)]
fn plant(what: &What) -> Result<(), Fault> {
    use windrow::protocol::planted;
    let Ok(name) = std::env::var("WINDROW_PLANTED") else { return Ok(()) };
    let fault = planted::Fault::named(&name).ok_or_else(|| format!("no fault is called {name}"))?;
    if matches!(what, What::Hub { .. } | What::Device { .. }) {
        planted::plant(Some(fault));
    }
    Ok(())
}

/// Scripts for one device.
const ALONE: [Script; 2] = [Script::Session, Script::First];

fn kills(program: &Path, much: &Much) -> Result<bool, Fault> {
    let mut held = true;
    for script in ALONE {
        let before = Place::prepared(script.is_fresh())?;
        for victim in VICTIMS {
            let kill = Kill { program, before: &before, script, victim };
            let since = Instant::now();
            let calls = kill.calls()?;
            let longest = since.elapsed();
            // Runs differ a little in how many calls they make; the last kill comes too late.
            let points: Vec<u64> = (1..=calls + calls / 20).step_by(much.stride as usize).collect();
            let what = format!("kill {} {victim:?}, {calls} calls", script.name());
            held &= told(&what, points.len(), |p| Tally::of(&points, much.jobs, p, |at| kill.case(*at).map(u64::from)));
            let seeds: Vec<u64> = (0..u64::from(much.random)).map(|i| much.seed.wrapping_add(i)).collect();
            let what = format!("kill {} {victim:?} at random", script.name());
            held &= told(&what, seeds.len(), |p| {
                Tally::of(&seeds, much.jobs, p, |seed| {
                    kill.at_random(&mut fastrand::Rng::with_seed(*seed), longest.min(Duration::from_millis(200)))
                        .map(|()| 1)
                })
            });
        }
    }
    Ok(held)
}

fn cuts(program: &Path, much: &Much) -> Result<bool, Fault> {
    let mut held = true;
    for script in [Script::First, Script::Session, Script::Together] {
        let before = Place::prepared(script.is_fresh())?;
        held &= cut(&Recording::of(program, &before, script, None)?, script.name(), &disk::LUCKS, much);
    }
    Ok(held)
}

/// Cuts a recording at each of its points.
fn cut(recording: &Recording, name: &str, lucks: &[Luck], much: &Much) -> bool {
    let cases = |cut| {
        let points = (0..recording.points()).step_by(much.stride as usize);
        let of = move |point| lucks.iter().map(move |luck| (point, *luck));
        let seeded = move |(point, luck)| (0..much.cuts).map(move |i| (point, luck, much.seed.wrapping_add(i)));
        points.flat_map(of).flat_map(seeded).map(move |(point, luck, seed)| At { point, cut, luck, seed })
    };
    let (calls, points) = (recording.calls, recording.points());
    CUTS.into_iter().fold(true, |held, whose| {
        let cases: Vec<At> = cases(whose).collect();
        let what = format!("power {name} {whose:?}, {points} points in {calls} calls");
        let tally = |p: &ProgressBar| Tally::of(&cases, much.jobs, p, |at| recording.case(*at).map(|()| 1));
        told(&what, cases.len(), tally) && held
    })
}

/// A program is killed before it syncs, and started again; then the power is cut.
fn kills_then_cuts(program: &Path, much: &Much) -> Result<bool, Fault> {
    let (mut held, script) = (true, Script::Session);
    let before = Place::prepared(script.is_fresh())?;
    for machine in [Machine::Device(1), Machine::Hub] {
        let never = Some(Killed { machine, at: u64::MAX });
        let syncs = Recording::of(program, &before, script, never)?.syncs;
        for at in 1..=syncs {
            let recording = Recording::of(program, &before, script, Some(Killed { machine, at }))?;
            let name = format!("after a kill of {machine:?} at sync {at} of {syncs}");
            held &= cut(&recording, &name, &[Luck::Nothing], much);
        }
    }
    Ok(held)
}

fn errors(program: &Path, much: &Much) -> Result<bool, Fault> {
    let mut held = true;
    for script in ALONE {
        let before = Place::prepared(script.is_fresh())?;
        for machine in [Machine::Device(1), Machine::Hub] {
            for trouble in TROUBLES {
                let failing = Failing { program, before: &before, script, machine, trouble };
                let calls = failing.calls()?;
                let points: Vec<u64> = (1..=calls).step_by(much.stride as usize).collect();
                let what = format!("errors {} {machine:?} {trouble:?}, {calls} calls", script.name());
                held &= told(&what, points.len(), |p| Tally::of(&points, much.jobs, p, |from| failing.case(*from)));
            }
        }
    }
    Ok(held)
}

/// Shows a part's progress, and says what came of it; whether all held.
fn told(what: &str, cases: usize, part: impl FnOnce(&ProgressBar) -> Tally) -> bool {
    let progress = ProgressBar::new(cases as u64);
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {per_sec} {eta}");
    let progress =
        style.map(|style| progress.clone().with_style(style)).unwrap_or(progress).with_message(what.to_owned());
    let since = Instant::now();
    let tally = part(&progress);
    progress.finish_and_clear();
    let (tried, hits, failed) = (tally.tried, tally.hits, tally.failures.len());
    println!("{what}: {tried} cases, {hits} hits, {failed} failed, {:.1?}", since.elapsed());
    tally.failures.iter().for_each(|failure| println!("  FAILED {failure}"));
    failed == 0
}
