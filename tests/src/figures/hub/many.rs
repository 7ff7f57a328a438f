//! Many devices at once.

use super::Hub;
use super::link::{Link, Reply};
use super::load::Load;
use super::process::mebibytes;
use super::site::Site;
use crate::figures::Failure;
use crate::figures::report::Figure;
use std::time::Instant;
use tokio::task::JoinSet;

/// Names of figures by how many devices come at once.
struct Names {
    devices: usize,
    sessions: &'static str,
    slowest: &'static str,
    cost: &'static str,
    team: &'static str,
}

const NAMES: [Names; 4] = [
    Names { devices: 1, sessions: "hub_sessions_1", slowest: "hub_p99_1", cost: "hub_cpu_1", team: "hub_team_1" },
    Names { devices: 10, sessions: "hub_sessions_10", slowest: "hub_p99_10", cost: "hub_cpu_10", team: "hub_team_10" },
    Names {
        devices: 100,
        sessions: "hub_sessions_100",
        slowest: "hub_p99_100",
        cost: "hub_cpu_100",
        team: "hub_team_100",
    },
    Names {
        devices: 1_000,
        sessions: "hub_sessions_1000",
        slowest: "hub_p99_1000",
        cost: "hub_cpu_1000",
        team: "hub_team_1000",
    },
];

/// Names of figures by how many devices come at once with a thousand changes a session.
struct Fields {
    devices: usize,
    changes: &'static str,
    cost: &'static str,
}

const FIELDS: [Fields; 3] = [
    Fields { devices: 1, changes: "hub_fields_1", cost: "hub_fields_cpu_1" },
    Fields { devices: 10, changes: "hub_fields_10", cost: "hub_fields_cpu_10" },
    Fields { devices: 100, changes: "hub_fields_100", cost: "hub_fields_cpu_100" },
];
/// Changes of one field in each such session.
pub(super) const CHANGES: usize = 1_000;

/// Names of figures by how many devices pull at once.
const PULLS: [(usize, &str); 3] = [(1, "hub_pull_1"), (10, "hub_pull_10"), (100, "hub_pull_100")];

impl Hub<'_> {
    /// Sessions, changes and records told a second, and the memory that the hub takes meanwhile.
    pub(super) async fn many(&self) -> Result<Vec<Figure>, Failure> {
        let mut figures = Vec::new();
        let parts = ["hub_memory", "hub_sessions", "hub_p99", "hub_cpu", "hub_team", "hub_fields", "hub_pull"];
        if !parts.into_iter().any(|part| self.wants(part)) {
            return Ok(figures);
        }
        let mut site = Site::start(self.program, &self.dir.join("many.db"))?;
        site.fill(self.workload.base.len()).await?;
        peak(&site, "hub_memory_upload", "while 10,000 records a session come", &mut figures);
        let wanted = |names: &&Names| [names.sessions, names.slowest, names.cost].iter().any(|name| self.wants(name));
        for names in NAMES.iter().filter(wanted) {
            figures.extend(self.sessions(&mut site, names).await?);
        }
        for names in NAMES.iter().filter(|names| self.wants(names.team)) {
            figures.push(self.team(&mut site, names).await?);
        }
        peak(&site, "hub_memory_sessions", "while up to 1,000 devices come", &mut figures);
        for names in FIELDS.iter().filter(|names| self.wants(names.changes) || self.wants(names.cost)) {
            figures.extend(self.fields(&mut site, names).await?);
        }
        peak(&site, "hub_memory_fields", "while up to 100 devices come with 1,000 changes each", &mut figures);
        for (devices, name) in PULLS.into_iter().filter(|(_, name)| self.wants(name)) {
            figures.push(pulled(&site, devices, name).await?);
        }
        peak(&site, "hub_memory_pull", "while up to 100 devices pull all of it", &mut figures);
        Ok(figures)
    }

    /// Sessions of one change each.
    async fn sessions(&self, site: &mut Site, names: &Names) -> Result<Vec<Figure>, Failure> {
        let load = self.load(site, (names.devices, self.each(names), 1), false).await?;
        let cost =
            load.cost.map(|cost| Figure::new(names.cost, cost, "µs", "of those, the hub's processor time for each"));
        let told = [
            Figure::new(
                names.sessions,
                load.rate(),
                "sessions/s",
                "one change each; each has heard of all that is answered",
            ),
            Figure::new(names.slowest, load.percentile(99), "ms", "of those, the slowest of a hundred"),
        ];
        Ok(told.into_iter().chain(cost).collect())
    }

    /// The same by devices that hear of each other.
    async fn team(&self, site: &mut Site, names: &Names) -> Result<Figure, Failure> {
        let load = self.load(site, (names.devices, self.each(names), 1), true).await?;
        Ok(Figure::new(names.team, load.rate(), "sessions/s", "one change each; each is told what all others did"))
    }

    fn each(&self, names: &Names) -> usize {
        (self.sessions / names.devices).clamp(1, self.sessions.div_ceil(4))
    }

    /// Sessions of a thousand changes each.
    async fn fields(&self, site: &mut Site, names: &Fields) -> Result<Vec<Figure>, Failure> {
        let (each, changes) = ((self.sessions / 40 / names.devices).max(1), CHANGES.min(self.workload.base.len()));
        let load = self.load(site, (names.devices, each, changes), false).await?;
        let rate = load.rate() * changes as f64;
        let cost = load.cost.map(|cost| cost / changes as f64);
        let cost = cost.map(|cost| Figure::new(names.cost, cost, "µs", "of those, the hub's processor time for each"));
        let told = Figure::new(names.changes, rate, "changes/s", "one field each, 1,000 a session");
        Ok(std::iter::once(told).chain(cost).collect())
    }

    async fn load(
        &self,
        site: &mut Site,
        (devices, each, changes): (usize, usize, usize),
        all: bool,
    ) -> Result<Load, Failure> {
        let (devices, before) = (site.devices(devices, each, changes)?, site.hub.cpu());
        let load = site.come(devices, all).await?;
        let cpu = site.hub.cpu().zip(before).map(|(after, before)| after - before);
        Ok(Load { cost: cpu.map(|seconds| seconds * 1e6 / load.sessions.len() as f64), ..load })
    }
}

fn peak(site: &Site, name: &'static str, meaning: &'static str, figures: &mut Vec<Figure>) {
    figures.extend(site.hub.peak().map(|peak| Figure::new(name, mebibytes(peak), "MiB", meaning)));
}

/// So many devices pull all that there is, at once.
async fn pulled(site: &Site, devices: usize, name: &'static str) -> Result<Figure, Failure> {
    let (requests, told) = site.pulls(windrow_protocol::clock::Point::START).await?;
    let pages = requests.len();
    // As many pages in all, or all of them by one.
    let each = (4 * pages / devices).clamp(1, pages);
    let (since, mut tasks) = (Instant::now(), JoinSet::new());
    for device in 0..devices {
        let mut link = Link::connect(site.hub.addr).await?;
        let mine: Vec<Vec<u8>> = requests.iter().cycle().skip(device * each).take(each).cloned().collect();
        tasks.spawn(async move { pull(&mut link, mine).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let told = (told * devices * each) as f64 / pages as f64;
    Ok(Figure::new(name, told / since.elapsed().as_secs_f64(), "records/s", "all records, to new devices at once"))
}

async fn pull(link: &mut Link, requests: Vec<Vec<u8>>) -> Result<(), Failure> {
    for request in requests {
        while let Reply::Busy(_) = link.ask(&request).await? {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
