//! All SQL that depends on a user's tables: of a device, and of a hub on SQLite.
//!
//! A statement is a [`Sql`]: text in which the names of other structs' tables, and the texts of enums, are still open,
//! because a derive macro sees one struct alone.

mod changelog;
mod check;
mod device;
mod hub;
mod log;
pub mod migrate;
mod shape;
mod table;
mod triggers;
mod writer;

pub use device::Device;
pub use hub::Hub;
pub use writer::{Part, Sql, leaving, literals, quoted};

/// Something that lives in a database's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name, unquoted, as in `sqlite_schema.name`.
    pub name: String,
    /// The statement that creates it.
    pub sql: Sql,
}
