//! `hub invite`, `hub devices`, `hub revoke`: who may speak to the hub. Beside one that serves, or while none does.

use crate::fault::Fault;
use crate::said::Said;
use serde_json::json;
use std::path::Path;
use windrow::Timestamp;
use windrow::hub::{CODE_LASTS, Device, Registry, Whom};
use windrow::identity::{Invitation, Role};

pub(super) fn invite(db: &Path, name: &str, role: Role, hub: Option<String>) -> Result<Said, Fault> {
    let code = Registry::open(db)?.invite(name, role, CODE_LASTS)?;
    let lasts = i64::try_from(CODE_LASTS.as_millis()).unwrap_or(i64::MAX);
    let expires = Timestamp::from_millis(Timestamp::now().millis().saturating_add(lasts));
    let invitation = hub.map(|hub| Invitation { hub, code: code.clone() });
    let mut text = format!("{name} enrols one device with {code}");
    if let Some(invitation) = &invitation {
        text += &format!("\n{invitation}\n{}", invitation.qr().unwrap_or_default());
    }
    let line = invitation.map(|invitation| invitation.to_string());
    let json = json!({ "user": name, "role": role, "code": code.to_string(), "invitation": line, "expires": expires });
    Ok(Said::new(text, json))
}

pub(super) fn devices(db: &Path) -> Result<Said, Fault> {
    let devices = Registry::open(db)?.devices()?;
    let text: Vec<_> = devices.iter().map(line).collect();
    let none = "no device has enrolled; `invite` makes a code".to_owned();
    let told = |d: &Device| {
        json!({
            "device": d.member.device.hex(),
            "user": d.member.user,
            "role": d.member.role,
            "enrolled": d.enrolled,
            "seen": d.seen,
            "ended": d.ended,
        })
    };
    let json = json!({ "devices": devices.iter().map(told).collect::<Vec<_>>() });
    Ok(Said::new(if text.is_empty() { none } else { text.join("\n") }, json))
}

fn line(device: &Device) -> String {
    let member = &device.member;
    let seen = device.seen.map_or_else(|| "never seen".to_owned(), |at| format!("last seen {at}"));
    let ended = device.ended.map_or_else(String::new, |at| format!("; turned away since {at}"));
    format!("{} {} ({}), {seen}{ended}", member.device.hex(), member.user, member.role)
}

pub(super) fn revoke(db: &Path, whom: &Whom) -> Result<Said, Fault> {
    let ended = Registry::open(db)?.revoke(whom)?;
    let text = format!("{ended} tokens and unused codes are turned away from the next request on");
    Ok(Said::new(text, json!({ "ended": ended })))
}
