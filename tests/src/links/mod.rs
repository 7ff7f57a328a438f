//! Links that drop, in virtual time: how many bytes and contacts a device needs over one, by the product's own session.

mod link;
mod play;

pub use link::{Broken, Link, Quality};
pub use play::{Came, Place};

/// What went wrong, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
