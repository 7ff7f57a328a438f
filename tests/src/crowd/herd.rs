//! A herd: ten thousand devices come back within one second, each with a day's work on the same records.

use super::files;
use super::light::{Broken, Known, Light};
use crate::figures::Failure;
use crate::figures::hub::process::mebibytes;
use crate::figures::hub::site::Site;
use fastrand::Rng;
use indicatif::ProgressBar;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Who comes.
#[derive(Debug, Clone)]
pub struct Herd {
    /// Devices.
    pub devices: usize,
    /// Changes of each: 1 more in the sum of so many records.
    pub changes: usize,
    /// Records that there are, for all of them.
    pub records: usize,
    /// Moves twice by each device.
    pub progress: ProgressBar,
}

/// What came of it.
#[derive(Debug)]
pub struct Seen {
    /// Until each device's changes were at the hub, and its session had ended.
    pub sent: Duration,
    /// Until each device showed what all others have done.
    pub equal: Duration,
    /// How often a device was told that the hub is busy.
    pub busy: u64,
    /// How often a connection did not come about, or broke.
    pub broken: u64,
    /// The most memory that the hub had, in MiB; none where the system does not tell.
    pub memory: Option<f64>,
}

/// How often devices had to try again.
#[derive(Debug, Default)]
struct Tries {
    busy: AtomicU64,
    broken: AtomicU64,
}

/// The bound of the first wait after a failure, and that of the last: as devices have them.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

impl Herd {
    /// Lets them come. `program` is the one that plays the hub.
    ///
    /// # Errors
    /// A change that is lost or counts twice; whatever else goes wrong on the way.
    pub async fn run(&self, program: &Path, dir: &Path) -> Result<Seen, Failure> {
        let mut site = Site::start(program, &dir.join("hub.db"))?;
        site.fill(self.records).await?;
        let (known, before, head) = Known::learn(site.hub.addr, crate::figures::visit::schema()?).await?;
        let (mut devices, mut expected, mut rng) = (Vec::new(), before.clone(), Rng::with_seed(1));
        for number in 0..self.devices {
            let mut device = Light::new(&known, number as u64 + 1, (head, before.clone()));
            let records = rng.choose_multiple(0..known.ids.len(), self.changes);
            device.adds(&records)?;
            records.iter().for_each(|at| expected[*at] += 1);
            devices.push(device);
        }
        site.hub.peak();
        let (tries, since) = (Arc::new(Tries::default()), Instant::now());
        let devices = self.come(devices, &tries).await?;
        let sent = since.elapsed();
        let devices = self.come(devices, &tries).await?;
        let equal = since.elapsed();
        let differ = devices.iter().filter(|device| device.bags != expected).count();
        if differ > 0 {
            return Err(format!("{differ} of {} devices show other sums than were added", devices.len()).into());
        }
        let (busy, broken) = (tries.busy.load(Ordering::Relaxed), tries.broken.load(Ordering::Relaxed));
        Ok(Seen { sent, equal, busy, broken, memory: site.hub.peak().map(mebibytes) })
    }

    /// All of them, at some moment of the same second, until each is in sync.
    async fn come(&self, devices: Vec<Light>, tries: &Arc<Tries>) -> Result<Vec<Light>, Failure> {
        let (sockets, mut tasks, mut home) = (Arc::new(Semaphore::new(files::most())), JoinSet::new(), Vec::new());
        for mut device in devices {
            let (tries, sockets) = (tries.clone(), sockets.clone());
            tasks.spawn(async move {
                tokio::time::sleep(Duration::from_secs(1).mul_f64(fastrand::f64())).await;
                in_sync(&mut device, &tries, &sockets).await.map(|()| device)
            });
        }
        while let Some(ended) = tasks.join_next().await {
            home.push(ended??);
            self.progress.inc(1);
        }
        Ok(home)
    }
}

/// Session after session until one ends well; after each that did not, it waits as the product's worker does.
async fn in_sync(device: &mut Light, tries: &Tries, sockets: &Semaphore) -> Result<(), Failure> {
    let mut bound = WAITS.0;
    loop {
        let socket = sockets.acquire().await?;
        let ended = device.session().await;
        drop(socket);
        let wait = match ended {
            Ok(()) => return Ok(()),
            Err(Broken::Busy(after)) => {
                tries.busy.fetch_add(1, Ordering::Relaxed);
                after + after.min(Duration::from_secs(10)).mul_f64(fastrand::f64())
            }
            Err(Broken::Link) => {
                tries.broken.fetch_add(1, Ordering::Relaxed);
                bound = (bound * 2).min(WAITS.1);
                bound.mul_f64(fastrand::f64() / 2.0)
            }
            Err(Broken::Wrong(failure)) => return Err(failure),
        };
        tokio::time::sleep(wait).await;
    }
}
