//! `honest`: is the simulator honest? Plants one fault after another and says after how many sessions each is found.
//!
//! Faults exist only in a build with `--cfg windrow_planted`. Started from any other build, this makes that one, in a target
//! folder of its own, and runs it.

use std::process::ExitCode;

#[cfg(not(windrow_planted))]
fn main() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut planted = std::process::Command::new(cargo);
    planted
        .args(["run", "--release", "-p", "windrow-tests", "--bin", "honest", "--"])
        .args(std::env::args_os().skip(1));
    planted.env("RUSTFLAGS", "--cfg windrow_planted").env("CARGO_TARGET_DIR", "target/planted");
    match planted.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo can't be run: {error}; run this from the project's folder with cargo on the path");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windrow_planted)]
fn main() -> ExitCode {
    planted::main()
}

#[cfg(windrow_planted)]
mod planted {
    use clap::Parser;
    use indicatif::{ProgressBar, ProgressStyle};
    use std::collections::BTreeMap;
    use std::process::ExitCode;
    use windrow_protocol::planted::{Fault, plant};
    use windrow_tests::sim;
    use windrow_tests::sim::plan::Plan;

    #[global_allocator]
    static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

    /// Plants faults, one at a time, and lets the simulator look for each.
    #[derive(Debug, Parser)]
    #[command(name = "honest", version)]
    struct Args {
        /// In how many sessions each fault must be found.
        #[arg(long, default_value_t = 10_000)]
        sessions: u64,
        /// The seed of the first world; the others count on.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Only this fault, by name.
        #[arg(long)]
        fault: Option<String>,
    }

    /// Where a fault was found.
    struct Found {
        /// In the world of this seed.
        seed: u64,
        /// After so many sessions in all.
        sessions: u64,
        /// How it showed.
        how: String,
    }

    pub(super) fn main() -> ExitCode {
        let args = Args::parse();
        // A fault that makes the product panic is found by that; the panic need not be told at length.
        std::panic::set_hook(Box::new(|_| {}));
        let wanted = |fault: &Fault| args.fault.as_ref().is_none_or(|name| *name == format!("{fault:?}"));
        let ours = |fault: &Fault| !Fault::OF_THE_PLUG.contains(fault);
        let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(ours).filter(wanted).collect();
        let bar = ProgressBar::new(faults.len() as u64);
        bar.set_style(
            ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let (mut missed, mut sound) = (0, BTreeMap::new());
        println!("| fault | what goes wrong | found in world | after sessions |\n|---|---|---|---|");
        for fault in faults {
            bar.set_message(format!("{fault:?}"));
            let found = seek(fault, args.seed, args.sessions, &mut sound);
            let (world, after) = match &found {
                Some(found) => (found.seed.to_string(), found.sessions.to_string()),
                None => ("**not found**".to_owned(), format!("more than {}", args.sessions)),
            };
            missed += usize::from(found.is_none());
            bar.suspend(|| {
                println!("| `{fault:?}` | {} | {world} | {after} |", fault.says());
                if let (Some(found), true) = (&found, args.fault.is_some()) {
                    println!("{}", found.how);
                }
            });
            bar.inc(1);
        }
        bar.finish_and_clear();
        println!("{missed} not found");
        if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// `sound`: which worlds go well without a fault, as far as that was asked. What fails anyway says nothing of a fault.
    fn seek(fault: Fault, seed: u64, most: u64, sound: &mut BTreeMap<u64, bool>) -> Option<Found> {
        let (mut sessions, mut world) = (0, seed);
        loop {
            plant(Some(fault));
            let run = sim::run(world, &Plan::default());
            plant(None);
            match run {
                Ok(stats) => sessions += stats.sessions,
                Err(failure) => {
                    sessions += failure.sessions;
                    if *sound.entry(world).or_insert_with(|| sim::run(world, &Plan::default()).is_ok()) {
                        break (sessions <= most).then(|| Found { seed: world, sessions, how: failure.to_string() });
                    }
                }
            }
            if sessions >= most {
                break None;
            }
            world += 1;
        }
    }
}
