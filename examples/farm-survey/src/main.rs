//! A farm survey on three tablets and a hub: what an application built on Windrow looks like.
//!
//! `farm-survey demo` tells the story in one run. `farm-survey hub` and `farm-survey device` are its parts, to be tried by
//! hand or from scripts.

mod barley;
mod cli;
mod commands;
mod demo;
mod fault;
mod help;
mod model;
mod proxy;
mod report;
mod said;
mod values;

use clap::Parser;
use cli::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return said::usage(&error),
    };
    let json = cli.json;
    said::finish(json, commands::run(cli).await)
}
