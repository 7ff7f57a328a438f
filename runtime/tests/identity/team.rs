//! A hub with a registry, on real sockets and files, and devices that enrol.

use serde_json::Value as Json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;
use windrow::hub::{CODE_LASTS, Registry, SqliteHub};
use windrow::identity::{Code, Role};
use windrow::server::{Limits, Running};
use windrow::sync::{Credentials, Failure, FailureKind, Notes, SyncError, TokenFile, Transport};
use windrow::{Endpoint, Id, Server, Store, Syncable};
use windrow_protocol::message::{Answer, Commit, Prepare};
use windrow_protocol::session::{Finish, Request};

#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Farm {
    pub(crate) id: Id<Farm>,
    pub(crate) name: String,
    #[merge(review)]
    pub(crate) phone: Option<String>,
}

windrow::domain!(pub(crate) FARMS = [Farm]);

/// A hub with a registry, and a folder for devices.
pub(crate) struct Team {
    pub(crate) folder: TempDir,
    pub(crate) hub: Running,
}

impl Team {
    pub(crate) async fn new() -> Team {
        // Forgers ask more often than any device may: it is not for that that they are to be turned away.
        Team::with(Limits { device_a_minute: 1_000_000, ..Limits::default() }).await
    }

    pub(crate) async fn with(limits: Limits) -> Team {
        let folder = tempfile::tempdir().unwrap();
        let hub = serve(&folder.path().join("hub.db"), limits, "127.0.0.1:0".parse().unwrap()).await;
        Team { folder, hub }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.hub.local_addr())
    }

    /// As another program has it.
    pub(crate) fn registry(&self) -> Registry {
        Registry::open(self.path("hub.db")).unwrap()
    }

    pub(crate) fn store(&self, name: &str) -> Store {
        Store::open(self.path(name), &FARMS).unwrap()
    }

    pub(crate) fn code(&self, user: &str, role: Role) -> Code {
        self.registry().invite(user, role, CODE_LASTS).unwrap()
    }

    pub(crate) async fn enrols(&self, store: &Store, user: &str, role: Role) {
        let code = self.code(user, role);
        let welcome = windrow::enrol(store, &self.url(), &code.to_string()).await.unwrap();
        assert_eq!((welcome.user.as_str(), welcome.role), (user, role));
    }

    /// A device that a user has enrolled.
    pub(crate) async fn device(&self, user: &str, role: Role) -> Store {
        let store = self.store(&format!("{user}.db"));
        self.enrols(&store, user, role).await;
        store
    }

    pub(crate) fn endpoint(&self, store: &Store) -> Endpoint {
        Endpoint::for_device(&self.url(), store).unwrap()
    }

    pub(crate) async fn sync(&self, store: &Store) -> Result<Finish, SyncError> {
        windrow::sync(store, &self.endpoint(store)).await
    }

    /// Asks as whoever has enrolled with this store; the status and the document.
    pub(crate) async fn ask(&self, store: &Store, path: &str, body: Option<Json>) -> (u16, Json) {
        let client = reqwest::Client::new();
        let url = format!("{}{path}", self.url());
        let request = match body {
            Some(body) => client.post(url).header("content-type", "application/json").body(body.to_string()),
            None => client.get(url),
        };
        let response = request.bearer_auth(token(store)).send().await.unwrap();
        (response.status().as_u16(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    pub(crate) fn farms(&self) -> i64 {
        let hub = windrow::rusqlite::Connection::open(self.path("hub.db")).unwrap();
        hub.query_row("SELECT count(*) FROM farm", [], |row| row.get(0)).unwrap()
    }
}

/// The hub of this file, at this address.
pub(crate) async fn serve(file: &Path, limits: Limits, at: SocketAddr) -> Running {
    let server = Server::new(&FARMS).store(SqliteHub::open(file).unwrap()).limits(limits);
    server.registry(Registry::open(file).unwrap()).bind(at).await.unwrap()
}

/// The token of whoever uses this device.
pub(crate) fn token(store: &Store) -> String {
    let words = TokenFile::beside(store).read().unwrap().unwrap();
    let line = words.lines().find_map(|line| line.strip_prefix("active ")).unwrap();
    line.split(' ').next().unwrap().to_owned()
}

pub(crate) fn farm(name: &str) -> Farm {
    Farm { id: Id::new(), name: name.into(), phone: None }
}

/// What a device sends, as it stands in its file.
pub(crate) async fn first_requests(store: &Store, endpoint: &Endpoint) -> (Prepare, Commit) {
    struct Overheard(Mutex<Vec<Request>>, Endpoint);

    #[async_trait::async_trait]
    impl Transport for &'static Overheard {
        async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
            self.0.lock().unwrap().push(request.clone());
            match request {
                // The hub never hears of the COMMIT.
                Request::Commit(_) => Err(Failure::new(FailureKind::Broken, "lost")),
                _ => self.1.send(request, notes).await,
            }
        }

        async fn probe(&self, _: &Notes) -> bool {
            true
        }
    }

    let overheard: &'static Overheard = Box::leak(Box::new(Overheard(Mutex::new(Vec::new()), endpoint.clone())));
    windrow::sync(store, &overheard).await.unwrap_err();
    let (mut prepare, mut commit) = (None, None);
    for request in overheard.0.lock().unwrap().drain(..) {
        match request {
            Request::Prepare(body) => prepare = Some(body),
            Request::Commit(body) => commit = Some(body),
            _ => {}
        }
    }
    (prepare.unwrap(), commit.unwrap())
}
