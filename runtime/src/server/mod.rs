//! The server: a hub behind HTTP.
//!
//! Devices speak to `POST /v1/prepare`, `/v1/upload`, `/v1/commit` and `/v1/pull` in Windrow's binary messages
//! (`application/vnd.windrow`). People and their programs use JSON: `GET /v1/conflicts`, `POST /v1/resolve`,
//! `GET /v1/history?table=T&id=ID`. `GET /v1/news` holds a connection on which it is said that something is new. `GET /healthz` and `/readyz` tell whether the hub answers, `/metrics` what it counts.
//! Errors are problem documents (RFC 9457) that say whether to try again.
//!
//! Whoever carries a device's bundle brings it to `POST /v1/bundle`, and takes the answer back.
//!
//! A device enrols once, at `POST /v1/enrol`, with a code from the hub's [registry](Server::registry), and shows its token
//! from then on; the JSON addresses are for reviewers. A server may also be [open to all](Server::open_to_all): it then
//! listens to this machine alone unless [`Server::allow_remote`] says otherwise. One of the two has to be said.

mod body;
mod bundle;
mod console;
mod files;
mod gate;
mod guard;
mod limits;
mod line;
mod lines;
mod listen;
mod metrics;
mod news;
mod patience;
mod rate;
mod reply;
mod routes;
mod settings;
mod shell;
mod tickets;
mod tls;
mod watched;

pub use limits::Limits;
pub use settings::{LogFormat, Reader, Settings, SettingsError};
pub use tls::{Tls, TlsError};

use crate::domain::Domain;
use crate::hub::{HubStore, OpenError, OpenHub, Registry};
use guard::Guard;
use shell::Common;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server in the making.
///
/// ```no_run
/// # async fn serve(survey: &'static windrow::Domain) -> Result<(), Box<dyn std::error::Error>> {
/// use windrow::hub::Registry;
/// use windrow::{Server, SqliteHub};
///
/// let registry = Registry::open("hub.db")?;
/// Server::new(survey).store(SqliteHub::open("hub.db")?).registry(registry).serve("127.0.0.1:8420").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server<S = ()> {
    domain: &'static Domain,
    store: S,
    guard: Option<Guard>,
    remote: bool,
    limits: Limits,
    tls: Option<Tls>,
}

impl Server {
    /// A server for a domain; [`Server::store`] says where its data is.
    pub fn new(domain: &'static Domain) -> Server {
        Server { domain, store: (), guard: None, remote: false, limits: Limits::default(), tls: None }
    }

    /// With this hub: a [`SqliteHub`](crate::hub::SqliteHub), or one that is open already.
    pub fn store<S: OpenHub>(self, store: S) -> Server<S> {
        let Server { domain, guard, remote, limits, tls, .. } = self;
        Server { domain, store, guard, remote, limits, tls }
    }
}

impl<S> Server<S> {
    /// Lets those in who are in this registry: of the same hub, or of several.
    pub fn registry(mut self, registry: impl Into<Arc<Registry>>) -> Server<S> {
        self.guard = Some(Guard::new(registry.into()));
        self
    }

    /// Lets everybody in: whoever reaches the address can read and write everything, and resolve conflicts. For one machine
    /// and for tests, or behind something that lets only your devices through.
    pub fn open_to_all(mut self) -> Server<S> {
        self.guard = Some(Guard::Open);
        self
    }

    /// Lets a server that is [open to all](Server::open_to_all) listen to other machines. One with a registry may anyway.
    pub fn allow_remote(mut self) -> Server<S> {
        self.remote = true;
        self
    }

    /// Takes and waits for no more than this.
    pub fn limits(mut self, limits: Limits) -> Server<S> {
        self.limits = limits;
        self
    }

    /// As these settings say: TLS and limits. Where it listens is [`Server::bind`]'s; who is let in, [`Server::registry`]'s or
    /// [`Server::open_to_all`]'s.
    ///
    /// # Errors
    /// A certificate that can't be used.
    pub fn settings(mut self, settings: &Settings) -> Result<Server<S>, TlsError> {
        self.limits = settings.limits.clone();
        self.tls = settings.tls.as_ref().map(|(certificate, key)| Tls::open(certificate, key)).transpose()?;
        Ok(self)
    }

    /// Speaks TLS by this certificate, and nothing else.
    pub fn tls(mut self, tls: Tls) -> Server<S> {
        self.tls = Some(tls);
        self
    }

    /// Refuses bodies of more bytes than this, 32 MiB unless said otherwise.
    pub fn max_body(mut self, bytes: u64) -> Server<S> {
        self.limits.body = bytes;
        self
    }
}

impl<S: OpenHub + Send + 'static> Server<S> {
    /// Opens the hub, listens at `addr` (port 0: any free one), and serves in the background.
    ///
    /// # Errors
    /// A hub that can't be opened, an address of other machines' that was not allowed, or one that can't be had.
    pub async fn bind(self, addr: impl ToSocketAddrs) -> Result<Running, ServeError> {
        let guard = self.guard.clone().ok_or(ServeError::Unguarded)?;
        let listener = self.listen(addr).await?;
        let addr = listener.local_addr()?;
        let Server { domain, store, mut limits, tls, .. } = self;
        limits.connections = files::most_connections(limits.connections);
        let opened = tokio::task::spawn_blocking(move || store.open_for(domain));
        let store = opened.await.map_err(std::io::Error::other)??;
        tracing::info!(%addr, domain = domain.name, "the hub is listening");
        let (stop, stopped) = oneshot::channel();
        let common = Common::new(store.clone(), limits);
        let routes = routes::routes(&common, &guard);
        let task = tokio::spawn(listen::serve(listener, routes, (common, tls), stopped));
        Ok(Running { addr, store, stop: Some(stop), task })
    }

    /// As [`Server::bind`], and serves until the program ends.
    ///
    /// # Errors
    /// Those of [`Server::bind`].
    pub async fn serve(self, addr: impl ToSocketAddrs) -> Result<(), ServeError> {
        self.bind(addr).await?.wait().await;
        Ok(())
    }

    async fn listen(&self, addr: impl ToSocketAddrs) -> Result<TcpListener, ServeError> {
        let addrs: Vec<SocketAddr> = tokio::net::lookup_host(addr).await?.collect();
        let remote = addrs.iter().find(|a| !a.ip().to_canonical().is_loopback());
        let open = !matches!(self.guard, Some(Guard::Registry(..)));
        match remote.filter(|_| open && !self.remote) {
            Some(addr) => Err(ServeError::Remote { addr: *addr }),
            None => Ok(listen::at(&addrs)?),
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The hub.
    #[error(transparent)]
    Hub(#[from] OpenError),
    /// Nobody has said who is let in.
    #[error(
        "say who is let in: Server::registry(Registry::open(..)), or Server::open_to_all() for one machine and tests"
    )]
    Unguarded,
    /// An address that other machines reach.
    #[error(
        "{addr} can be reached by other machines, and the server is open to all: whoever reaches it can read and write \
         everything. Use 127.0.0.1, or a registry, or say Server::allow_remote() if something else keeps strangers out"
    )]
    Remote {
        /// The address.
        addr: SocketAddr,
    },
    /// An address that can't be had.
    #[error("can't listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// A server that is serving. It stops when this is dropped; [`Running::shutdown`] also waits for it.
pub struct Running {
    addr: SocketAddr,
    store: Arc<dyn HubStore>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it serves.
    pub fn store(&self) -> &Arc<dyn HubStore> {
        &self.store
    }

    /// Serves until the program ends.
    pub async fn wait(mut self) {
        if (&mut self.task).await.is_err() {
            tracing::error!("the server's task has panicked");
        }
    }

    /// Stops listening, lets requests under way be answered, and closes the hub.
    pub async fn shutdown(mut self) {
        self.stop = None;
        self.wait().await;
    }
}
