use crate::find::{one, shown};
use clap::Subcommand;
use model::{Scan, Shipment};
use std::error::Error;
use windrow::{Decimal, Id, Store, Timestamp};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one, made now
    Add {
        /// The shipment's number
        shipment: String,
        /// Where it is
        place: String,
        /// Degrees Celsius, such as 7.5
        #[arg(long, allow_hyphen_values = true)]
        warmest: Option<Decimal<1>>,
    },
    /// All of them, the newest first
    List,
    /// Changes one; the warmest measure stands
    Edit {
        /// As `list` shows it
        id: Id<Scan>,
        #[arg(long, allow_hyphen_values = true)]
        warmest: Decimal<1>,
    },
    /// Deletes one
    Delete { id: Id<Scan> },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            shipment,
            place,
            warmest,
        } => {
            let shipment_id = one::<Shipment>(store, "number", &shipment)?.id;
            let (id, scanned_at) = (Id::new(), Timestamp::now());
            store.insert(&Scan {
                id,
                shipment_id,
                place,
                scanned_at,
                warmest,
            })?;
        }
        Command::List => {
            for scan in store.query::<Scan>("ORDER BY scanned_at DESC", [])? {
                let shipment = store
                    .get(scan.shipment_id)?
                    .map(|found| found.number.clone());
                let (at, warmest) = (scan.scanned_at, shown(&scan.warmest));
                println!(
                    "{}: {} in {} at {at}",
                    scan.id,
                    shown(&shipment),
                    scan.place
                );
                println!("   warmest {warmest}");
            }
        }
        Command::Edit { id, warmest } => {
            let mut scan = store.get(id)?.ok_or("there is no such scan here")?;
            scan.warmest = Some(warmest);
            store.update(&mut scan)?;
        }
        Command::Delete { id } => {
            store.delete(id)?;
        }
    }
    Ok(())
}
