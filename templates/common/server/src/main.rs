//! The server: the hub where all devices meet.
//!
//! `generated.rs` is made by `windrow generate server`; this file is yours.

mod generated;

use clap::Parser;
use generated::{Command, Config};
use std::process::ExitCode;

/// Serves the hub, where all devices sync
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match args.config.run(args.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
