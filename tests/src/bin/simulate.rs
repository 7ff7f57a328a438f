//! `simulate`: worlds of devices and a hub with everything that may go wrong, until so many sessions have run.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use windrow_tests::sim::files::has_versions;
use windrow_tests::sim::plan::{Faults, Plan};
use windrow_tests::sim::shrink::shrink;
use windrow_tests::sim::stats::Stats;
use windrow_tests::sim::{self, Failure, story};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Run the worlds whose tables have several versions, one in four; without it, the others.
    #[arg(long)]
    versions: bool,
    /// No faults.
    #[arg(long)]
    calm: bool,
    /// Sessions at paces of all kinds, in chunks and pages of a few hundred bytes too, and devices with a budget a day.
    #[arg(long)]
    poor: bool,
    /// Couriers carry bundles, and some devices have no other way to the hub.
    #[arg(long)]
    bundles: bool,
    /// How many seconds a failure may take to be made small.
    #[arg(long, default_value_t = 60)]
    shrink: u64,
    /// How many worlds to run at once.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, Into::into))]
    jobs: usize,
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
    (plan.poor, plan.bundles) = (args.poor, args.bundles);
    let began = Instant::now();
    let bar = ProgressBar::new(if args.world.is_some() { 1 } else { args.sessions });
    let style = "{bar:30} {pos}/{len} sessions, {per_sec}, {eta} left{msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let run = Run { next: AtomicU64::new(args.world.unwrap_or(args.seed)), total: Mutex::default(), args, plan, bar };
    let jobs = if run.args.world.is_some() { 1 } else { run.args.jobs };
    std::thread::scope(|threads| (0..jobs).for_each(|_| drop(threads.spawn(|| run.worlds()))));
    run.bar.finish_and_clear();
    let (total, failed) = &*run.total();
    summary(total, began.elapsed());
    if *failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// All worlds, as the threads run them. Each world is led by one thread.
struct Run {
    args: Args,
    plan: Plan,
    bar: ProgressBar,
    next: AtomicU64,
    /// What happened, and how many worlds failed.
    total: Mutex<(Stats, usize)>,
}

impl Run {
    fn total(&self) -> MutexGuard<'_, (Stats, usize)> {
        self.total.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self, world: u64) -> bool {
        let (stats, failed) = &*self.total();
        let enough = self.args.world.map_or(stats.sessions >= self.args.sessions, |only| world != only);
        enough || *failed >= self.args.failures
    }

    fn worlds(&self) {
        loop {
            let world = self.next.fetch_add(1, Ordering::Relaxed);
            if self.is_over(world) {
                return;
            }
            if self.args.world.is_none() && has_versions(world) != self.args.versions {
                continue;
            }
            match sim::run(world, &self.plan) {
                Ok(stats) => self.total().0 += stats,
                Err(failure) => {
                    let mut total = self.total();
                    total.0.sessions += failure.sessions;
                    total.1 += 1;
                    drop(total);
                    self.bar.suspend(|| report(failure, &self.plan, self.args.shrink));
                }
            }
            let done = self.total().0.sessions;
            self.bar.set_position(if self.args.world.is_some() { 1 } else { done });
        }
    }
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
