//! Syncing a device with its hub: the transport, one session, and the worker that decides when.

mod backoff;
mod budget;
mod clock;
mod connectivity;
mod credentials;
mod enrol;
mod http;
mod listener;
mod news;
mod options;
mod session;
mod state;
mod thread;
mod tls;
mod transport;
mod worker;
mod wrap;

pub use budget::Budget;
pub use clock::ClockError;
pub use connectivity::{Connectivity, Interfaces, Link};
pub(crate) use credentials::kept;
pub use credentials::{Credentials, TokenFile, switch_user, users};
pub use enrol::{Welcome, enrol};
pub use http::Endpoint;
pub(crate) use http::NOW;
pub use options::Options;
pub use session::{SyncError, sync};
pub use state::{Activity, Reason, SyncState};
pub use transport::{Failure, FailureKind, Notes, Transport};
pub use windrow_protocol::session::Progress;
pub use worker::SyncWorker;
