//! `device watch`: the worker beside an application, seen from outside.

use super::{Stop, device};
use crate::fault::Fault;
use crate::said::Said;
use serde_json::json;
use std::path::Path;
use windrow::sync::{Activity, Reason, SyncState};
use windrow::{Endpoint, SyncWorker};

/// What came of the sessions so far.
#[derive(Debug, Default)]
struct Seen {
    sessions: u64,
    failures: u64,
    error: Option<String>,
}

/// Runs until it is stopped, which is no failure.
pub(super) async fn run(db: &Path, hub: &str, json: bool) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let endpoint = Endpoint::for_device(hub, &store)?;
    let mut stop = Stop::catch()?;
    let worker = SyncWorker::start(&store, endpoint);
    let (mut state, mut seen) = (worker.state(), Seen::default());
    loop {
        tokio::select! {
            () = stop.wait() => break,
            changed = state.changed() => if changed.is_err() { break },
        }
        let now = state.borrow_and_update().clone();
        seen.note(&now);
        show(&now, json);
    }
    worker.stop().await;
    let last = store.status()?;
    let document = json!({
        "sessions": seen.sessions,
        "failures": seen.failures,
        "pending": last.pending_entries,
        "last_contact": last.last_contact,
        "error": seen.error,
    });
    Ok(Said::new(format!("stopped: {} log entries pending", last.pending_entries), document))
}

impl Seen {
    fn note(&mut self, state: &SyncState) {
        match &state.activity {
            Activity::Idle => (self.sessions, self.error) = (self.sessions + 1, None),
            Activity::Waiting { error, .. } | Activity::Blocked { error } => {
                (self.failures, self.error) = (self.failures + 1, Some(error.clone()));
            }
            Activity::Syncing(_) | Activity::Offline | Activity::Saving | Activity::Stopped => {}
        }
    }
}

/// Standard output belongs to the document where one is wanted.
fn show(state: &SyncState, json: bool) {
    let line = line(state);
    if json { anstream::eprintln!("{line}") } else { anstream::println!("{line}") }
}

fn line(state: &SyncState) -> String {
    let next = state.next.map_or_else(String::new, |(at, why)| format!("; next at {at}, {}", reason(why)));
    match &state.activity {
        Activity::Syncing(why) => format!("syncing, {}; {} log entries pending", reason(*why), state.pending),
        Activity::Idle => format!("in sync; {} log entries pending{next}", state.pending),
        Activity::Waiting { error, failures } => format!("waiting after {failures} failures: {error}{next}"),
        Activity::Blocked { error } => format!("blocked: {error}{next}"),
        Activity::Offline => format!("no network; {} log entries pending", state.pending),
        Activity::Saving => format!("today's budget is spent; {} log entries pending{next}", state.pending),
        Activity::Stopped => "stopped".to_owned(),
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Start => "to begin with",
        Reason::Write => "because something was written",
        Reason::Asked => "because it was asked for",
        Reason::Interval => "because it is time again",
        Reason::Retry => "because the last session failed",
        Reason::Reachable => "because the hub answers again",
        Reason::Network => "because there is a network",
        Reason::Day => "because a new day begins",
        Reason::News => "because the hub has news",
    }
}
