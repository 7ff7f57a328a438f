//! The survey's records: added, listed, edited and deleted, with or without a network.

mod farm;
mod surveyor;
mod visit;

use clap::Subcommand;
use std::error::Error;
use windrow::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Farms
    #[command(subcommand)]
    Farm(farm::Command),
    /// People who visit farms
    #[command(subcommand)]
    Surveyor(surveyor::Command),
    /// Visits to farms
    #[command(subcommand)]
    Visit(visit::Command),
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Farm(command) => farm::run(store, command),
        Command::Surveyor(command) => surveyor::run(store, command),
        Command::Visit(command) => visit::run(store, command),
    }
}
