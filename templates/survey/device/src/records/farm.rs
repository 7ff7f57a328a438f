use crate::find::{one, shown, variant};
use clap::Subcommand;
use model::{Farm, Water};
use std::error::Error;
use windrow::{Id, Store, SyncableEnum};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one
    Add {
        name: String,
        /// rain, well or river
        #[arg(long, value_parser = variant::<Water>, default_value = "rain")]
        water: Water,
        /// The owner's telephone number
        #[arg(long)]
        phone: Option<String>,
        /// Head of cattle
        #[arg(long, default_value_t = 0)]
        cattle: i64,
    },
    /// All of them
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        name: String,
        #[arg(long)]
        rename: Option<String>,
        #[arg(long, value_parser = variant::<Water>)]
        water: Option<Water>,
        #[arg(long)]
        phone: Option<String>,
        /// How many there are now; what others count meanwhile is added
        #[arg(long)]
        cattle: Option<i64>,
    },
    /// Deletes one, with its visits
    Delete { name: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            name,
            water,
            phone,
            cattle,
        } => {
            store.insert(&Farm {
                id: Id::new(),
                name,
                water,
                phone,
                cattle,
            })?;
        }
        Command::List => list(store)?,
        Command::Edit {
            name,
            rename,
            water,
            phone,
            cattle,
        } => {
            let mut farm = one::<Farm>(store, "name", &name)?;
            farm.name = rename.unwrap_or(name);
            farm.water = water.unwrap_or(farm.water);
            farm.phone = phone.or(farm.phone.take());
            farm.cattle = cattle.unwrap_or(farm.cattle);
            store.update(&mut farm)?; // writes what has changed, and nothing else
        }
        Command::Delete { name } => {
            let farm = one::<Farm>(store, "name", &name)?;
            store.delete(farm.id)?;
        }
    }
    Ok(())
}

fn list(store: &Store) -> Result<(), Box<dyn Error>> {
    for farm in store.query::<Farm>("ORDER BY name", [])? {
        let (water, phone) = (farm.water.as_text(), shown(&farm.phone));
        println!(
            "{}: {} cattle, water from {water}, phone {phone}",
            farm.name, farm.cattle
        );
    }
    Ok(())
}
