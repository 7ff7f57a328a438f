//! Enrolling, and syncing, once or in the background.

use crate::generated::{self, Config};
use std::error::Error;
use windrow::Store;
use windrow::protocol::session::Finish;
use windrow::sync::{Activity, SyncState};

/// The hub knows this device from now on, and who uses it. What waits in its file is sent by the
/// next session.
pub async fn enrol(store: &Store, config: &Config, code: &str) -> Result<(), Box<dyn Error>> {
    let welcome = windrow::enrol(store, &config.hub, code).await?;
    println!("{} may sync, as {}", welcome.user, welcome.role);
    Ok(())
}

/// One session: what is pending goes to the hub, what is new comes from there.
pub async fn once(store: &Store, config: &Config) -> Result<(), Box<dyn Error>> {
    match windrow::sync(store, &config.endpoint(store)?).await? {
        Finish::InSync => println!("in sync"),
        Finish::Unsettled => println!("other writes came in between: sync again"),
        Finish::Waits => println!("the hub would delete most of a table: see `status`"),
    }
    Ok(())
}

/// The worker in the background, seen from outside.
pub async fn watch(store: &Store, config: &Config) -> Result<(), Box<dyn Error>> {
    let mut stop = std::pin::pin!(generated::stop()?);
    let worker = config.start(store)?;
    let mut state = worker.state();
    loop {
        tokio::select! {
            () = &mut stop => break,
            changed = state.changed() => changed?,
        }
        println!("{}", line(&state.borrow_and_update()));
    }
    worker.stop().await;
    Ok(())
}

fn line(state: &SyncState) -> String {
    let pending = state.pending;
    match &state.activity {
        Activity::Syncing(_) => format!("syncing, {pending} writes pending"),
        Activity::Idle => format!("in sync, {pending} writes pending"),
        Activity::Waiting { error, .. } => format!("offline, {pending} writes pending: {error}"),
        Activity::Blocked { error } => format!("somebody has to act: {error}"),
        Activity::Offline => format!("no network, {pending} writes pending"),
        Activity::Saving => format!("today's budget is spent, {pending} writes pending"),
        Activity::Stopped => "stopped".to_owned(),
    }
}
