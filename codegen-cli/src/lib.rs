//! What the `windrow` command is made of that other tools and tests need too.

pub mod certify;
pub mod made;
