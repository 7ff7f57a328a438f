//! `schemas`: hostile models through source, lock, SQL and migrations.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use windrow_tests::cores::run_each;
use windrow_tests::schemas::{self, Counts};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Leads random models with hostile names through parsing, SQL and migrations, there and back. Run a release build.
#[derive(Debug, Parser)]
#[command(name = "schemas", version)]
struct Args {
    /// How many models.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// The seed of the first; the others count on.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

const COMMAND: &str = "cargo run --release -p windrow-tests --bin schemas --";

fn main() -> ExitCode {
    let Args { count, seed } = Args::parse();
    let began = Instant::now();
    let bar = ProgressBar::new(count);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} models, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let failed = AtomicBool::new(false);
    let seeds = (seed..seed.saturating_add(count)).take_while(|_| !failed.load(Ordering::Relaxed));
    // A panic is a failure like others, and told like them.
    std::panic::set_hook(Box::new(|_| {}));
    let ran = run_each(seeds, |seed| {
        let came = schemas::run(seed);
        failed.fetch_or(came.is_err(), Ordering::Relaxed);
        bar.inc(1);
        came
    });
    bar.finish_and_clear();
    let mut total = Counts::default();
    for (seed, came) in ran {
        match came {
            Ok(counts) => total += counts,
            Err(why) => eprintln!("{why}\nIt comes again: {COMMAND} --seed {seed} --count 1"),
        }
    }
    total.all().iter().for_each(|(what, count)| println!("{count:>10} {what}"));
    let took = began.elapsed().as_secs_f64();
    println!("{:>10.0} models a second, {took:.1} s", total.models as f64 / took);
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
