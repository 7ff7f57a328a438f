//! The proofs: the oracle, random histories, and what lays the product beside them.

pub mod bare;
pub mod bridge;
pub mod cores;
pub mod crowd;
pub mod figures;
pub mod history;
pub mod links;
pub mod oracle;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod plug;
pub mod product;
pub mod schemas;
pub mod sim;
pub mod statements;
pub mod versions;

/// Domains made while the program runs.
pub use windrow_cli::made as descriptors;
