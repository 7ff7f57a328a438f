use crate::find::{one, shown};
use clap::Subcommand;
use model::Depot;
use std::error::Error;
use windrow::{Id, Store};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one
    Add {
        code: String,
        name: String,
        /// The telephone number to call
        #[arg(long)]
        contact: Option<String>,
        /// How many are in stock
        #[arg(long, default_value_t = 0)]
        pallets: i64,
    },
    /// All of them
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        code: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        contact: Option<String>,
        /// How many there are now; what others count meanwhile is added
        #[arg(long)]
        pallets: Option<i64>,
    },
    /// Deletes one from which no shipment came
    Delete { code: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            code,
            name,
            contact,
            pallets,
        } => {
            store.insert(&Depot {
                id: Id::new(),
                code,
                name,
                contact,
                pallets,
            })?;
        }
        Command::List => {
            for depot in store.query::<Depot>("ORDER BY code", [])? {
                let (pallets, contact) = (depot.pallets, shown(&depot.contact));
                println!(
                    "{}: {}, {pallets} pallets, call {contact}",
                    depot.code, depot.name
                );
            }
        }
        Command::Edit {
            code,
            name,
            contact,
            pallets,
        } => {
            let mut depot = one::<Depot>(store, "code", &code)?;
            depot.name = name.unwrap_or_else(|| depot.name.clone());
            depot.contact = contact.or(depot.contact.take());
            depot.pallets = pallets.unwrap_or(depot.pallets);
            store.update(&mut depot)?; // writes what has changed, and nothing else
        }
        Command::Delete { code } => {
            store.delete(one::<Depot>(store, "code", &code)?.id)?;
        }
    }
    Ok(())
}
