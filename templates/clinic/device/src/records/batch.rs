use crate::find::{one, variant};
use clap::Subcommand;
use model::{Batch, Vaccine};
use std::error::Error;
use windrow::{Date, Id, Store, SyncableEnum};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one
    Add {
        number: String,
        /// measles, polio or tetanus
        #[arg(long, value_parser = variant::<Vaccine>)]
        vaccine: Vaccine,
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires: Date,
        #[arg(long)]
        doses: i64,
    },
    /// All of them
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        number: String,
        /// The day on the label; the earliest one stands
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires: Option<Date>,
        /// How many are left now; what others give meanwhile is taken off
        #[arg(long)]
        doses: Option<i64>,
    },
    /// Deletes one; what was given stays
    Delete { number: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            number,
            vaccine,
            expires,
            doses,
        } => {
            let (id, doses_left) = (Id::new(), doses);
            store.insert(&Batch {
                id,
                number,
                vaccine,
                expires,
                doses_left,
            })?;
        }
        Command::List => {
            for batch in store.query::<Batch>("ORDER BY number", [])? {
                let (vaccine, left) = (batch.vaccine.as_text(), batch.doses_left);
                println!(
                    "{}: {vaccine}, {left} doses left, expires {}",
                    batch.number, batch.expires
                );
            }
        }
        Command::Edit {
            number,
            expires,
            doses,
        } => {
            let mut batch = one::<Batch>(store, "number", &number)?;
            batch.expires = expires.unwrap_or(batch.expires);
            batch.doses_left = doses.unwrap_or(batch.doses_left);
            store.update(&mut batch)?; // writes what has changed, and nothing else
        }
        Command::Delete { number } => {
            store.delete(one::<Batch>(store, "number", &number)?.id)?;
        }
    }
    Ok(())
}
