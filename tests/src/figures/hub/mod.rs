//! The hub: how many sessions and changes a second it merges, what it answers, how that grows, and what memory it takes.
//!
//! The hub is a server in a process of its own, on a file on disk with `synchronous=FULL`, over loopback. Devices are as the
//! protocol has them, without files: their changesets are made before time runs. Only `first` has whole devices.

pub(crate) mod device;
mod first;
mod growth;
mod kept;
pub(crate) mod link;
mod load;
mod many;
mod memory;
mod merge;
mod plain;
mod plot;
pub(crate) mod process;
pub(crate) mod site;

pub use process::{Part, Played};

use super::Failure;
use super::report::Figure;
use super::rounds::{median, sorted};
use super::workload::Workload;
use indicatif::ProgressBar;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Measures a hub.
#[derive(Debug)]
pub struct Hub<'a> {
    /// The beginning of the names of those figures that are wanted.
    pub name: &'a str,
    /// What whole devices send and hear.
    pub workload: &'a Workload,
    /// The program `figures`, by which hubs are started.
    pub program: &'a Path,
    /// Where the files are for so long: on a disk, or its syncs cost nothing.
    pub dir: &'a Path,
    /// How many sessions are done by so many devices.
    pub sessions: usize,
    /// Up to how many records the growth is measured, and of how many a device's memory.
    pub most: usize,
    /// Where plots of the growth go, if they are wanted.
    pub plots: Option<&'a Path>,
    /// Moves by [`Hub::STEPS`].
    pub progress: ProgressBar,
}

impl Hub<'_> {
    /// Parts of the measurement.
    pub const STEPS: u64 = 6;

    /// Measures what is wanted.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub async fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let mut figures = Vec::new();
        if self.wants("hub_fsync") {
            figures.push(self.fsync()?);
        }
        if self.wants("hub_fields_plain") {
            figures.push(self.plain()?);
        }
        self.progress.inc(1);
        if ["hub_first", "hub_upload", "hub_kept", "hub_least"].iter().any(|name| self.wants(name)) {
            figures.extend(self.first().await?);
        }
        self.progress.inc(1);
        figures.extend(self.merge().await?);
        self.progress.inc(1);
        figures.extend(self.many().await?);
        self.progress.inc(1);
        figures.extend(self.growth().await?);
        self.progress.inc(1);
        figures.extend(self.memory().await?);
        self.progress.inc(1);
        figures.retain(|figure| figure.figure.starts_with(self.name));
        Ok(figures)
    }

    /// Whether a figure whose name begins so is wanted.
    fn wants(&self, name: &str) -> bool {
        name.starts_with(self.name) || self.name.starts_with(name)
    }

    /// What the disk takes to have a page safe: no commit is answered before.
    fn fsync(&self) -> Result<Figure, Failure> {
        let mut file = File::create(self.dir.join("fsync"))?;
        let mut one = || -> Result<f64, Failure> {
            let start = Instant::now();
            file.write_all(&[1; 4096])?;
            file.sync_data()?;
            Ok(start.elapsed().as_secs_f64() * 1e6)
        };
        let times = (0..100).map(|_| one()).collect::<Result<Vec<_>, _>>()?;
        let meaning = "for comparison: a page written and synced to the disk that the hub is on";
        Ok(Figure::new("hub_fsync", median(&sorted(times.into_iter())), "µs", meaning))
    }
}
