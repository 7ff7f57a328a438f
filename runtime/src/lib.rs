//! Placeholder.

pub mod domain;
pub mod hub;
#[doc(hidden)]
pub mod private;
pub mod server;
mod sqlite;
pub mod store;
pub mod syncable;
pub mod types;

#[doc(hidden)]
pub use private as __private;

pub use domain::{Domain, Table};
pub use server::Server;
pub use rusqlite;
pub use sqlite::UnsafeSqlite;
pub use store::{Record, Store, StoreError};
pub use syncable::{Syncable, ValueError};
pub use types::{Date, Decimal, FieldValue, Id, SyncableEnum, Timestamp};
pub use windrow_macros::{Syncable, SyncableEnum, domain};

// The macros' output says `::windrow`, here as everywhere.
extern crate self as windrow;
