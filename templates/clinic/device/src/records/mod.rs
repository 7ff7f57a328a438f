//! The clinic's records: added, listed, edited and deleted, with or without a network.

mod batch;
mod dose;
mod household;
mod patient;

use clap::Subcommand;
use std::error::Error;
use windrow::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Households
    #[command(subcommand)]
    Household(household::Command),
    /// People who live there
    #[command(subcommand)]
    Patient(patient::Command),
    /// Batches of vaccines
    #[command(subcommand)]
    Batch(batch::Command),
    /// Doses that were given
    #[command(subcommand)]
    Dose(dose::Command),
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Household(command) => household::run(store, command),
        Command::Patient(command) => patient::run(store, command),
        Command::Batch(command) => batch::run(store, command),
        Command::Dose(command) => dose::run(store, command),
    }
}
