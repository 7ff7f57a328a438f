//! The records of logistics: added, listed, edited and deleted, with or without a network.

mod depot;
mod scan;
mod shipment;

use clap::Subcommand;
use std::error::Error;
use windrow::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Depots
    #[command(subcommand)]
    Depot(depot::Command),
    /// Shipments between depots
    #[command(subcommand)]
    Shipment(shipment::Command),
    /// Scans of shipments
    #[command(subcommand)]
    Scan(scan::Command),
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Depot(command) => depot::run(store, command),
        Command::Shipment(command) => shipment::run(store, command),
        Command::Scan(command) => scan::run(store, command),
    }
}
