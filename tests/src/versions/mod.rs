//! Random successive versions of a model, and what migrating from one to the next must keep.

mod draw;
mod next;
mod values;

pub use draw::tables;
pub use next::{Next, next};
pub use values::{fill, write};
