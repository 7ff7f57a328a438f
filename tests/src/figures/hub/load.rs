//! Devices that come to the hub at once, each with a connection of its own, one session after the other.

use super::device::Made;
use super::link::{Link, Reply};
use crate::figures::Failure;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use windrow_protocol::clock::Point;
use windrow_protocol::message::Answer;

/// After how long a device that was told that the hub is busy asks again, at first.
const AGAIN: Duration = Duration::from_millis(20);

/// From where a device asks for what is new when it commits.
#[derive(Debug, Clone)]
pub(crate) enum Hears {
    /// From its own last commit: it is told what all others have done since.
    All(Point),
    /// From the last commit that anybody has an answer to, as if it had pulled a moment ago: it is told what is under way.
    Latest(Arc<Mutex<Point>>),
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Of each session, how long it took, ascending.
    pub(crate) sessions: Vec<Duration>,
    /// The microseconds of the hub's processor time for each; none where the system does not tell.
    pub(crate) cost: Option<f64>,
    /// The last commit.
    pub(crate) last: Option<Point>,
}

impl Hears {
    /// Devices that have heard of everything up to here, and then of everything.
    pub(crate) fn latest(point: Point) -> Hears {
        Hears::Latest(Arc::new(Mutex::new(point)))
    }

    fn from(&self) -> Point {
        match self {
            Hears::All(point) => *point,
            Hears::Latest(point) => *point.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn committed(&mut self, at: Point) {
        match self {
            Hears::All(point) => *point = at,
            Hears::Latest(point) => {
                let mut point = point.lock().unwrap_or_else(PoisonError::into_inner);
                *point = (*point).max(at);
            }
        }
    }
}

impl Load {
    /// Sessions a second.
    pub(crate) fn rate(&self) -> f64 {
        self.sessions.len() as f64 / self.took.as_secs_f64()
    }

    /// Of a hundred sessions the one that took so long, in milliseconds.
    pub(crate) fn percentile(&self, of_hundred: usize) -> f64 {
        let at = (self.sessions.len() * of_hundred / 100).min(self.sessions.len().saturating_sub(1));
        self.sessions.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }

    fn add(&mut self, other: Load) {
        self.sessions.extend(other.sessions);
        self.last = self.last.max(other.last);
    }
}

/// Lets all devices come at once with the sessions that each has made. They are connected before time runs.
pub(crate) async fn come(addr: SocketAddr, devices: Vec<Vec<Made>>, hears: Hears) -> Result<Load, Failure> {
    let start = Arc::new(Barrier::new(devices.len() + 1));
    let mut tasks = JoinSet::new();
    for sessions in devices {
        let (mut link, start, hears) = (Link::connect(addr).await?, start.clone(), hears.clone());
        tasks.spawn(async move {
            start.wait().await;
            one(&mut link, sessions, hears).await
        });
    }
    start.wait().await;
    let (since, mut load) = (Instant::now(), Load::default());
    while let Some(ended) = tasks.join_next().await {
        load.add(ended??);
    }
    load.took = since.elapsed();
    load.sessions.sort_unstable();
    Ok(load)
}

/// One device's sessions.
async fn one(link: &mut Link, sessions: Vec<Made>, mut hears: Hears) -> Result<Load, Failure> {
    let mut load = Load::default();
    for made in sessions {
        let since = Instant::now();
        match ask(link, &made.prepare).await? {
            Answer::Prepared => {}
            other => return Err(format!("PREPARE was answered {other:?}").into()),
        }
        match ask(link, &made.commit(hears.from())?).await? {
            Answer::Committed { at: Some(at), .. } => {
                hears.committed(at);
                load.last = load.last.max(Some(at));
            }
            other => return Err(format!("COMMIT was answered {other:?}").into()),
        }
        load.sessions.push(since.elapsed());
    }
    Ok(load)
}

/// Asks until the hub has time, each time twice as long after the last.
async fn ask(link: &mut Link, request: &[u8]) -> Result<Answer, Failure> {
    let mut again = AGAIN;
    loop {
        match link.ask(request).await? {
            Reply::Answer(answer) => return Ok(answer),
            Reply::Busy(_) => {
                tokio::time::sleep(again.mul_f64(0.5 + fastrand::f64())).await;
                again = (again * 2).min(AGAIN * 32);
            }
        }
    }
}
