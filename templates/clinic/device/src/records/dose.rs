use crate::find::{one, shown};
use clap::Subcommand;
use model::{Batch, Dose, Patient};
use std::error::Error;
use windrow::{Id, Store, StoreError, SyncableEnum, Timestamp};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Gives one now: it is written down, and taken off the batch
    Add {
        /// The patient's card
        card: String,
        /// The batch's number
        batch: String,
    },
    /// All of them, the newest first
    List,
    /// Changes when one was given
    Edit {
        /// As `list` shows it
        id: Id<Dose>,
        given_at: Timestamp,
    },
    /// Deletes one; the batch stays as it is
    Delete { id: Id<Dose> },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add { card, batch } => give(store, &card, &batch)?,
        Command::List => list(store)?,
        Command::Edit { id, given_at } => {
            let mut dose = store.get(id)?.ok_or("there is no such dose here")?;
            dose.given_at = given_at;
            store.update(&mut dose)?;
        }
        Command::Delete { id } => {
            store.delete(id)?;
        }
    }
    Ok(())
}

/// Both writes are made, or none.
fn give(store: &Store, card: &str, batch: &str) -> Result<(), Box<dyn Error>> {
    let patient_id = one::<Patient>(store, "card", card)?.id;
    let mut batch = one::<Batch>(store, "number", batch)?;
    batch.doses_left -= 1;
    let (batch_id, vaccine, given_at) = (Some(batch.id), batch.vaccine, Timestamp::now());
    store.transaction::<_, StoreError>(|tx| {
        tx.insert(&Dose {
            id: Id::new(),
            patient_id,
            batch_id,
            vaccine,
            given_at,
        })?;
        tx.update(&mut batch)
    })?;
    Ok(())
}

fn list(store: &Store) -> Result<(), Box<dyn Error>> {
    for dose in store.query::<Dose>("ORDER BY given_at DESC", [])? {
        let patient = store
            .get(dose.patient_id)?
            .map(|patient| patient.name.clone());
        let (vaccine, at) = (dose.vaccine.as_text(), dose.given_at);
        println!("{}: {vaccine} to {} at {at}", dose.id, shown(&patient));
    }
    Ok(())
}
