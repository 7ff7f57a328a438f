//! `device status`: how it stands with the device.

use super::device;
use crate::fault::Fault;
use crate::model::{Farm, Plot, Visit, Worker};
use crate::said::Said;
use serde_json::json;
use std::path::Path;
use windrow::store::Status;
use windrow::{Store, Timestamp};

/// What the file tells.
pub(super) fn run(db: &Path) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let (status, records, warnings) = (store.status()?, records(&store)?, device::warnings(&store));
    let json = json!({
        "db": db,
        "device": status.device.hex(),
        "pending_records": status.pending_records,
        "pending_entries": status.pending_entries,
        "refused": status.refused,
        "conflicts": status.conflicts,
        "checkpoint": status.checkpoint.seq.bits(),
        "clock": Timestamp::from_millis(status.clock.millis()),
        "last_contact": status.last_contact,
        "bytes": status.bytes,
        "records": { "farm": records[0], "plot": records[1], "worker": records[2], "visit": records[3] },
        "warnings": warnings,
    });
    Ok(Said::new(text(&status, records, &warnings), json))
}

fn records(store: &Store) -> Result<[u64; 4], Fault> {
    Ok([
        store.count::<Farm>("", [])?,
        store.count::<Plot>("", [])?,
        store.count::<Worker>("", [])?,
        store.count::<Visit>("", [])?,
    ])
}

fn text(status: &Status, [farms, plots, workers, visits]: [u64; 4], warnings: &[String]) -> String {
    let contact = status.last_contact.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let mut text = format!(
        "device        {}\nholds         {farms} farms, {plots} plots, {workers} workers, {visits} visits\n\
         pending       {} log entries on {} records\nrefused       {}\nconflicts     {}\n\
         checkpoint    seq {}\nlast contact  {contact}",
        status.device.hex(),
        status.pending_entries,
        status.pending_records,
        status.refused,
        status.conflicts,
        status.checkpoint.seq,
    );
    warnings.iter().for_each(|warning| text += &format!("\nwarning: {warning}"));
    text
}
