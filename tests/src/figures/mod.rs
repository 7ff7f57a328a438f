//! The figures: what capturing writes costs on a device, and how many bytes travel.
//!
//! Ratios compare two things measured in one run, so that they hold on other machines too; plain values do not.
//! `docs/performance.md` shows them with the command.

pub mod apply;
pub mod capture;
mod clock;
mod counting;
mod files;
mod held;
pub mod hub;
pub mod locks;
mod notes;
pub mod office;
pub mod page;
pub mod peers;
pub mod report;
mod rounds;
pub mod rows;
pub mod sections;
mod side;
mod site;
mod table;
mod traffic;
pub mod visit;
pub mod wire;
pub mod workload;

/// Why a figure could not be had: whatever the product, SQLite or the machine says.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows of the whole measurement. Bounds are promised for this many.
pub const ROWS: usize = 100_000;

/// Which figures somebody asks for: those whose names begin so. All of them, where nothing is said.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a>(pub &'a str);

impl Wanted<'_> {
    /// Whether one of these is asked for.
    pub fn any(self, figures: &[&str]) -> bool {
        figures.iter().any(|name| name.starts_with(self.0))
    }
}
