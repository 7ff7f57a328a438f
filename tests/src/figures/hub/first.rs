//! Whole devices: all records go to the hub, and from there to a device that has none.

use super::Hub;
use super::kept::{self, Kept};
use super::process::Process;
use crate::figures::Failure;
use crate::figures::office::write;
use crate::figures::report::Figure;
use crate::figures::site::synced;
use crate::figures::visit::{FIGURES, Visit};
use std::time::Instant;
use windrow::Store;

impl Hub<'_> {
    /// The time of an upload and of a first sync, device and hub on this machine's cores; and of writing alone what a hub keeps of it.
    pub(super) async fn first(&self) -> Result<Vec<Figure>, Failure> {
        let file = self.dir.join("first.db");
        let hub = Process::start(self.program, &file)?;
        let url = format!("http://{}", hub.addr);
        let field = Store::open(self.dir.join("field.db"), &FIGURES)?;
        write(&field, &self.workload.inserts())?;
        let upload = session(&field, &url).await?;
        let office = Store::open(self.dir.join("office.db"), &FIGURES)?;
        let first = session(&office, &url).await?;
        if office.count::<Visit>("", [])? != self.workload.base.len() as u64 {
            return Err("not all records arrived".into());
        }
        drop(hub);
        let mut figures = vec![
            Figure::new("hub_upload", upload, "ms", "all records, from a device's log to the hub's answer"),
            Figure::new("hub_first", first, "ms", "all records, to a new device that shows them"),
        ];
        let floors = [
            (
                "hub_kept",
                Kept::AsItDoes,
                "for comparison: plain SQLite writes what a hub keeps of them; against the upload",
            ),
            ("hub_least", Kept::InLeast, "for comparison: the same in as few tables as could be; against the upload"),
        ];
        for (name, kept, meaning) in floors {
            if self.wants(name) {
                let took = kept::written_anew(kept, &file, &self.dir.join(name).with_extension("db"))?;
                figures.push(Figure::new(name, took, "ms", meaning).ratio(took / upload));
            }
        }
        Ok(figures)
    }
}

/// One session. How many milliseconds it took.
async fn session(store: &Store, url: &str) -> Result<f64, Failure> {
    let start = Instant::now();
    synced(store, url).await?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
