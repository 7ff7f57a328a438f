//! How many bytes travel (W3): two devices, a hub, and the bytes on the sockets between them.

use super::Failure;
use super::report::{Figure, Promise};
use super::site::{self, Device, Site};
use super::table;
use super::traffic::Traffic;
use super::visit::{Visit, json};
use super::workload::{Op, Workload};
use indicatif::ProgressBar;
use std::collections::HashSet;
use std::path::Path;
use windrow::Id;

/// Measures what sessions send and receive.
#[derive(Debug)]
pub struct Wire<'a> {
    /// What is done.
    pub workload: &'a Workload,
    /// Where the files are for so long.
    pub dir: &'a Path,
    /// Moves by [`Wire::STEPS`].
    pub progress: ProgressBar,
}

/// The devices after the first sync: one that works, one that hears of it.
struct Pair {
    field: Device,
    office: Device,
}

impl Wire<'_> {
    /// Steps of the measurement: sessions, and the loading before them.
    pub const STEPS: u64 = 10;

    /// Measures. To be called within a tokio runtime of several threads.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub async fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let site = Site::start(self.dir).await?;
        let pair = Pair { field: site.device("field.db").await?, office: site.device("office.db").await? };
        let mut figures = self.first(&pair).await?;
        figures.push(self.quiet(&pair.office).await?);
        figures.extend(self.single(&pair).await?);
        figures.extend(self.day(&pair).await?);
        figures.extend(self.team(&pair).await?);
        Ok(figures)
    }

    /// All records go to the hub, and from there to a device that has none (W3d).
    async fn first(&self, pair: &Pair) -> Result<Vec<Figure>, Failure> {
        let base = &self.workload.base;
        pair.field.write(|conn| base.iter().try_for_each(|v| table::insert(conn, v)))?;
        self.progress.inc(1);
        let (pushed, pulled) = (self.session(&pair.field).await?, self.session(&pair.office).await?);
        if pair.office.count()? != base.len() as u64 {
            return Err("not all records arrived".into());
        }
        let json = json(base)?;
        let figure = |name, bytes, meaning| bytes_of(name, bytes, meaning).ratio(bytes as f64 / json.len() as f64);
        let most = 75.0 * base.len() as f64;
        Ok(vec![
            figure("w3d", pulled.pages()?, "all records, hub to a new device: the pages").promise(Promise::Value(most)),
            figure("w3d_up", pushed.changesets()?, "all records, device to hub: the changesets"),
            figure("w3d_socket", pulled.bytes, "all records, hub to a new device: on the socket in all"),
            figure("w3d_zstd", zstd(&json)?, "for comparison: their JSON under zstd -3"),
        ])
    }

    /// Nothing was written anywhere since the last session.
    async fn quiet(&self, office: &Device) -> Result<Figure, Failure> {
        let quiet = self.session(office).await?;
        let meaning = "nothing new either way: on the socket in all, headers included";
        Ok(bytes_of("w3_nothing", quiet.bytes, meaning).promise(Promise::Value(300.0)))
    }

    /// One field of one record (W3a).
    async fn single(&self, pair: &Pair) -> Result<Vec<Figure>, Failure> {
        let sent = self.play(pair, &self.workload.w3a).await?;
        self.session(&pair.office).await?;
        let ((prepare, prepared), (commit, committed)) = (sent.bodies("prepare")?, sent.bodies("commit")?);
        Ok(vec![
            bytes_of("w3a", sent.changesets()?, "one field of one record, device to hub: the changeset")
                .promise(Promise::Value(90.0)),
            bytes_of("w3a_change", sent.change()?, "the change in it: without origin, span, checkpoint and mark"),
            bytes_of("w3a_prepare", prepare, "the same: body of PREPARE"),
            bytes_of("w3a_prepared", prepared, "body of its answer"),
            bytes_of("w3a_commit", commit, "body of COMMIT"),
            bytes_of("w3a_committed", committed, "body of its answer, with the first page"),
            bytes_of("w3a_socket", sent.bytes, "on the socket in all, headers included"),
        ])
    }

    /// One field of each of many records (W3b).
    async fn day(&self, pair: &Pair) -> Result<Vec<Figure>, Failure> {
        let (sent, pulled) = (self.play(pair, &self.workload.w3b).await?, self.session(&pair.office).await?);
        let json = json(before(&self.workload.base, &self.workload.w3b))?;
        let figure = |name, bytes, meaning| bytes_of(name, bytes, meaning).ratio(bytes as f64 / json.len() as f64);
        Ok(vec![
            figure("w3b_up", sent.changesets()?, "one field of each of many records, device to hub: the changeset")
                .promise(Promise::Ratio(0.05)),
            figure("w3b_down", pulled.pages()?, "the same, hub to another device: the pages"),
            figure("w3b_socket", sent.bytes, "the same, device to hub: on the socket in all"),
            figure("w3b_zstd", zstd(&json)?, "for comparison: the JSON of those records under zstd -3"),
        ])
    }

    /// All that a team does (W3c).
    async fn team(&self, pair: &Pair) -> Result<Vec<Figure>, Failure> {
        let (sent, pulled) = (self.play(pair, &self.workload.w3c).await?, self.session(&pair.office).await?);
        Ok(vec![
            bytes_of("w3c", sent.changesets()?, "a team's work, device to hub: the changeset"),
            bytes_of("w3c_down", pulled.pages()?, "the same, hub to another device: the pages"),
        ])
    }

    /// Makes these changes, each as long after the one before as it is said, and sends them.
    async fn play(&self, pair: &Pair, ops: &[Op]) -> Result<Traffic, Failure> {
        pair.field.write(|conn| {
            let mut last = ops.first().map_or(0, |op| op.at);
            ops.iter().try_for_each(|op| {
                site::pass(conn, op.at - last)?;
                last = op.at;
                op.write(conn)
            })
        })?;
        self.session(&pair.field).await
    }

    async fn session(&self, device: &Device) -> Result<Traffic, Failure> {
        let traffic = device.session().await?;
        self.progress.inc(1);
        Ok(traffic)
    }
}

/// The records that these operations change, as they were before: as JSON they are as long.
fn before<'a>(base: &'a [Visit], ops: &[Op]) -> Vec<&'a Visit> {
    let changed: HashSet<Id<Visit>> = ops.iter().map(Op::id).collect();
    base.iter().filter(|visit| changed.contains(&visit.id)).collect()
}

fn bytes_of(name: &'static str, bytes: usize, meaning: &'static str) -> Figure {
    Figure::new(name, bytes as f64, "bytes", meaning)
}

fn zstd(bytes: &[u8]) -> Result<usize, Failure> {
    Ok(zstd::bulk::compress(bytes, 3)?.len())
}
