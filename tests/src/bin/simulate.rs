//! `simulate`: worlds of devices and a hub with everything that may go wrong, until so many sessions have run.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use windrow_tests::sim::plan::{Faults, Plan};
use windrow_tests::sim::shrink::shrink;
use windrow_tests::sim::stats::Stats;
use windrow_tests::sim::{self, Failure, story};

/// Runs random worlds of devices and a hub, with faults, and judges each step. Run a release build.
#[derive(Debug, Parser)]
#[command(name = "simulate", version)]
struct Args {
    /// How many sessions with faults to run.
    #[arg(long, default_value_t = 100_000)]
    sessions: u64,
    /// The seed of the first world; the others count on.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Run the world of this seed alone.
    #[arg(long)]
    world: Option<u64>,
    /// No faults.
    #[arg(long)]
    calm: bool,
    /// How many seconds a failure may take to be made small.
    #[arg(long, default_value_t = 60)]
    shrink: u64,
    /// How many failures to report before giving up.
    #[arg(long, default_value_t = 1)]
    failures: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut plan = Plan::default();
    if args.calm {
        plan.faults = Faults::NONE;
    }
    let (mut total, mut failed, began) = (Stats::default(), 0, Instant::now());
    let bar = ProgressBar::new(if args.world.is_some() { 1 } else { args.sessions });
    let style = "{bar:30} {pos}/{len} sessions, {per_sec}, {eta} left{msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut world = args.world.unwrap_or(args.seed);
    while args.world.map_or(total.sessions < args.sessions, |only| world == only) && failed < args.failures {
        match sim::run(world, &plan) {
            Ok(stats) => total += stats,
            Err(failure) => {
                failed += 1;
                total.sessions += failure.sessions;
                bar.suspend(|| report(failure, &plan, args.shrink));
            }
        }
        bar.set_position(if args.world.is_some() { 1 } else { total.sessions });
        world += 1;
    }
    bar.finish_and_clear();
    summary(&total, began.elapsed());
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn report(failure: Failure, plan: &Plan, seconds: u64) {
    eprintln!("{failure}\nIt comes again with --world {}. Making it small ...", failure.seed);
    let small = shrink(failure, plan, Duration::from_secs(seconds));
    eprintln!("{}\n", story::tell(&small));
}

fn summary(stats: &Stats, took: Duration) {
    for (what, count) in stats.counts() {
        println!("{count:>10} {what}");
    }
    let sessions = stats.sessions as f64 / took.as_secs_f64();
    println!("{sessions:>10.0} sessions with faults a second, {:.1} s", took.as_secs_f64());
}
