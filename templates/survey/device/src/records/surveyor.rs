use crate::find::one;
use clap::Subcommand;
use model::Surveyor;
use std::error::Error;
use windrow::{Id, Store};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one
    Add { badge: String, name: String },
    /// All of them
    List,
    /// Gives one another name
    Edit { badge: String, name: String },
    /// Deletes one; visits stay
    Delete { badge: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add { badge, name } => store.insert(&Surveyor {
            id: Id::new(),
            name,
            badge,
        })?,
        Command::List => {
            for surveyor in store.query::<Surveyor>("ORDER BY badge", [])? {
                println!("{}: {}", surveyor.badge, surveyor.name);
            }
        }
        Command::Edit { badge, name } => {
            let mut surveyor = one::<Surveyor>(store, "badge", &badge)?;
            surveyor.name = name;
            store.update(&mut surveyor)?;
        }
        Command::Delete { badge } => {
            store.delete(one::<Surveyor>(store, "badge", &badge)?.id)?;
        }
    }
    Ok(())
}
