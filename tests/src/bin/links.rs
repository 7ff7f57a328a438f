//! `links`: what a backlog and a first sync take over links that drop, in virtual time.

use clap::Parser;
use std::process::ExitCode;
use windrow_tests::links::{Came, Failure, Place, Quality};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sends a backlog over links that drop, and lets another device take it all in, in virtual time. Run a release build.
#[derive(Debug, Parser)]
#[command(name = "links", version)]
struct Args {
    /// How many records: 112,000 are 5 MB of changesets.
    #[arg(long, default_value_t = 112_000)]
    records: usize,
    /// The seed of the losses.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Links by name: two bars of a signal, a crowded cell, a good day.
const LINKS: [(&str, Quality); 3] = [
    ("8 kbit/s, 2 s, 30 % lost, cut every 20 s", Quality { rate: 1_000, latency: 2_000, lost: 30, contact: 20_000 }),
    ("64 kbit/s, 500 ms, 10 % lost, cut every 60 s", Quality { rate: 8_000, latency: 500, lost: 10, contact: 60_000 }),
    ("1 Mbit/s, 80 ms, 1 % lost, cut every 10 min", Quality { rate: 125_000, latency: 80, lost: 1, contact: 600_000 }),
];

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    println!(
        "| link | what | payload | bytes in all | of what losses demand | contacts | without progress | though something came through | time |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, quality) in LINKS {
        let folder = tempfile::tempdir()?;
        let place = Place::new(folder.path())?;
        let field = place.device("field.db")?;
        place.write(&field, args.records)?;
        show(name, "upload", quality, place.sync(&field, quality, args.seed)?);
        show(name, "first sync", quality, place.sync(&place.device("new.db")?, quality, args.seed)?);
    }
    Ok(())
}

fn show(name: &str, what: &str, quality: Quality, came: Came) {
    let hours = came.took as f64 / 3_600_000.0;
    let Came { payload, bytes, contacts, idle, futile, .. } = came;
    let ratio = came.over(quality);
    println!("| {name} | {what} | {payload} | {bytes} | {ratio:.2} | {contacts} | {idle} | {futile} | {hours:.2} h |");
}
