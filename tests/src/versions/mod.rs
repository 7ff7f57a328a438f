//! Random successive versions of a model, and what migrating from one to the next must keep.

mod draw;
mod next;
mod values;

pub use draw::{default, one, table, tables};
pub use next::{Next, next, next_adding};
pub use values::{fill, write};
