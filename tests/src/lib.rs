//! The proofs: the oracle, random histories, and what lays the product beside them.

pub mod bare;
pub mod bridge;
pub mod figures;
pub mod history;
pub mod oracle;
pub mod product;
pub mod statements;
