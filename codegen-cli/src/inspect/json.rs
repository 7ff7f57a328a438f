//! For programs. Numbers of 64 bits are text, because JSON's readers round them; times are RFC 3339.

use super::hex;
use serde_json::{Value, json};
use windrow::Timestamp;
use windrow::inspect::{Device, Hub, Report, Size};
use windrow::protocol::clock::{Hlc, Point};

pub(super) fn write(report: &Report) -> String {
    let report = match report {
        Report::Device(device) => self::device(device),
        Report::Hub(hub) => self::hub(hub),
    };
    format!("{report:#}\n")
}

fn device(device: &Device) -> Value {
    let time = |time: Option<Timestamp>| time.map(|t| t.to_string());
    json!({
        "kind": "device",
        "device": device.device.hex(),
        "version": device.version,
        "opened_with": hex(&device.opened_with),
        "checkpoint": point(device.checkpoint),
        "clock": clock(device.clock),
        "pending": device.pending.iter().map(|p| json!({
            "table": p.table, "records": p.records, "entries": p.entries, "since": p.since.to_string(),
        })).collect::<Vec<_>>(),
        "outbox": device.outbox.as_ref().map(|o| json!({ "bytes": o.bytes, "prepared": o.prepared })),
        "inbox_pages": device.inbox,
        "refused": device.refused.iter().map(|r| json!({
            "number": r.number, "table": r.table, "record": r.record.to_string(), "field": r.field,
            "code": r.code, "sentence": r.sentence, "at": r.at.to_string(),
        })).collect::<Vec<_>>(),
        "conflicts": device.conflicts.iter().map(|c| json!({
            "table": c.table, "record": c.record.to_string(), "about": c.about,
            "fields": serde_json::from_str::<Value>(&c.fields).unwrap_or(Value::Null), "answered": c.answered,
        })).collect::<Vec<_>>(),
        "last_contact": time(device.last_contact),
        "verified": time(device.verified),
        "differed": time(device.differed),
        "recovering": device.recovering,
        "waits": device.waits,
        "size": size(&device.size),
    })
}

fn hub(hub: &Hub) -> Value {
    json!({
        "kind": "hub",
        "version": hub.version,
        "schema": hex(&hub.schema),
        "head": point(hub.head),
        "clock": clock(hub.clock),
        "devices": hub.devices.iter().map(|d| json!({
            "device": d.device.hex(), "committed": d.committed.to_string(), "highest": clock(d.highest),
        })).collect::<Vec<_>>(),
        "prepared": { "changesets": hub.staged.0, "bytes": hub.staged.1 },
        "conflicts": hub.conflicts.iter().map(|c| json!({
            "table": c.table, "records": c.records, "open": c.open,
        })).collect::<Vec<_>>(),
        "history": hub.history,
        "size": size(&hub.size),
    })
}

fn point(point: Point) -> Value {
    json!({ "seq": point.seq.bits(), "mark": point.mark.to_string() })
}

fn clock(stamp: Hlc) -> Value {
    json!({ "stamp": stamp.bits().to_string(), "time": Timestamp::from_millis(stamp.millis()).to_string() })
}

fn size(size: &Size) -> Value {
    let parts: Vec<_> = size.parts.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes })).collect();
    json!({ "file": size.file, "log": size.log, "parts": parts })
}
