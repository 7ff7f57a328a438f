//! `device export`, `device import`, `carry`, `hub key`, `hub bundle`: a session as files, where there is no link.

use super::device;
use crate::cli::Carry;
use crate::fault::Fault;
use crate::model::SURVEY;
use crate::said::Said;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use windrow::Endpoint;
use windrow::bundle::{self, Imported, PublicKey};
use windrow::hub::{OpenHub, Registry, SqliteHub, answer_bundle};
use windrow::sync::TokenFile;

/// `device export FILE`
pub(super) fn export(db: &Path, file: &Path, key: Option<PublicKey>) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let sealed = bundle::export(&store, &TokenFile::beside(&store), key)?;
    write(file, &sealed)?;
    let pending = store.status()?.pending_entries;
    let text = format!("{}: {} bytes for the hub; {pending} log entries are pending", file.display(), sealed.len());
    Ok(Said::new(text, json!({ "bundle": file, "bytes": sealed.len(), "pending": pending })))
}

/// `device import FILE`: something refused, or waiting for somebody, gives the exit status 1.
pub(super) fn import(db: &Path, file: &Path) -> Result<Said, Fault> {
    let store = device::open(db)?;
    let before = store.status()?;
    let imported = bundle::import(&store, &read(file)?)?;
    let after = store.status()?;
    let refused = after.refused.saturating_sub(before.refused);
    let (word, how) = match imported {
        Imported::All => ("all", "all that the bundle asked is answered"),
        Imported::More => ("more", "taken in, and the device has more to ask: export again"),
        Imported::Nothing => ("nothing", "nothing in it answers what the device asks now: export again"),
        Imported::Waits => ("waits", "it would delete most of a table and waits for somebody to confirm it"),
    };
    let text = format!(
        "{how}; at seq {}, {} log entries pending, {refused} changes refused, {} open conflicts",
        after.checkpoint.seq, after.pending_entries, after.conflicts
    );
    let json = json!({
        "imported": word,
        "pending": after.pending_entries,
        "refused": refused,
        "conflicts": after.conflicts,
        "checkpoint": after.checkpoint.seq.bits(),
    });
    Ok(Said::new(text, json).only_if(imported != Imported::Waits && refused == 0))
}

/// `carry`: whoever has a link brings a bundle to the hub.
pub(super) async fn carry(args: &Carry) -> Result<Said, Fault> {
    let answer = Endpoint::new(&args.at.hub)?.carry(read(&args.bundle)?).await?;
    answered(&args.out, &answer)
}

/// `hub bundle`: the same where the hub's file is.
pub(super) async fn answer(db: &Path, file: &Path, out: &Path) -> Result<Said, Fault> {
    let registry = Arc::new(Registry::open(db)?);
    let hub = SqliteHub::open(db)?.open_for(&SURVEY)?;
    let answer = answer_bundle(&*hub, &registry, read(file)?).await?;
    answered(out, &answer)
}

/// `hub key`
pub(super) fn key(db: &Path) -> Result<Said, Fault> {
    let key = Registry::open(db)?.key()?.public().to_string();
    Ok(Said::new(key.clone(), json!({ "key": key })))
}

fn answered(out: &Path, answer: &[u8]) -> Result<Said, Fault> {
    write(out, answer)?;
    let text = format!("{}: {} bytes for the device that wrote the bundle", out.display(), answer.len());
    Ok(Said::new(text, json!({ "answer": out, "bytes": answer.len() })))
}

fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(file).map_err(|e| Fault::File(format!("{}: {e}", file.display())))
}

fn write(file: &Path, sealed: &[u8]) -> Result<(), Fault> {
    std::fs::write(file, sealed).map_err(|e| Fault::File(format!("{}: {e}", file.display())))
}
