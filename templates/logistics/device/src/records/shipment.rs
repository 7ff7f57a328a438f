use crate::find::{one, shown, variant};
use clap::Subcommand;
use model::{Depot, Goods, Shipment, State};
use std::error::Error;
use windrow::{Date, Id, Store, StoreError, SyncableEnum};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one, and takes its pallets off the depot that it leaves
    Add {
        number: String,
        /// food, medicine, shelter or water
        #[arg(long, value_parser = variant::<Goods>)]
        goods: Goods,
        #[arg(long)]
        pallets: i64,
        /// The depot's code
        #[arg(long)]
        from: String,
        /// The other depot's
        #[arg(long)]
        to: Option<String>,
    },
    /// All of them
    List,
    /// Changes one: what is not said stays as it is
    Edit {
        number: String,
        /// packed, on_the_way, delivered or lost
        #[arg(long, value_parser = variant::<State>)]
        state: Option<State>,
        /// The earliest day stands
        #[arg(long, value_name = "YYYY-MM-DD")]
        expected: Option<Date>,
    },
    /// Deletes one, with its scans
    Delete { number: String },
}

pub fn run(store: &Store, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Add {
            number,
            goods,
            pallets,
            from,
            to,
        } => {
            let mut from = one::<Depot>(store, "code", &from)?;
            from.pallets -= pallets;
            let to_id = match to {
                Some(code) => Some(one::<Depot>(store, "code", &code)?.id),
                None => None,
            };
            let (id, from_id, state, expected) = (Id::new(), from.id, State::Packed, None);
            let shipment = Shipment {
                id,
                number,
                goods,
                pallets,
                from_id,
                to_id,
                state,
                expected,
            };
            // Both writes are made, or none.
            store.transaction::<_, StoreError>(|tx| {
                tx.insert(&shipment)?;
                tx.update(&mut from)
            })?;
        }
        Command::List => list(store)?,
        Command::Edit {
            number,
            state,
            expected,
        } => {
            let mut shipment = one::<Shipment>(store, "number", &number)?;
            shipment.state = state.unwrap_or(shipment.state);
            shipment.expected = expected.or(shipment.expected);
            store.update(&mut shipment)?; // writes what has changed, and nothing else
        }
        Command::Delete { number } => {
            store.delete(one::<Shipment>(store, "number", &number)?.id)?;
        }
    }
    Ok(())
}

fn list(store: &Store) -> Result<(), Box<dyn Error>> {
    for shipment in store.query::<Shipment>("ORDER BY number", [])? {
        let (goods, state) = (shipment.goods.as_text(), shipment.state.as_text());
        let to = match shipment.to_id {
            Some(id) => store.get(id)?.map(|depot| depot.code.clone()),
            None => None,
        };
        let (number, pallets) = (&shipment.number, shipment.pallets);
        println!(
            "{number}: {pallets} pallets of {goods} to {}, {state}",
            shown(&to)
        );
    }
    Ok(())
}
