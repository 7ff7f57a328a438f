//! The hub's store by itself, in this process, without HTTP: what merging and saving cost, by the processor's time too, which
//! other work on the machine changes little.

use super::Hub;
use super::device::Device;
use super::many::CHANGES;
use crate::figures::Failure;
use crate::figures::clock::processor;
use crate::figures::report::Figure;
use crate::figures::visit::{self, FIGURES, Visit};
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;
use windrow::hub::{HubError, HubStore, OpenHub, SqliteHub};
use windrow_protocol::clock::Point;
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Commit, Digest, Prepare, Pull};
use windrow_protocol::model::Schema;
use windrow_protocol::session::Outbox;

/// Devices that come at once where sessions are short.
const DEVICES: usize = 10;

/// Names of the figures of one measurement.
struct Names {
    rate: &'static str,
    cost: &'static str,
    meaning: &'static str,
    /// Which of the floor's costs its own is compared with.
    floor: usize,
}

const NEW: Names =
    Names { rate: "hub_merge_new", cost: "hub_merge_new_cpu", meaning: "records, new, all in one changeset", floor: 0 };
const FIELDS: Names = Names {
    rate: "hub_merge_fields",
    cost: "hub_merge_fields_cpu",
    meaning: "one field each, all in one changeset",
    floor: 1,
};
const NEW_1000: Names = Names {
    rate: "hub_merge_new_1000",
    cost: "hub_merge_new_1000_cpu",
    meaning: "records, new, 1,000 a changeset",
    floor: 0,
};
const FIELDS_1000: Names = Names {
    rate: "hub_merge_fields_1000",
    cost: "hub_merge_fields_1000_cpu",
    meaning: "one field each, at random, 1,000 a changeset",
    floor: 2,
};

/// A changeset, and the pull that goes with its COMMIT.
type Sent = (Outbox, Pull);

/// A hub in this process.
struct Site {
    schema: Schema,
    store: Arc<dyn HubStore>,
    ids: Vec<RecordId>,
    devices: u64,
}

impl Hub<'_> {
    /// Changes a second and what each costs, in one changeset and in many, new records and single fields.
    pub(super) async fn merge(&self) -> Result<Vec<Figure>, Failure> {
        let mut figures = Vec::new();
        let wants = |names: &Names| self.wants(names.rate) || self.wants(names.cost);
        if wants(&NEW) || wants(&FIELDS) || wants(&FIELDS_1000) {
            let mut site = self.site("merge.db")?;
            let all = site.inserts(&self.workload.base)?;
            figures.extend(site.come(vec![vec![all]], &NEW, self.workload.base.len()).await?);
            if wants(&FIELDS) {
                let all = site.updates(usize::MAX).await?;
                figures.extend(site.come(vec![vec![all]], &FIELDS, site.ids.len()).await?);
            }
            if wants(&FIELDS_1000) {
                let (sessions, changes) = (self.sessions / 40, CHANGES.min(site.ids.len()));
                let devices = self.short(sessions, async |_| site.updates(changes).await).await?;
                figures.extend(site.come(devices, &FIELDS_1000, sessions * changes).await?);
            }
        }
        if wants(&NEW_1000) {
            figures.extend(self.new_in_many().await?);
        }
        if !figures.is_empty() {
            let floor = self.floor()?;
            figures.iter_mut().for_each(|figure| compare(figure, &floor));
        }
        Ok(figures)
    }

    async fn new_in_many(&self) -> Result<Vec<Figure>, Failure> {
        let mut site = self.site("merge-1000.db")?;
        let sessions: Vec<_> = self.workload.base.chunks(CHANGES).collect();
        let made = async |n: usize| site.inserts(sessions[n]);
        let devices = self.short(sessions.len(), made).await?;
        site.come(devices, &NEW_1000, self.workload.base.len()).await
    }

    fn site(&self, file: &str) -> Result<Site, Failure> {
        let store = SqliteHub::open(self.dir.join(file))?.open_for(&FIGURES)?;
        let ids = self.workload.base.iter().map(|visit| RecordId(*visit.id.as_bytes())).collect();
        Ok(Site { schema: visit::schema()?, store, ids, devices: 0 })
    }

    /// So many sessions, each of a device that did not come before, shared out among those that come at once.
    async fn short(
        &self,
        sessions: usize,
        mut made: impl AsyncFnMut(usize) -> Result<Sent, Failure>,
    ) -> Result<Vec<Vec<Sent>>, Failure> {
        let mut devices: Vec<_> = (0..DEVICES).map(|_| Vec::new()).collect();
        for n in 0..sessions {
            devices[n % DEVICES].push(made(n).await?);
        }
        Ok(devices)
    }
}

impl Site {
    fn device(&mut self) -> Device {
        self.devices += 1;
        Device::new(self.devices)
    }

    /// A session that inserts these records.
    fn inserts(&mut self, visits: &[Visit]) -> Result<Sent, Failure> {
        let mut device = self.device();
        Ok((device.inserting(&self.schema, visits)?, device.pull(&self.schema, Point::START)))
    }

    /// A session that changes one field of so many records at random, by a device that has all that is there.
    async fn updates(&mut self, count: usize) -> Result<Sent, Failure> {
        let (mut device, head) = (self.device(), self.store.head().await?);
        let mut ids = self.ids.clone();
        fastrand::Rng::with_seed(self.devices).shuffle(&mut ids);
        ids.truncate(count);
        Ok((device.updating(&self.schema, head, &ids)?, device.pull(&self.schema, head)))
    }

    /// Lets devices come at once, each with its sessions.
    async fn come(&self, devices: Vec<Vec<Sent>>, names: &Names, changes: usize) -> Result<Vec<Figure>, Failure> {
        let (since, before) = (Instant::now(), processor()?);
        let mut tasks = JoinSet::new();
        for sessions in devices {
            let store = self.store.clone();
            tasks.spawn(async move {
                for sent in sessions {
                    session(&*store, sent).await?;
                }
                Ok::<_, String>(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        let (took, cost) = (since.elapsed().as_secs_f64(), (processor()? - before).as_secs_f64());
        let (changes, meaning) = (changes as f64, names.meaning);
        Ok(vec![
            Figure::new(names.rate, changes / took, "changes/s", meaning),
            Figure::new(
                names.cost,
                cost * 1e6 / changes,
                "µs",
                "of those, the processor's time for each; against plain SQLite's for row, history and its index",
            ),
        ])
    }
}

/// Sets a cost against that of the floor.
fn compare(figure: &mut Figure, floor: &[f64; 3]) {
    let names = [NEW, FIELDS, NEW_1000, FIELDS_1000].into_iter().find(|names| names.cost == figure.figure);
    figure.ratio = names.map(|names| figure.value / floor[names.floor]);
}

/// PREPARE and COMMIT, by a device that has heard of all that is committed.
async fn session(store: &dyn HubStore, (outbox, pull): Sent) -> Result<(), String> {
    let Outbox { session, payload, .. } = outbox;
    let digest = Digest::of(&payload);
    let failed = |error: HubError| error.to_string();
    let prepared = store.prepare(Prepare { session, payload }).await.map_err(failed)?;
    let pull = Pull { checkpoint: store.head().await.map_err(failed)?, ..pull };
    let committed = store.commit(Commit { session, digest, pull }).await.map_err(failed)?;
    match (prepared, committed) {
        (Answer::Prepared, Answer::Committed { at: Some(_), .. }) => Ok(()),
        other => Err(format!("the hub said {other:?}")),
    }
}
