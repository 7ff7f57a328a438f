//! In the field: no network, everybody works on their own part, and now and then on each other's.

use super::cast::Stage;
use crate::barley::{farm_id, plot_id};
use crate::fault::Fault;
use crate::model::{Farm, Plot, Visit, Worker};
use std::time::Duration;
use windrow::{Id, Store, Timestamp};

/// The plot that all three measure.
pub(super) const MEASURED: (&str, &str, i32) = ("Morris", "Trebi", 1932);

/// What Ada and Ben are told is the telephone number of Morris.
pub(super) const PHONES: [&str; 2] = ["218-555-0141", "218-555-0199"];

pub(super) async fn play(stage: &mut Stage) -> Result<(), Fault> {
    stage.report.chapter("In the field: no network at all");
    stage.tablets().iter().for_each(|tablet| tablet.link.cut());
    ada(stage)?;
    a_moment().await;
    ben(stage)?;
    a_moment().await;
    cleo(stage)?;
    captured(stage)
}

/// So that "later" is later by every clock.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Through the typed API.
fn ada(stage: &mut Stage) -> Result<(), Fault> {
    let store = stage.ada.open()?;
    let mut harvested = 0;
    for mut plot in store.query::<Plot>("WHERE farm_id = ?1 ORDER BY variety, year", [farm_id("Waseca")])? {
        plot.bags += 12;
        store.update(&mut plot)?;
        harvested += 1;
    }
    stage.report.did("Ada", format!("weighs the harvest of Waseca: 12 bags on each of {harvested} plots"));
    morris(&store, 12, Some(PHONES[0]), 47.1)?;
    rename(&store, "Duluth Station")?;
    stage
        .report
        .did("Ada", "counts 12 calves at Morris, hears a phone number, measures its Trebi at 47.1 bushels an acre");
    stage.report.did("Ada", "renames Duluth to Duluth Station");
    Ok(())
}

fn ben(stage: &mut Stage) -> Result<(), Fault> {
    let store = stage.ben.open()?;
    let olaf = store.query::<Worker>("WHERE name = 'Olaf'", [])?.pop().map(|worker| worker.id);
    let mut visited = 0;
    for plot in store.query::<Plot>("WHERE farm_id = ?1 ORDER BY variety, year", [farm_id("Crookston")])? {
        store.insert(&visit(&plot, olaf))?;
        visited += 1;
    }
    stage.report.did("Ben", format!("visits {visited} plots of Crookston with Olaf, and writes down what they spray"));
    morris(&store, -5, Some(PHONES[1]), 48.9)?;
    rename(&store, "Duluth North Shore")?;
    stage.report.did("Ben", "sells 5 cattle of Morris, hears another phone number, measures the same Trebi at 48.9");
    store.delete(farm_id("Grand Rapids"))?;
    stage.report.did("Ben", "renames Duluth to Duluth North Shore, a moment after Ada; deletes the farm Grand Rapids");
    Ok(())
}

fn visit(plot: &Plot, worker: Option<Id<Worker>>) -> Visit {
    Visit {
        id: Id::new(),
        plot_id: plot.id,
        worker_id: worker,
        spray_ml: Some(250),
        notes: format!("{} {}: rust on the lower leaves", plot.variety, plot.year),
        visited_at: Timestamp::now(),
    }
}

/// What happens at Morris, on each tablet differently.
fn morris(store: &Store, cattle: i64, phone: Option<&str>, bushels: f64) -> Result<(), Fault> {
    if let Some(mut farm) = store.get::<Farm>(farm_id("Morris"))? {
        farm.cattle += cattle;
        farm.owner_phone = phone.map(str::to_owned);
        store.update(&mut farm)?;
    }
    let (site, variety, year) = MEASURED;
    if let Some(mut plot) = store.get::<Plot>(plot_id(site, variety, year))? {
        plot.best_yield = Some(bushels);
        store.update(&mut plot)?;
    }
    Ok(())
}

fn rename(store: &Store, name: &str) -> Result<(), Fault> {
    if let Some(mut farm) = store.get::<Farm>(farm_id("Duluth"))? {
        farm.name = name.to_owned();
        store.update(&mut farm)?;
    }
    Ok(())
}

/// Not Windrow at all: another program on the same file.
fn cleo(stage: &mut Stage) -> Result<(), Fault> {
    let (site, variety, year) = MEASURED;
    let statements = [
        "UPDATE plot SET bags = bags + 9 WHERE farm_id = (SELECT id FROM farm WHERE name = 'Duluth')".to_owned(),
        "UPDATE farm SET cattle = cattle + 2 WHERE name = 'Morris'".to_owned(),
        format!(
            "UPDATE plot SET best_yield = 47.7 WHERE variety = '{variety}' AND year = {year}
               AND farm_id = (SELECT id FROM farm WHERE name = '{site}')"
        ),
        "UPDATE farm SET cattle = cattle + 4 WHERE name = 'Grand Rapids'".to_owned(),
        "DELETE FROM worker WHERE name = 'Olaf'".to_owned(),
    ];
    stage.foreign.run(&stage.cleo.file, &statements.join(";\n"))?;
    let name = stage.foreign.name();
    stage.report.did("Cleo", format!("has no Windrow running: {name} writes to her file, with five lines of SQL:"));
    stage
        .report
        .did("", "9 bags on each plot of Duluth; 2 calves at Morris, its Trebi at 47.7; 4 calves at Grand Rapids;");
    stage.report.did("", "and Olaf leaves the survey");
    stage.report.fact("foreign_program", serde_json::json!(name));
    Ok(())
}

/// The triggers have seen it all.
fn captured(stage: &mut Stage) -> Result<(), Fault> {
    let nonsense = stage.foreign.run(&stage.cleo.file, "UPDATE plot SET best_yield = 'plenty'");
    stage
        .report
        .check(nonsense.is_err(), "best_yield = 'plenty', written by it, is refused on the spot, by SQLite itself");
    let pending = stage.cleo.open()?.status()?.pending_entries;
    let line = format!("all {pending} rows that it changed are in Cleo's changelog, to be sent");
    stage.report.check_row(pending == 24, &line, "all rows that a foreign program changed are in the changelog");
    Ok(())
}
