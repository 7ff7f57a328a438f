use crate::find::{one, shown};
use clap::Subcommand;
use model::Household;
use std::error::Error;
use windrow::{Date, Id, Store};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one
    Add { number: String, village: String },
    /// All of them
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        number: String,
        #[arg(long)]
        village: Option<String>,
        /// The day of a visit; the latest one stands
        #[arg(long, value_name = "YYYY-MM-DD")]
        visited: Option<Date>,
    },
    /// Deletes one that has no patients
    Delete { number: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add { number, village } => {
            store.insert(&Household {
                id: Id::new(),
                number,
                village,
                last_visit: None,
            })?;
        }
        Command::List => {
            for home in store.query::<Household>("ORDER BY number", [])? {
                let visit = shown(&home.last_visit);
                println!("{}: {}, last visit {visit}", home.number, home.village);
            }
        }
        Command::Edit {
            number,
            village,
            visited,
        } => {
            let mut home = one::<Household>(store, "number", &number)?;
            home.village = village.unwrap_or_else(|| home.village.clone());
            home.last_visit = home.last_visit.max(visited);
            store.update(&mut home)?; // writes what has changed, and nothing else
        }
        Command::Delete { number } => {
            store.delete(one::<Household>(store, "number", &number)?.id)?;
        }
    }
    Ok(())
}
