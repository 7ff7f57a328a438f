//! What memory a device takes for very much at once, and its hub meanwhile.
//!
//! Each is a process of its own, and what is said is its resident memory above what it has when its file is open: SQLite's
//! cache, compression, the allocator's waste and all.

use super::Hub;
use super::process::{Part, forget_peak, mebibytes, peak, resident};
use super::site::Site;
use crate::figures::report::Figure;
use crate::figures::rows::Rows;
use crate::figures::site::synced;
use crate::figures::visit::{FIGURES, Visit};
use crate::figures::{Failure, table};
use std::path::Path;
use windrow::Store;

impl Hub<'_> {
    /// The memory of a first sync, of an upload, and of the hub meanwhile.
    pub(super) async fn memory(&self) -> Result<Vec<Figure>, Failure> {
        let mut figures = Vec::new();
        if self.wants("memory_first") || self.wants("memory_hub") {
            figures.extend(self.memory_of_first().await?);
        }
        if self.wants("memory_upload") || self.wants("memory_hub") {
            figures.extend(self.memory_of_upload().await?);
        }
        Ok(figures)
    }

    async fn memory_of_first(&self) -> Result<Vec<Figure>, Failure> {
        let mut site = Site::start(self.program, &self.dir.join("memory.db"))?;
        site.fill(self.most).await?;
        let (device, hub) = self.beside(&site, Part::First, &self.dir.join("first-device.db"))?;
        Ok(vec![
            Figure::new("memory_first", mebibytes(device), "MiB", "a device, for a first sync of very many records"),
            Figure::new("memory_hub_first", mebibytes(hub), "MiB", "the hub, above what it had, while it tells them"),
        ])
    }

    async fn memory_of_upload(&self) -> Result<Vec<Figure>, Failure> {
        let file = self.dir.join("upload-device.db");
        let store = Store::open(&file, &FIGURES)?;
        let (mut conn, mut rows) = (store.connection()?, Rows::new(1));
        for _ in 0..self.most / 1_000 {
            let transaction = conn.transaction()?;
            rows.by_ref().take(1_000).try_for_each(|visit| table::insert(&transaction, &visit))?;
            transaction.commit()?;
        }
        drop((conn, store));
        let site = Site::start(self.program, &self.dir.join("memory-upload.db"))?;
        let (device, hub) = self.beside(&site, Part::Upload, &file)?;
        Ok(vec![
            Figure::new("memory_upload", mebibytes(device), "MiB", "a device, to fold and send very many new records"),
            Figure::new("memory_hub_upload", mebibytes(hub), "MiB", "the hub, above what it had, while it merges them"),
        ])
    }

    /// What a device takes that plays this part, and its hub meanwhile, above what that had.
    fn beside(&self, site: &Site, part: Part, file: &Path) -> Result<(u64, u64), Failure> {
        let before = resident(Some(site.hub.id())).ok_or(UNTOLD)?;
        site.hub.peak();
        let device = self.child(part, file, &format!("http://{}", site.hub.addr))?;
        let hub = site.hub.peak().ok_or(UNTOLD)?.saturating_sub(before);
        Ok((device, hub))
    }

    /// The bytes of memory that another process of this program's says that it took.
    fn child(&self, part: Part, file: &Path, hub: &str) -> Result<u64, Failure> {
        let mut command = part.command(self.program, file)?;
        let output = command.arg("--at").arg(hub).stderr(std::process::Stdio::inherit()).output()?;
        let said = String::from_utf8(output.stdout)?;
        Ok(said.trim().parse().map_err(|_| format!("the device of {} failed: {said}", file.display()))?)
    }
}

const UNTOLD: &str = "this system does not tell how much memory a process has";

/// Runs this on a device, and says how many bytes of memory it took.
fn taken(file: &Path, work: impl FnOnce(&Store) -> Result<(), Failure>) -> Result<(), Failure> {
    let store = Store::open(file, &FIGURES)?;
    let before = resident(None).ok_or(UNTOLD)?;
    forget_peak(None);
    work(&store)?;
    println!("{}", peak(None).ok_or(UNTOLD)?.saturating_sub(before));
    Ok(())
}

/// Plays a device's first sync.
pub(super) fn first(file: &Path, hub: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    taken(file, |store| {
        runtime.block_on(synced(store, hub))?;
        if store.count::<Visit>("", [])? > 0 { Ok(()) } else { Err("the hub told nothing".into()) }
    })
}

/// Plays a device that sends what is pending.
pub(super) fn upload(file: &Path, hub: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    taken(file, |store| {
        runtime.block_on(synced(store, hub))?;
        if store.pending()? == 0 { Ok(()) } else { Err("not all was sent".into()) }
    })
}
