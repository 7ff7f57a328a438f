//! `figures`: what capture costs and how many bytes travel, measured here and now.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::stdout;
use std::path::{Path, PathBuf};
use windrow_tests::figures::apply::Apply;
use windrow_tests::figures::capture::Capture;
use windrow_tests::figures::hub::{Hub, Played};
use windrow_tests::figures::locks::Locks;
use windrow_tests::figures::page::{self, Run};
use windrow_tests::figures::peers::Peers;
use windrow_tests::figures::report::{self, Figure};
use windrow_tests::figures::wire::Wire;
use windrow_tests::figures::workload::Workload;
use windrow_tests::figures::{Failure, ROWS, Wanted, sections};

/// Measures what Windrow costs. Run a release build.
///
/// With --json, each line is an object: `figure`, its name; `peer`, of whom; `value`, in `unit`; `ratio`, against the same
/// table without capture, or against the full JSON of the records (null where there is nothing to compare with).
#[derive(Debug, Parser)]
#[command(name = "figures", version)]
struct Args {
    /// What to measure: the beginning of figures' names, as `w3` or `w1_sorted`; everything but `hub` and `memory` unless said.
    #[arg(default_value = "")]
    name: String,
    /// Read the operations from the files of this folder (base.jsonl, w2.jsonl, w3a.jsonl, w3b.jsonl, w3c.jsonl) instead of
    /// making some.
    #[arg(long, value_name = "DIR")]
    workload: Option<PathBuf>,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Measure also what a team would use instead, as far as tests/peers/setup.sh has set it up.
    #[arg(long)]
    peers: bool,
    /// Write the figures into the tables of this page, between its markers. A table of which not all was measured stays.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
    /// How many rounds of what is timed; ratios are taken within a round, and the median is shown.
    #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many records there are, where the workload is made. What is promised is promised for the default.
    #[arg(long, default_value_t = ROWS as u32, value_parser = clap::value_parser!(u32).range(1_000..))]
    rows: u32,
    /// How many sessions so many devices have with a hub.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(4..))]
    sessions: u32,
    /// Up to how many records the growth of a hub's costs is measured, and of how many a device's memory; ten million take
    /// long.
    #[arg(long, default_value_t = 1_000_000)]
    most: u32,
    /// Write plots of that growth into this folder.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    #[command(flatten)]
    played: Played,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if let Some(played) = args.played.play() {
        return played;
    }
    let base = memory();
    eprintln!("the files are in {}", base.display());
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its times say little, its bytes are right");
    }
    let workload = match &args.workload {
        Some(dir) => Workload::read(dir)?,
        None => Workload::made(1, args.rows as usize),
    };
    let dir = tempfile::Builder::new().prefix("windrow-figures-").tempdir_in(base)?;
    let run = Run { rounds: usize::from(args.rounds), records: workload.base.len() };
    eprintln!("{run}");
    let mut figures = measure(&args, &workload, dir.path())?;
    if args.peers {
        figures.extend(peers(&args, &workload, dir.path())?);
    }
    figures.retain(|figure| figure.figure.starts_with(&args.name));
    match args.json {
        true => report::write_json(&mut stdout(), &figures)?,
        false => report::write_table(&mut stdout(), &figures)?,
    }
    args.write.as_deref().map_or(Ok(()), |page| write(page, &figures, &run))
}

/// Others run on files: on those that were read, or on what was made.
fn peers(args: &Args, workload: &Workload, dir: &Path) -> Result<Vec<Figure>, Failure> {
    let made = dir.join("workload");
    if args.workload.is_none() {
        std::fs::create_dir(&made)?;
        workload.write(&made)?;
    }
    let workload = args.workload.as_ref().unwrap_or(&made);
    Peers { workload, dir, rounds: usize::from(args.rounds) }.measure()
}

fn write(page: &Path, figures: &[Figure], run: &Run) -> Result<(), Failure> {
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", page.display());
    let text = std::fs::read_to_string(page).map_err(|error| said(&error))?;
    let text = page::written(&text, figures, run).map_err(|error| said(&error))?;
    Ok(std::fs::write(page, text).map_err(|error| said(&error))?)
}

fn measure(args: &Args, workload: &Workload, dir: &Path) -> Result<Vec<Figure>, Failure> {
    let (wanted, rounds) = (Wanted(&args.name), usize::from(args.rounds));
    // Each has a folder of its own: their files have the same names.
    let folder = |name: &str| {
        let folder = dir.join(name);
        std::fs::create_dir(&folder).map(|()| folder)
    };
    let mut figures = Vec::new();
    if wanted.any(&sections::figures(&["capture", "floors"])) {
        let progress = progress(Capture::steps(rounds));
        let (dir, disk) = (&folder("capture")?, tempfile::tempdir()?);
        let capture = Capture { workload, rounds, dir, disk: disk.path(), wanted, progress: progress.clone() };
        figures.extend(capture.measure()?);
        progress.finish_and_clear();
    }
    if wanted.any(&sections::figures(&["bytes"])) {
        let progress = progress(Wire::STEPS);
        let dir = &folder("wire")?;
        let wire = Wire { workload, dir, progress: progress.clone() };
        figures.extend(tokio::runtime::Runtime::new()?.block_on(wire.measure())?);
        progress.finish_and_clear();
    }
    if wanted.any(&sections::figures(&["applying", "files"])) {
        let progress = progress(Apply::steps(rounds));
        let dir = &folder("apply")?;
        let apply = Apply { workload, rounds, dir, progress: progress.clone() };
        figures.extend(apply.measure()?);
        progress.finish_and_clear();
    }
    if wanted.any(&sections::figures(&["locks"])) {
        let (progress, dir) = (progress(Locks::steps(rounds)), tempfile::tempdir()?);
        let locks = Locks { workload, rounds, dir: dir.path(), progress: progress.clone() };
        figures.extend(locks.measure()?);
        progress.finish_and_clear();
    }
    if ["hub", "memory"].iter().any(|name| args.name.starts_with(name)) {
        figures.extend(hub(args, workload)?);
    }
    if figures.is_empty() {
        return Err(format!(
            "no figure's name begins with {:?}: they are w1, w2, w3, w4, w5, lock, hub, memory",
            args.name
        )
        .into());
    }
    Ok(figures)
}

/// The hub's figures. Its files are on a disk: their syncs are part of what a commit costs.
fn hub(args: &Args, workload: &Workload) -> Result<Vec<Figure>, Failure> {
    let dir = tempfile::Builder::new().prefix("windrow-hub-").tempdir()?;
    eprintln!("the hub's files are in {}", dir.path().display());
    let (program, progress) = (std::env::current_exe()?, progress(Hub::STEPS));
    let hub = Hub {
        name: &args.name,
        workload,
        program: &program,
        dir: dir.path(),
        sessions: args.sessions as usize,
        most: args.most as usize,
        plots: args.plots.as_deref(),
        progress: progress.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(hub.measure())?;
    progress.finish_and_clear();
    Ok(figures)
}

/// Where files live in memory, so that no disk is measured; the temporary directory where there is no such place.
fn memory() -> PathBuf {
    let shm = PathBuf::from("/dev/shm");
    if shm.is_dir() { shm } else { std::env::temp_dir() }
}

/// Shown on a terminal only.
fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}");
    let bar = ProgressBar::new(steps);
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}
