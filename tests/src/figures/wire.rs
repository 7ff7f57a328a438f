//! How many bytes travel: two devices, a hub, and the bytes on the sockets between them.

use super::Failure;
use super::report::{Figure, Promise};
use super::rows::Rows;
use super::site::{self, Device, Site};
use super::table::{self, Edit};
use super::traffic::Traffic;
use super::visit::{Visit, json};
use indicatif::ProgressBar;
use std::path::Path;

/// The time between two changes of a day's work, in milliseconds: a thousand take half a day.
const BETWEEN: std::ops::Range<usize> = 2_000..90_000;

/// Measures what sessions send and receive.
#[derive(Debug)]
pub struct Wire<'a> {
    /// How many records the hub holds.
    pub rows: usize,
    /// How many of them are changed for one session.
    pub changes: usize,
    /// Where the files are for so long.
    pub dir: &'a Path,
    /// Moves by [`Wire::STEPS`].
    pub progress: ProgressBar,
}

impl Wire<'_> {
    /// Steps of the measurement: sessions, and the loading before them.
    pub const STEPS: u64 = 8;

    /// Measures. To be called within a tokio runtime of several threads.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub async fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let site = Site::start(self.dir).await?;
        let (office, field) = (site.device("office.db").await?, site.device("field.db").await?);
        let mut rows = Rows::new(2);
        let mut visits: Vec<Visit> = rows.by_ref().take(self.rows).collect();
        let mut figures = self.first(&office, &field, &visits).await?;
        figures.push(self.quiet(&field).await?);
        figures.extend(self.single(&field, &mut rows, &mut visits).await?);
        figures.extend(self.many(&office, &field, &mut rows, &mut visits).await?);
        Ok(figures)
    }

    /// All records go to the hub, and from there to a device that has none.
    async fn first(&self, office: &Device, field: &Device, visits: &[Visit]) -> Result<Vec<Figure>, Failure> {
        office.write(|conn| visits.iter().try_for_each(|v| table::insert(conn, v)))?;
        self.progress.inc(1);
        let (pushed, pulled) = (self.session(office).await?, self.session(field).await?);
        if field.count()? != visits.len() as u64 {
            return Err("not all records arrived".into());
        }
        let json = json(visits)?;
        let figure = |name, bytes, meaning| bytes_of(name, bytes, meaning).ratio(bytes as f64 / json.len() as f64);
        Ok(vec![
            figure("wire.all.changeset", pushed.changeset()?, "all records, new: the changeset"),
            figure("wire.all.pages", pulled.pages()?, "all records, to a device that has none: the pages"),
            figure("wire.all.socket", pulled.bytes, "the same: on the socket in all"),
            figure("wire.all.zstd", zstd(&json)?, "for comparison: their JSON under zstd -3"),
        ])
    }

    /// Nothing was written anywhere since the last session.
    async fn quiet(&self, field: &Device) -> Result<Figure, Failure> {
        let quiet = self.session(field).await?;
        let meaning = "nothing new either way: on the socket in all, headers included";
        Ok(bytes_of("wire.nothing", quiet.bytes, meaning).promise(Promise::Value(300.0)))
    }

    /// One field of one record: a text, then a sum.
    async fn single(&self, field: &Device, rows: &mut Rows, visits: &mut [Visit]) -> Result<Vec<Figure>, Failure> {
        let [first, second, ..] = visits else { return Err("too few rows".into()) };
        let (status, bags) = (rows.edit_status(first), rows.edit_bags(second));
        let (first, second) = (json([&*first])?.len(), json([&*second])?.len());
        field.write(|conn| status.write(conn))?;
        let status = self.session(field).await?;
        field.write(|conn| bags.write(conn))?;
        let bags = self.session(field).await?;
        let ((prepare, prepared), (commit, committed)) = (status.bodies("prepare")?, status.bodies("commit")?);
        let changeset = |name, session: &Traffic, json: usize, meaning| {
            let bytes = session.changeset()?;
            let figure = bytes_of(name, bytes, meaning).ratio(bytes as f64 / json as f64);
            Ok::<_, Failure>(figure.promise(Promise::Value(90.0)))
        };
        Ok(vec![
            changeset("wire.status.changeset", &status, first, "one text field of one record: the changeset")?,
            bytes_of("wire.status.prepare", prepare, "the same: body of PREPARE"),
            bytes_of("wire.status.prepared", prepared, "body of its answer"),
            bytes_of("wire.status.commit", commit, "body of COMMIT"),
            bytes_of("wire.status.committed", committed, "body of its answer, with the first page"),
            bytes_of("wire.status.socket", status.bytes, "on the socket in all, headers included"),
            changeset("wire.bags.changeset", &bags, second, "one sum field of one record: the changeset")?,
        ])
    }

    /// A day's work: one field of each of many records, and what another device then pulls.
    async fn many(
        &self,
        office: &Device,
        field: &Device,
        rows: &mut Rows,
        visits: &mut [Visit],
    ) -> Result<Vec<Figure>, Failure> {
        let mut changed = rows.choose(visits, self.changes);
        let edit = |visit: &mut &mut Visit| (BETWEEN.start + rows.below(BETWEEN.len()), rows.edit(visit));
        let work: Vec<_> = changed.iter_mut().map(edit).collect();
        field.write(|conn| days_work(conn, &work))?;
        let (sent, pulled) = (self.session(field).await?, self.session(office).await?);
        let json = json(changed.iter().map(|visit| &**visit))?;
        let figure = |name, bytes, meaning| bytes_of(name, bytes, meaning).ratio(bytes as f64 / json.len() as f64);
        Ok(vec![
            figure("wire.thousand.changeset", sent.changeset()?, "one field of each of 1,000 records: the changeset")
                .promise(Promise::Ratio(0.05)),
            figure("wire.thousand.socket", sent.bytes, "the same: on the socket in all"),
            figure("wire.thousand.page", pulled.pages()?, "what another device pulls of it"),
            figure("wire.thousand.zstd", zstd(&json)?, "for comparison: the JSON of those records under zstd -3"),
        ])
    }

    async fn session(&self, device: &Device) -> Result<Traffic, Failure> {
        let traffic = device.session().await?;
        self.progress.inc(1);
        Ok(traffic)
    }
}

/// Makes changes, each some milliseconds after the one before.
fn days_work(conn: &windrow::rusqlite::Connection, work: &[(usize, Edit)]) -> Result<(), Failure> {
    work.iter().try_for_each(|(after, edit)| {
        site::pass(conn, *after as i64)?;
        edit.write(conn)
    })
}

fn bytes_of(name: &'static str, bytes: usize, meaning: &'static str) -> Figure {
    Figure::new(name, bytes as f64, "bytes", meaning)
}

fn zstd(bytes: &[u8]) -> Result<usize, Failure> {
    Ok(zstd::bulk::compress(bytes, 3)?.len())
}
