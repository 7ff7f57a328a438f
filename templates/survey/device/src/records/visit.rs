use crate::find::{one, shown};
use clap::Subcommand;
use model::{Farm, Surveyor, Visit};
use std::error::Error;
use windrow::{Id, Store, Timestamp};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one, made now
    Add {
        /// The farm's name
        farm: String,
        /// The badge of who came
        #[arg(long)]
        surveyor: Option<String>,
        /// The tallest plant, in centimetres
        #[arg(long)]
        tallest_cm: Option<i64>,
        #[arg(long, default_value = "")]
        notes: String,
    },
    /// All of them, the newest first
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        /// As `list` shows it
        id: Id<Visit>,
        #[arg(long)]
        tallest_cm: Option<i64>,
        #[arg(long)]
        notes: Option<String>,
    },
    /// Deletes one
    Delete { id: Id<Visit> },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            farm,
            surveyor,
            tallest_cm,
            notes,
        } => {
            let farm_id = one::<Farm>(store, "name", &farm)?.id;
            let surveyor_id = match surveyor {
                Some(badge) => Some(one::<Surveyor>(store, "badge", &badge)?.id),
                None => None,
            };
            let (id, visited_at) = (Id::new(), Timestamp::now());
            store.insert(&Visit {
                id,
                farm_id,
                surveyor_id,
                visited_at,
                tallest_cm,
                notes,
            })?;
        }
        Command::List => list(store)?,
        Command::Edit {
            id,
            tallest_cm,
            notes,
        } => {
            let mut visit = store.get(id)?.ok_or("there is no such visit here")?;
            visit.tallest_cm = tallest_cm.or(visit.tallest_cm);
            visit.notes = notes.unwrap_or_else(|| visit.notes.clone());
            store.update(&mut visit)?;
        }
        Command::Delete { id } => {
            store.delete(id)?;
        }
    }
    Ok(())
}

fn list(store: &Store) -> Result<(), Box<dyn Error>> {
    for visit in store.query::<Visit>("ORDER BY visited_at DESC", [])? {
        let farm = store.get(visit.farm_id)?.map(|farm| farm.name.clone());
        let who = match visit.surveyor_id {
            Some(id) => store.get(id)?.map(|surveyor| surveyor.name.clone()),
            None => None,
        };
        println!("{}: {} at {}", visit.id, shown(&farm), visit.visited_at);
        println!(
            "   by {}, {} cm, {}",
            shown(&who),
            shown(&visit.tallest_cm),
            visit.notes
        );
    }
    Ok(())
}
