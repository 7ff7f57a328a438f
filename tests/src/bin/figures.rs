//! `figures`: what capture costs and how many bytes travel, measured here and now.

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::stdout;
use std::path::{Path, PathBuf};
use windrow_tests::figures::capture::Capture;
use windrow_tests::figures::report::{self, Figure};
use windrow_tests::figures::wire::Wire;
use windrow_tests::figures::{Failure, ROWS};

/// Measures what Windrow costs. Run a release build.
///
/// With --json, each line is an object: `figure`, its name; `value`, in `unit`; `ratio`, against the same table without
/// capture, or against the full JSON of the records (null where there is nothing to compare with).
#[derive(Debug, Parser)]
#[command(name = "figures", version)]
struct Args {
    /// What to measure.
    what: What,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// How many rounds of capture; ratios are taken within a round, and the median is shown.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many rows to insert, or how many records the hub holds. What is promised is promised for the default.
    #[arg(long, default_value_t = ROWS as u32, value_parser = clap::value_parser!(u32).range(1_000..))]
    rows: u32,
}

/// The measurements.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Inserts and updates with and without capture.
    Capture,
    /// Bytes of changesets, pages and whole sessions.
    Wire,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let base = memory();
    eprintln!("the files are in {}", base.display());
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its times say little, its bytes are right");
    }
    let dir = tempfile::Builder::new().prefix("windrow-figures-").tempdir_in(base)?;
    let figures = measure(&args, dir.path())?;
    match args.json {
        true => report::write_json(&mut stdout(), &figures)?,
        false => report::write_table(&mut stdout(), &figures)?,
    }
    Ok(())
}

fn measure(args: &Args, dir: &Path) -> Result<Vec<Figure>, Failure> {
    let (rows, rounds) = (args.rows as usize, usize::from(args.rounds));
    let progress = progress(match args.what {
        What::Capture => u64::from(args.rounds) * Capture::STEPS,
        What::Wire => Wire::STEPS,
    });
    let shown = progress.clone();
    let figures = match args.what {
        What::Capture => Capture { rows, rounds, dir, progress }.measure(),
        What::Wire => {
            let wire = Wire { rows, changes: 1_000, dir, progress };
            tokio::runtime::Runtime::new()?.block_on(wire.measure())
        }
    };
    shown.finish_and_clear();
    figures
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
