//! What a commit of a hundred changes costs, and a pull of them, beside more and more records and devices.

use super::Hub;
use super::link::Link;
use super::plot::{Line, Plot};
use super::site::Site;
use crate::figures::Failure;
use crate::figures::report::Figure;
use crate::figures::rounds::{median, sorted};
use std::time::Instant;

/// Changes of each commit.
const CHANGES: usize = 100;
/// Commits and pulls that are measured at each size.
const ROUNDS: usize = 15;

/// Names of figures by records: of the pull, of the commit.
const RECORDS: [(usize, &str, &str); 4] = [
    (10_000, "hub_growth_pull_1e4", "hub_growth_commit_1e4"),
    (100_000, "hub_growth_pull_1e5", "hub_growth_commit_1e5"),
    (1_000_000, "hub_growth_pull_1e6", "hub_growth_commit_1e6"),
    (10_000_000, "hub_growth_pull_1e7", "hub_growth_commit_1e7"),
];

/// The same by devices.
const DEVICES: [(usize, &str, &str); 4] = [
    (2, "hub_growth_pull_2_devices", "hub_growth_commit_2_devices"),
    (10, "hub_growth_pull_10_devices", "hub_growth_commit_10_devices"),
    (100, "hub_growth_pull_100_devices", "hub_growth_commit_100_devices"),
    (1_000, "hub_growth_pull_1000_devices", "hub_growth_commit_1000_devices"),
];

/// How many there are beside, and milliseconds of a pull and of a commit then.
type Cost = (f64, f64, f64);

impl Hub<'_> {
    /// The costs beside records, then beside devices.
    pub(super) async fn growth(&self) -> Result<Vec<Figure>, Failure> {
        if !self.wants("hub_growth") {
            return Ok(Vec::new());
        }
        let mut figures = self.beside_records().await?;
        figures.extend(self.beside_devices().await?);
        Ok(figures)
    }

    async fn beside_records(&self) -> Result<Vec<Figure>, Failure> {
        let (mut figures, mut costs) = (Vec::new(), Vec::new());
        let mut site = Site::start(self.program, &self.dir.join("records.db"))?;
        for (records, pull, commit) in RECORDS.into_iter().filter(|(records, ..)| *records <= self.most) {
            site.fill(records).await?;
            costs.push(cost(&mut site, records as f64).await?);
            figures.extend(noted(&costs, pull, commit));
        }
        self.plot("hub-records.svg", "records at the hub", &costs)?;
        Ok(figures)
    }

    async fn beside_devices(&self) -> Result<Vec<Figure>, Failure> {
        let (mut figures, mut costs) = (Vec::new(), Vec::new());
        let mut site = Site::start(self.program, &self.dir.join("devices.db"))?;
        site.fill(RECORDS[0].0.min(self.most)).await?;
        for (devices, pull, commit) in DEVICES {
            // The last of them is the one that is measured.
            let others = site.devices(devices - 1 - site.known(), 1, 1)?;
            site.come(others, false).await?;
            costs.push(cost(&mut site, devices as f64).await?);
            figures.extend(noted(&costs, pull, commit));
        }
        self.plot("hub-devices.svg", "devices that the hub knows", &costs)?;
        Ok(figures)
    }

    fn plot(&self, name: &str, beside: &str, costs: &[Cost]) -> Result<(), Failure> {
        let Some(folder) = self.plots else { return Ok(()) };
        let line = |what: &str, of: fn(&Cost) -> f64| Line {
            name: what.to_owned(),
            points: costs.iter().map(|cost| (cost.0, of(cost))).collect(),
        };
        let lines = vec![line("commit of 100 changes", |c| c.2), line("pull of 100 changes", |c| c.1)];
        let plot = Plot { beside: beside.to_owned(), unit: "ms".to_owned(), lines };
        Ok(std::fs::write(folder.join(name), plot.svg())?)
    }
}

/// The medians of commits by one device, each followed by a pull of what it did by another.
async fn cost(site: &mut Site, beside: f64) -> Result<Cost, Failure> {
    let device = site.devices(1, ROUNDS, CHANGES)?.pop().unwrap_or_default();
    let mut link = Link::connect(site.hub.addr).await?;
    let (mut commits, mut pulls) = (Vec::new(), Vec::new());
    for made in device {
        let before = site.head;
        commits.push(site.come(vec![vec![made]], false).await?.percentile(50));
        let (requests, told) = site.pulls(before).await?;
        if told != CHANGES || requests.len() != 1 {
            return Err(format!("{CHANGES} changes were told as {told}").into());
        }
        let start = Instant::now();
        link.ask(&requests[0]).await?;
        pulls.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok((beside, median(&sorted(pulls.into_iter())), median(&sorted(commits.into_iter()))))
}

fn noted(costs: &[Cost], pull: &'static str, commit: &'static str) -> Vec<Figure> {
    let Some((_, pulled, committed)) = costs.last().copied() else { return Vec::new() };
    vec![
        Figure::new(pull, pulled, "ms", "a pull of 100 changes beside so many"),
        Figure::new(commit, committed, "ms", "PREPARE and COMMIT of 100 changes beside so many"),
    ]
}
