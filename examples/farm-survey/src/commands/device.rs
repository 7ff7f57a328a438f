//! `device init` and `device load`, and how a device's file is opened.

use crate::barley;
use crate::fault::Fault;
use crate::model::SURVEY;
use crate::said::Said;
use serde_json::json;
use std::path::Path;
use windrow::Store;

/// Opens a device's file that is there already: a mistyped name makes no new device.
pub(super) fn open(db: &Path) -> Result<Store, Fault> {
    if !db.exists() {
        let db = db.display();
        return Err(Fault::File(format!("{db} does not exist; `farm-survey device --db {db} init` creates it")));
    }
    Ok(Store::open(db, &SURVEY)?)
}

/// What was odd about the file when it was opened.
pub(super) fn warnings(store: &Store) -> Vec<String> {
    store.warnings().iter().map(ToString::to_string).collect()
}

/// `device init`
pub(super) fn init(db: &Path) -> Result<Said, Fault> {
    let created = !db.exists();
    let store = Store::open(db, &SURVEY)?;
    let device = store.device_id().hex();
    let done = if created { "created" } else { "was here already" };
    let mut text = format!("{} {done}: device {device}", db.display());
    let warnings = warnings(&store);
    warnings.iter().for_each(|warning| text += &format!("\nwarning: {warning}"));
    Ok(Said::new(text, json!({ "db": db, "device": device, "created": created, "warnings": warnings })))
}

/// `device load FILE`
pub(super) fn load(db: &Path, file: &Path) -> Result<Said, Fault> {
    let store = open(db)?;
    let loaded = barley::load(&store, &barley::read(file)?)?;
    let text = format!(
        "{} farms and {} plots inserted; {} and {} were here already",
        loaded.farms, loaded.plots, loaded.farms_present, loaded.plots_present
    );
    let json = json!({
        "file": file,
        "farms": { "inserted": loaded.farms, "present": loaded.farms_present },
        "plots": { "inserted": loaded.plots, "present": loaded.plots_present },
    });
    Ok(Said::new(text, json))
}
