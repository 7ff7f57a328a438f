//! Syncing a device with its hub: the transport, one session, and the worker that decides when.

mod backoff;
mod budget;
mod connectivity;
mod credentials;
mod enrol;
mod http;
mod session;
mod transport;
mod worker;

pub use budget::Budget;
pub use connectivity::{Connectivity, Interfaces, Link};
pub(crate) use credentials::kept;
pub use credentials::{Credentials, TokenFile, switch_user, users};
pub use enrol::{Welcome, enrol};
pub use http::Endpoint;
pub use session::{SyncError, sync};
pub use transport::{Failure, FailureKind, Transport};
pub use windrow_protocol::session::Progress;
pub use worker::{Activity, Options, Reason, SyncState, SyncWorker};
