//! For people.

use super::hex;
use crate::print::{bytes, columns, facts, heading};
use windrow::Timestamp;
use windrow::inspect::{Device, Hub, Report, Size};
use windrow::protocol::clock::Hlc;

pub(super) fn write(report: &Report) -> String {
    match report {
        Report::Device(device) => self::device(device),
        Report::Hub(hub) => self::hub(hub),
    }
}

fn device(device: &Device) -> String {
    let mut text = heading(&format!("device {}", device.device.hex()));
    let never = |time: &Option<Timestamp>| time.map_or("never".to_owned(), |t| t.to_string());
    text += &facts(&[
        ("pending", pending(device)),
        ("refused", device.refused.len().to_string()),
        ("in conflict", conflicts(device)),
        ("last contact", never(&device.last_contact)),
        ("equal to the hub", never(&device.verified)),
        ("differed", never(&device.differed)),
        ("checkpoint", format!("commit {} (mark {})", device.checkpoint.seq, device.checkpoint.mark)),
        ("clock", time(device.clock)),
        ("under way", under_way(device)),
        ("version", format!("{} (opened with {})", device.version, hex(&device.opened_with))),
        ("size", size(&device.size)),
    ]);
    if !device.pending.is_empty() {
        let row = |p: &windrow::inspect::Pending| {
            [p.table.clone(), p.records.to_string(), p.entries.to_string(), p.since.to_string()]
        };
        let rows: Vec<_> = device.pending.iter().map(row).collect();
        text += &format!("\n{}", heading("pending"));
        text += &columns(["table", "records", "writes", "since"], &rows);
    }
    if !device.refused.is_empty() {
        let row = |r: &windrow::inspect::Refused| {
            let field = r.field.clone().unwrap_or_default();
            [r.number.to_string(), r.table.clone(), r.record.to_string(), field, r.sentence.clone()]
        };
        let rows: Vec<_> = device.refused.iter().map(row).collect();
        text += &format!("\n{}", heading("refused"));
        text += &columns(["number", "table", "record", "field", "why"], &rows);
    }
    if !device.conflicts.is_empty() {
        let row = |c: &windrow::inspect::Open| {
            let answered = if c.answered { "yes" } else { "" };
            [c.table.clone(), c.record.to_string(), c.about.clone(), c.fields.clone(), answered.to_owned()]
        };
        let rows: Vec<_> = device.conflicts.iter().map(row).collect();
        text += &format!("\n{}", heading("in conflict"));
        text += &columns(["table", "record", "about", "fields", "answered"], &rows);
    }
    text + &parts(&device.size)
}

fn pending(device: &Device) -> String {
    let records: u64 = device.pending.iter().map(|p| p.records).sum();
    let entries: u64 = device.pending.iter().map(|p| p.entries).sum();
    match device.pending.iter().map(|p| p.since.millis()).min() {
        None => "nothing".into(),
        Some(since) => format!("{entries} writes to {records} records, since {}", Timestamp::from_millis(since)),
    }
}

fn conflicts(device: &Device) -> String {
    let answered = device.conflicts.iter().filter(|c| c.answered).count();
    match answered {
        0 => device.conflicts.len().to_string(),
        answered => format!("{}, of which {answered} are answered here", device.conflicts.len()),
    }
}

fn under_way(device: &Device) -> String {
    let mut all: Vec<String> = Vec::new();
    all.extend(device.outbox.as_ref().map(|outbox| {
        let state = if outbox.prepared { "the hub has it, not committed" } else { "not known to the hub" };
        format!("a changeset of {} ({state})", bytes(outbox.bytes))
    }));
    all.extend((device.inbox > 0).then(|| format!("an answer, {} pages of it", device.inbox)));
    all.extend(device.recovering.then(|| "the hub has lost some of its past; its tables are fetched whole".to_owned()));
    all.extend(device.waits.then(|| "an answer deletes much, and waits for somebody to confirm it".to_owned()));
    if all.is_empty() { "nothing".into() } else { all.join("; ") }
}

fn hub(hub: &Hub) -> String {
    let mut text = heading("hub");
    text += &facts(&[
        ("last commit", format!("{} (mark {})", hub.head.seq, hub.head.mark)),
        ("clock", time(hub.clock)),
        ("devices", hub.devices.len().to_string()),
        ("prepared", format!("{} changesets, {}", hub.staged.0, bytes(hub.staged.1))),
        ("in conflict", hub.conflicts.iter().map(|c| c.records).sum::<u64>().to_string() + " records"),
        ("history", format!("{} lines", hub.history)),
        ("version", format!("{} (schema {})", hub.version, hex(&hub.schema))),
        ("size", size(&hub.size)),
    ]);
    if !hub.devices.is_empty() {
        let row = |d: &windrow::inspect::Known| [d.device.hex(), d.committed.to_string(), time(d.highest)];
        let rows: Vec<_> = hub.devices.iter().map(row).collect();
        text += &format!("\n{}", heading("devices"));
        text += &columns(["device", "last commit", "highest stamp"], &rows);
    }
    if !hub.conflicts.is_empty() {
        let row = |c: &windrow::inspect::Conflicts| [c.table.clone(), c.records.to_string(), c.open.to_string()];
        let rows: Vec<_> = hub.conflicts.iter().map(row).collect();
        text += &format!("\n{}", heading("in conflict"));
        text += &columns(["table", "records", "conflicts"], &rows);
    }
    text + &parts(&hub.size)
}

fn time(stamp: Hlc) -> String {
    Timestamp::from_millis(stamp.millis()).to_string()
}

fn size(size: &Size) -> String {
    format!("{}, and a write-ahead log of {}", bytes(size.file), bytes(size.log))
}

/// The largest tables and indexes.
fn parts(size: &Size) -> String {
    const MOST: usize = 10;
    let rows: Vec<_> = size.parts.iter().take(MOST).map(|(name, size)| [name.clone(), bytes(*size)]).collect();
    format!("\n{}{}", heading("largest"), columns(["table or index", "size"], &rows))
}
