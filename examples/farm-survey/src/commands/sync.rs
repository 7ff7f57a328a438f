//! `device sync`: one session.

use super::device;
use crate::fault::Fault;
use crate::said::Said;
use serde_json::json;
use std::path::Path;
use windrow::Endpoint;
use windrow::protocol::session::Finish;

/// Not in sync, or something refused: said in full, with the exit status 1.
pub(super) async fn run(db: &Path, hub: &str) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let before = store.status()?;
    let finish = windrow::sync(&store, &Endpoint::for_device(hub, &store)?).await?;
    let after = store.status()?;
    let in_sync = finish == Finish::InSync;
    let refused = after.refused.saturating_sub(before.refused);
    let json = json!({
        "in_sync": in_sync,
        "sent": before.pending_entries,
        "refused": refused,
        "pending": after.pending_entries,
        "conflicts": after.conflicts,
        "checkpoint": after.checkpoint.seq.bits(),
    });
    let how = match finish {
        Finish::InSync => "in sync",
        Finish::Unsettled => "not in sync: writes kept colliding with the hub's answers; sync again",
        Finish::Waits => "sent, but the hub's answer would delete most of a table and waits for somebody to confirm it",
    };
    let text = format!(
        "{how} at seq {}: {} log entries sent, {refused} changes refused, {} open conflicts",
        after.checkpoint.seq, before.pending_entries, after.conflicts
    );
    Ok(Said::new(text, json).only_if(in_sync && refused == 0))
}
