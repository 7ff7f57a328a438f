//! `slow`: honest devices beside thousands of connections that keep the hub waiting.

use clap::Parser;
use std::time::Duration;
use windrow_tests::crowd::is_small;
use windrow_tests::crowd::manner::crowd;
use windrow_tests::crowd::slow::{Slow, bytes};
use windrow_tests::figures::Failure;
use windrow_tests::figures::hub::Played;

/// Honest devices sync while a crowd keeps the hub waiting: it says nothing, or speaks byte by byte. Run a release build.
///
/// It ends with status 1 where one of a hundred honest sessions takes five seconds, or the hub 256 MiB.
#[derive(Debug, Parser)]
#[command(name = "slow", version)]
struct Args {
    /// Connections that keep the hub waiting
    #[arg(long, default_value_t = 9_000)]
    slow: usize,
    /// Devices that sync
    #[arg(long, default_value_t = 100)]
    devices: usize,
    /// Sessions of each of these, about one a second
    #[arg(long, default_value_t = 60)]
    sessions: usize,
    /// Records that the hub holds
    #[arg(long, default_value_t = 10_000)]
    records: usize,
    /// Be the crowd.
    #[arg(long, hide = true, requires = "at")]
    crowd: Option<usize>,
    #[arg(long, hide = true, default_value = "")]
    pull: String,
    #[command(flatten)]
    played: Played,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if let Some(played) = args.played.play() {
        return played;
    }
    if let Some(count) = args.crowd {
        return crowd(count, args.played.at.parse()?, bytes(&args.pull)?);
    }
    let dir = tempfile::tempdir()?;
    let Args { slow, devices, sessions, records, .. } = args;
    let slow = Slow { slow, devices, sessions, records };
    let program = std::env::current_exe()?;
    let run = slow.run(&program, dir.path());
    let seen = tokio::runtime::Runtime::new()?.block_on(run)?;
    println!("{} slow connections, cut off {} times", seen.slow, seen.cut);
    println!("{} honest sessions, {} tries again", seen.took.len(), seen.retries);
    println!("median {:?}, p99 {:?}, slowest {:?}", seen.percentile(50), seen.percentile(99), seen.percentile(100));
    let small = is_small(seen.memory);
    let kept = seen.percentile(99) < Duration::from_secs(5) && small;
    if kept { Ok(()) } else { Err("the promise is missed".into()) }
}
