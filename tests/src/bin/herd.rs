//! `herd`: thousands of devices come back to a hub within one second.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use windrow_tests::crowd::herd::Herd;
use windrow_tests::crowd::is_small;
use windrow_tests::figures::Failure;
use windrow_tests::figures::hub::Played;

/// Devices come back to a hub within one second, each with changes to the same records. Run a release build.
///
/// It ends with status 1 where a change is lost or counts twice, or the hub takes 256 MiB.
#[derive(Debug, Parser)]
#[command(name = "herd", version)]
struct Args {
    /// Devices
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Changes of each
    #[arg(long, default_value_t = 50)]
    changes: usize,
    /// Records that there are, for all of them
    #[arg(long, default_value_t = 1_000)]
    records: usize,
    #[command(flatten)]
    played: Played,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if let Some(played) = args.played.play() {
        return played;
    }
    let dir = tempfile::tempdir()?;
    let progress = ProgressBar::new(2 * args.devices as u64);
    progress.set_style(ProgressStyle::with_template("{elapsed_precise} {bar:40} {pos}/{len}")?);
    let Args { devices, changes, records, .. } = args;
    let herd = Herd { devices, changes, records, progress: progress.clone() };
    let program = std::env::current_exe()?;
    let seen = tokio::runtime::Runtime::new()?.block_on(herd.run(&program, dir.path()))?;
    progress.finish_and_clear();
    println!("{devices} devices, {changes} changes each, {records} records: none lost, none counted twice");
    println!("all sent after {:.1} s, all equal after {:.1} s", seen.sent.as_secs_f64(), seen.equal.as_secs_f64());
    println!("told that the hub is busy {} times, connections that broke {}", seen.busy, seen.broken);
    let small = is_small(seen.memory);
    if small { Ok(()) } else { Err("the hub took more than 256 MiB".into()) }
}
