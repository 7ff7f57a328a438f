//! The server as whoever runs it sees it: slow and many connections, TLS, its end, copies of its file, what it tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backups;
mod end;
mod queue;
mod slow;
mod tls;
mod told;

use std::path::Path;
use tempfile::TempDir;
use windrow::hub::SqliteHub;
use windrow::server::{Limits, Running};
use windrow::{Endpoint, Id, Server, Store, Syncable, sync};
use windrow_protocol::session::Finish;

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
    #[merge(sum)]
    cattle: i64,
}

windrow::domain!(FARMS = [Farm]);

async fn serve(file: &Path, limits: Limits) -> Running {
    let hub = SqliteHub::open(file).unwrap();
    Server::new(&FARMS).store(hub).open_to_all().limits(limits).bind("127.0.0.1:0").await.unwrap()
}

/// A server that holds nothing.
async fn with(limits: Limits) -> (TempDir, Running) {
    let dir = TempDir::new().unwrap();
    let server = serve(&dir.path().join("hub.db"), limits).await;
    (dir, server)
}

fn farm(cattle: i64) -> Farm {
    Farm { id: Id::new(), name: "Kibo".into(), cattle }
}

/// All cattle of a device's file.
fn cattle(store: &Store) -> i64 {
    store.query::<Farm>("", []).unwrap().iter().map(|farm| farm.cattle).sum()
}

async fn synced(store: &Store, server: &Running) {
    let endpoint = Endpoint::new(&format!("http://{}", server.local_addr())).unwrap();
    assert_eq!(sync(store, &endpoint).await.unwrap(), Finish::InSync);
}
