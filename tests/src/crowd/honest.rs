//! Devices that do what they should, again and again, over a new connection each time.

use crate::figures::Failure;
use crate::figures::hub::device::Made;
use crate::figures::hub::link::{Link, Reply};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use windrow_protocol::clock::Point;
use windrow_protocol::message::Answer;

/// After how long it tries again.
const AGAIN: Duration = Duration::from_millis(100);

/// How long a session took, and how often it had to try again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    pub(super) time: Duration,
    pub(super) retries: u32,
}

/// One session, however often it takes.
pub(super) async fn session(hub: SocketAddr, made: &Made, seen: Point) -> Result<Took, Failure> {
    let (since, mut retries) = (Instant::now(), 0);
    let commit = made.commit(seen)?;
    while once(hub, made, &commit).await.is_err() {
        retries += 1;
        if since.elapsed() > Duration::from_secs(60) {
            return Err("a session did not end within a minute".into());
        }
        tokio::time::sleep(AGAIN.mul_f64(0.5 + fastrand::f64())).await;
    }
    Ok(Took { time: since.elapsed(), retries })
}

async fn once(hub: SocketAddr, made: &Made, commit: &[u8]) -> Result<(), Failure> {
    let mut link = Link::connect(hub).await?;
    match link.ask(&made.prepare).await? {
        Reply::Answer(Answer::Prepared) => {}
        other => return Err(format!("PREPARE was answered {other:?}").into()),
    }
    match link.ask(commit).await? {
        Reply::Answer(Answer::Committed { .. }) => Ok(()),
        other => Err(format!("COMMIT was answered {other:?}").into()),
    }
}
