//! `hub`: serves until somebody stops it. `hub backup`: copies its file.

use super::Stop;
use crate::cli;
use crate::fault::Fault;
use crate::model::SURVEY;
use crate::said::{self, Said};
use serde_json::json;
use std::path::Path;
use tracing_subscriber::filter::LevelFilter;
use windrow::Server;
use windrow::hub::{Registry, SqliteHub, backup};

/// Says where it listens once it does.
pub(super) async fn run(args: cli::Hub, json: bool) -> Result<(), Fault> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(LevelFilter::WARN).init();
    let mut stop = Stop::catch()?;
    let server = Server::new(&SURVEY).store(SqliteHub::open(&args.db)?);
    let server = match args.open_to_all {
        true => server.open_to_all(),
        false => server.registry(Registry::open(&args.db)?),
    };
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
pub(super) fn copy(db: &Path, to: &Path) -> Result<Said, Fault> {
    let made = backup(db, to)?;
    let text = format!("{}: {} bytes, up to commit {}", to.display(), made.bytes, made.seq);
    Ok(Said::new(text, json!({ "copy": to, "bytes": made.bytes, "seq": made.seq })))
}
