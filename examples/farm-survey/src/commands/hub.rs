//! `hub`: serves until somebody stops it.

use super::Stop;
use crate::cli;
use crate::fault::Fault;
use crate::model::SURVEY;
use crate::said;
use serde_json::json;
use std::path::Path;
use tracing_subscriber::filter::LevelFilter;
use windrow::Server;
use windrow::hub::{SqliteHub, backup};

/// Says where it listens once it does.
pub(super) async fn run(args: cli::Hub, json: bool) -> Result<(), Fault> {
    if let Some(to) = &args.backup {
        return copy(&args.db, to, json);
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(LevelFilter::WARN).init();
    let mut stop = Stop::catch()?;
    let mut server = Server::new(&SURVEY).store(SqliteHub::open(&args.db)?);
    if args.allow_remote {
        server = server.allow_remote();
    }
    let running = server.bind(&args.listen).await?;
    let address = running.local_addr();
    let url = format!("http://{address}");
    let document = json!({ "url": url, "address": address.to_string(), "db": args.db });
    said::say(json, &format!("the hub {} listens at {url}; Ctrl-C ends it", args.db.display()), &document);
    stop.wait().await;
    running.shutdown().await;
    Ok(())
}

/// Copies the hub's file.
fn copy(db: &Path, to: &Path, json: bool) -> Result<(), Fault> {
    let made = backup(db, to)?;
    let document = json!({ "copy": to, "bytes": made.bytes, "seq": made.seq });
    said::say(json, &format!("{}: {} bytes, up to commit {}", to.display(), made.bytes, made.seq), &document);
    Ok(())
}
