//! The figures: what capturing writes costs on a device, and how many bytes travel.
//!
//! Ratios compare two things measured in one run, so that they hold on other machines too; plain values do not.
//! `docs/performance.md` shows them with the command.

pub mod apply;
pub mod capture;
mod counting;
pub mod hub;
mod notes;
pub mod report;
pub mod rows;
mod site;
pub mod table;
mod traffic;
pub mod visit;
pub mod wire;
pub mod workload;

/// Why a figure could not be had: whatever the product, SQLite or the machine says.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows of the whole measurement. Bounds are promised for this many.
pub const ROWS: usize = 100_000;
