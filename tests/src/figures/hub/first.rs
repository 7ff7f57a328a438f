//! Whole devices: all records go to the hub, and from there to a device that has none.

use super::Hub;
use super::process::Process;
use crate::figures::report::Figure;
use crate::figures::visit::{FIGURES, Visit};
use crate::figures::{Failure, table};
use std::time::Instant;
use windrow::protocol::session::Finish;
use windrow::{Endpoint, Store, sync};

impl Hub<'_> {
    /// The time of an upload and of a first sync, device and hub on this machine's cores.
    pub(super) async fn first(&self) -> Result<Vec<Figure>, Failure> {
        let hub = Process::start(self.program, &self.dir.join("first.db"))?;
        let endpoint = Endpoint::new(&format!("http://{}", hub.addr))?;
        let field = Store::open(self.dir.join("field.db"), &FIGURES)?;
        self.write(&field)?;
        let upload = session(&field, &endpoint).await?;
        let office = Store::open(self.dir.join("office.db"), &FIGURES)?;
        let first = session(&office, &endpoint).await?;
        if office.count::<Visit>("", [])? != self.workload.base.len() as u64 {
            return Err("not all records arrived".into());
        }
        Ok(vec![
            Figure::new("hub_upload", upload, "ms", "all records, from a device's log to the hub's answer"),
            Figure::new("hub_first", first, "ms", "all records, to a new device that shows them"),
        ])
    }

    fn write(&self, store: &Store) -> Result<(), Failure> {
        let mut conn = store.connection()?;
        for visits in self.workload.base.chunks(1_000) {
            let transaction = conn.transaction()?;
            visits.iter().try_for_each(|visit| table::insert(&transaction, visit))?;
            transaction.commit()?;
        }
        Ok(())
    }
}

/// One session. How many milliseconds it took.
async fn session(store: &Store, endpoint: &Endpoint) -> Result<f64, Failure> {
    let start = Instant::now();
    match sync(store, endpoint).await? {
        Finish::InSync => Ok(start.elapsed().as_secs_f64() * 1e3),
        Finish::Unsettled | Finish::Waits => Err("the session did not end".into()),
    }
}
