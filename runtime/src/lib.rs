//! Applications for places without a network, on SQLite: write offline with any SQL, sync when a link appears, merge by
//! declared rules.
//!
//! A team annotates its structs with [`Syncable`](derive@Syncable) and lists them with [`domain!`]. On a device, [`Store`]
//! keeps them in one SQLite file whose triggers record every write, by whatever program, and [`SyncWorker`] syncs it in
//! the background. On the server, [`Server`] merges what devices send, field by field, as the structs declare.
//!
//! ```
//! use windrow::{Id, Store, Syncable};
//!
//! #[derive(Debug, Clone, PartialEq, Syncable)]
//! pub struct Farm {
//!     pub id: Id<Farm>,
//!     pub name: String,
//!     #[merge(sum)]
//!     pub cattle: i64,
//! }
//! windrow::domain!(pub SURVEY = [Farm]);
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("farm.db");
//! let store = Store::open(path, &SURVEY)?;
//! let id = Id::new();
//! store.insert(&Farm { id, name: "Kibo".into(), cattle: 12 })?;
//! assert_eq!(store.query::<Farm>("WHERE cattle > 10", [])?.len(), 1);
//! assert_eq!(store.pending()?, 1);
//! # Ok(())
//! # }
//! ```

pub mod bundle;
mod clock;
#[cfg(doctest)]
mod doctests;
pub mod domain;
mod file;
pub mod hub;
pub mod identity;
pub mod inspect;
mod lock;
#[doc(hidden)]
pub mod private;
pub mod server;
mod sqlite;
pub mod store;
pub mod sync;
pub mod syncable;
pub mod types;

#[doc(hidden)]
pub use private as __private;

pub use domain::{Domain, Table};
pub use hub::SqliteHub;
pub use rusqlite;
pub use server::Server;
pub use sqlite::UnsafeSqlite;
pub use store::{Record, Store, StoreError};
pub use sync::{Endpoint, SyncWorker, enrol, sync};
pub use syncable::{Syncable, ValueError};
pub use types::{Date, Decimal, FieldValue, Id, SyncableEnum, Timestamp};
pub use windrow_macros::{Syncable, SyncableEnum, domain};
/// The types that device and hub share: what the API says of values, records, devices and stamps.
pub use windrow_protocol as protocol;

// The macros' output says `::windrow`, here as everywhere.
extern crate self as windrow;
