//! The barley trial as input: its file, and the ids of its farms and plots.

use crate::fault::Fault;
use crate::model::{Farm, Plot};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;
use windrow::store::{StoreError, Tx};
use windrow::{Id, Store};

/// The trial that comes with the example: six sites, ten varieties, two years.
pub(crate) const TRIAL: &str = include_str!("../data/barley.json");

/// Under which names of farms and plots give ids (RFC 9562, version 5). Drawn once.
const NAMES: Uuid = Uuid::from_u128(0x4c1f_25a8_9d4e_4b6b_8f0a_70de_6a3b_9c52);

/// A line of the file: what one variety gave at one site in one year.
#[derive(Debug, Deserialize)]
pub(crate) struct Yield {
    site: String,
    variety: String,
    year: i32,
    /// Bushels an acre.
    #[serde(rename = "yield")]
    bushels: f64,
}

/// What was inserted, and what was here already.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// Farms inserted.
    pub(crate) farms: u64,
    /// Farms that were here.
    pub(crate) farms_present: u64,
    /// Plots inserted.
    pub(crate) plots: u64,
    /// Plots that were here.
    pub(crate) plots_present: u64,
}

/// The id of the farm at a site: the same on every device.
pub(crate) fn farm_id(site: &str) -> Id<Farm> {
    named(&["farm", site])
}

/// The id of the plot of a variety at a site in a year: the same on every device.
pub(crate) fn plot_id(site: &str, variety: &str, year: i32) -> Id<Plot> {
    named(&["plot", site, variety, &year.to_string()])
}

/// Each part with its length, so that no two lists of parts make one name.
fn named<T>(parts: &[&str]) -> Id<T> {
    let name: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    Id::from_bytes(*Uuid::new_v5(&NAMES, name.as_bytes()).as_bytes())
}

/// The lines of a file.
pub(crate) fn read(file: &Path) -> Result<Vec<Yield>, Fault> {
    let text = std::fs::read_to_string(file).map_err(|e| Fault::File(format!("{}: {e}", file.display())))?;
    parse(&text).map_err(|e| Fault::File(format!("{}: {e}", file.display())))
}

/// The lines in a file's text.
pub(crate) fn parse(text: &str) -> Result<Vec<Yield>, serde_json::Error> {
    serde_json::from_str(text)
}

/// Inserts what is not here yet, all or nothing.
pub(crate) fn load(store: &Store, yields: &[Yield]) -> Result<Loaded, StoreError> {
    store.transaction(|tx| {
        let mut loaded = Loaded::default();
        for line in yields {
            farm(tx, line, &mut loaded)?;
            plot(tx, line, &mut loaded)?;
        }
        let sites: BTreeSet<&str> = yields.iter().map(|line| line.site.as_str()).collect();
        loaded.farms_present = sites.len() as u64 - loaded.farms;
        Ok(loaded)
    })
}

fn farm(tx: &Tx<'_>, line: &Yield, loaded: &mut Loaded) -> Result<(), StoreError> {
    let id = farm_id(&line.site);
    if tx.get(id)?.is_some() {
        return Ok(());
    }
    loaded.farms += 1;
    tx.insert(&Farm { id, name: line.site.clone(), owner_phone: None, cattle: 0 })
}

/// `bags` is a sum, and what two devices insert under one id adds up: so it begins at 0, and the yield is a `max`.
fn plot(tx: &Tx<'_>, line: &Yield, loaded: &mut Loaded) -> Result<(), StoreError> {
    let Yield { site, variety, year, bushels } = line;
    let (id, farm_id) = (plot_id(site, variety, *year), farm_id(site));
    if tx.get(id)?.is_some() {
        loaded.plots_present += 1;
        return Ok(());
    }
    loaded.plots += 1;
    tx.insert(&Plot { id, farm_id, variety: variety.clone(), year: *year, bags: 0, best_yield: Some(*bushels) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_trial_has_six_farms_and_120_plots_of_their_own() {
        let yields = parse(TRIAL).unwrap();
        let farms: BTreeSet<_> = yields.iter().map(|y| farm_id(&y.site)).collect();
        let plots: BTreeSet<_> = yields.iter().map(|y| plot_id(&y.site, &y.variety, y.year)).collect();
        assert_eq!((yields.len(), farms.len(), plots.len()), (120, 6, 120));
    }

    /// Were they to change, files that are out there would get every farm twice.
    #[test]
    fn ids_never_change() {
        assert_eq!(farm_id("Morris").to_string(), "68ce0141-9bbc-5aaf-8e71-fe54299f3077");
        assert_eq!(plot_id("Morris", "Trebi", 1931).to_string(), "381cd1cb-7172-542c-adf1-0d2deccf6a08");
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        assert_ne!(plot_id("ab", "c", 1), plot_id("a", "bc", 1));
        assert_ne!(plot_id("a", "b1", 1), plot_id("a", "b", 11));
    }
}
