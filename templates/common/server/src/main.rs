//! The server: the hub where all devices meet.
//!
//! `generated.rs` is made by `windrow generate server`; this file is yours.

mod generated;

use clap::Parser;
use generated::Config;
use std::process::ExitCode;

/// Serves the hub, where all devices sync
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    config: Config,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Args::parse().config.serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
