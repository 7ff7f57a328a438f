//! The language of a syncable struct: parsed, validated, and rendered as SQL. No I/O.
//!
//! A struct is read once, by [`Model::read`]; the macros and every tool use this one reader; [`Source`] finds structs in a file, and [`Project`] what many files declare together. What it returns is valid:
//! a [`Model`] can't be made by hand. [`Domain::new`] checks models against each other and puts parents before children.
//! [`lock`] keeps what models were before, and says what leads from one version to the next. [`sql`] writes all SQL that depends on a user's tables, and is the only place that quotes an identifier.

mod attr;
mod default;
mod domain;
mod errors;
mod list;
pub mod lock;
mod model;
mod names;
mod parse;
mod project;
mod source;
pub mod sql;
mod suggest;
mod types;
mod valid;
mod variants;

pub use domain::{Domain, DomainError};
pub use list::List;
pub use model::{Deletes, Field, Kind, Model, OnDelete, Parent, Strategy};
pub use names::snake_case;
pub use project::{Declared, Mistakes, Project};
pub use source::Source;
pub use variants::{Variant, Variants};
