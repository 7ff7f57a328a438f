//! Honest devices beside a crowd that keeps the hub waiting.

use super::Crowd;
use super::honest::{Took, session};
use crate::figures::Failure;
use crate::figures::hub::device::Device;
use crate::figures::hub::link;
use crate::figures::hub::process::mebibytes;
use crate::figures::hub::site::Site;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;
use windrow_protocol::clock::Point;
use windrow_protocol::message::to_bytes;

/// Who comes.
#[derive(Debug, Clone, Copy)]
pub struct Slow {
    /// Connections that keep the hub waiting.
    pub slow: usize,
    /// Devices that sync.
    pub devices: usize,
    /// Sessions of each of these, about one a second.
    pub sessions: usize,
    /// Records that the hub holds.
    pub records: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Seen {
    /// Slow connections that there were at once.
    pub slow: usize,
    /// How often these were cut off.
    pub cut: u64,
    /// Of each honest session, how long it took, ascending.
    pub took: Vec<Duration>,
    /// How often honest sessions had to try again.
    pub retries: u32,
    /// The most memory that the hub had, in MiB; none where the system does not tell.
    pub memory: Option<f64>,
}

impl Seen {
    /// Of a hundred honest sessions the one that took so long.
    pub fn percentile(&self, of_hundred: usize) -> Duration {
        let at = (self.took.len() * of_hundred / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).copied().unwrap_or_default()
    }
}

impl Slow {
    /// Lets them come. `program` is the one that plays the hub and the crowd.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub async fn run(&self, program: &Path, dir: &Path) -> Result<Seen, Failure> {
        let mut site = Site::start(program, &dir.join("hub.db"))?;
        site.fill(self.records).await?;
        site.hub.peak();
        let crowd = self.crowd(program, &site)?;
        // They are all there before the first device comes.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let took = self.honest(&mut site).await?;
        let memory = site.hub.peak().map(mebibytes);
        let (slow, cut) = told(&crowd.ends()?)?;
        let retries = took.iter().map(|took| took.retries).sum();
        let mut took: Vec<_> = took.into_iter().map(|took| took.time).collect();
        took.sort_unstable();
        Ok(Seen { slow, cut, took, retries, memory })
    }

    fn crowd(&self, program: &Path, site: &Site) -> Result<Crowd, Failure> {
        let pull = Device::new(u64::MAX >> 2).pull(&site.schema, Point::START);
        let pull = link::request("pull", &to_bytes(&pull)?);
        let hex: String = pull.iter().map(|byte| format!("{byte:02x}")).collect();
        let args = ["--crowd", &self.slow.to_string(), "--at", &site.hub.addr.to_string(), "--pull", &hex];
        Crowd::start(program, &args.map(str::to_owned))
    }

    async fn honest(&self, site: &mut Site) -> Result<Vec<Took>, Failure> {
        let (devices, hub, seen) = (site.devices(self.devices, self.sessions, 1)?, site.hub.addr, site.head);
        let mut tasks = JoinSet::new();
        for sessions in devices {
            tasks.spawn(async move {
                let mut all = Vec::new();
                for made in sessions {
                    tokio::time::sleep(Duration::from_secs(1).mul_f64(0.5 + fastrand::f64())).await;
                    all.push(session(hub, &made, seen).await?);
                }
                Ok::<_, Failure>(all)
            });
        }
        let mut all = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            all.extend(ended??);
        }
        Ok(all)
    }
}

fn told(said: &str) -> Result<(usize, u64), Failure> {
    let (slow, cut) = said.trim().split_once(' ').ok_or("the crowd said nothing at its end")?;
    Ok((slow.parse()?, cut.parse()?))
}

/// Bytes in hexadecimal digits.
///
/// # Errors
/// Other text.
pub fn bytes(hex: &str) -> Result<Vec<u8>, Failure> {
    let pair = |at| hex.get(at..at + 2).ok_or("half a byte").map_err(Failure::from);
    (0..hex.len()).step_by(2).map(|at| Ok(u8::from_str_radix(pair(at)?, 16)?)).collect()
}
