use crate::find::{one, shown, variant};
use clap::Subcommand;
use model::{Household, Patient, Stays};
use std::error::Error;
use windrow::{Id, Store, SyncableEnum};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one
    Add {
        card: String,
        name: String,
        /// The number of their household
        #[arg(long)]
        household: String,
        #[arg(long)]
        allergies: Option<String>,
    },
    /// All of them
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        card: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        allergies: Option<String>,
        /// here, moved or died
        #[arg(long, value_parser = variant::<Stays>)]
        stays: Option<Stays>,
    },
    /// Deletes one, with their doses
    Delete { card: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            card,
            name,
            household,
            allergies,
        } => {
            let household_id = one::<Household>(store, "number", &household)?.id;
            let stays = Stays::Here;
            store.insert(&Patient {
                id: Id::new(),
                household_id,
                card,
                name,
                allergies,
                stays,
            })?;
        }
        Command::List => list(store)?,
        Command::Edit {
            card,
            name,
            allergies,
            stays,
        } => {
            let mut patient = one::<Patient>(store, "card", &card)?;
            patient.name = name.unwrap_or_else(|| patient.name.clone());
            patient.allergies = allergies.or(patient.allergies.take());
            patient.stays = stays.unwrap_or(patient.stays);
            store.update(&mut patient)?; // writes what has changed, and nothing else
        }
        Command::Delete { card } => {
            store.delete(one::<Patient>(store, "card", &card)?.id)?;
        }
    }
    Ok(())
}

fn list(store: &Store) -> Result<(), Box<dyn Error>> {
    for patient in store.query::<Patient>("ORDER BY card", [])? {
        let (stays, allergies) = (patient.stays.as_text(), shown(&patient.allergies));
        println!(
            "{}: {}, {stays}, allergies: {allergies}",
            patient.card, patient.name
        );
    }
    Ok(())
}
