//! `device enrol`: who uses this device, as the hub knows it.

use super::device;
use crate::fault::Fault;
use crate::said::Said;
use serde_json::json;
use std::path::Path;

/// Once a device; again after it was revoked, or for another user.
pub(super) async fn run(db: &Path, hub: &str, code: &str) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let welcome = windrow::enrol(&store, hub, code).await?;
    let text = format!("{} may sync with this device, as {}", welcome.user, welcome.role);
    Ok(Said::new(text, json!({ "user": welcome.user, "role": welcome.role })))
}
