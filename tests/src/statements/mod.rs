//! Random schemas and random SQL, to prove that no write goes unnoticed: the difference of the tables before and after
//! each statement equals what the log says.
//!
//! A case is drawn from a seed: tables with everything the language has, what an application may add of its own (triggers,
//! a view, a plain table), and statements by several programs. Each is run on a database with Windrow's triggers and on a
//! twin without them. The judge replays the new entries on a copy of the tables from before: it must get the tables after,
//! byte for byte, and no entry may say more or less than what happened. A case that fails is shrunk and told as SQL.

mod case;
mod database;
mod judge;
mod rows;
mod run;
mod schema;
mod shrink;
mod users;
mod values;
mod writes;

use case::Case;
pub use run::Counts;

/// What is wrong.
pub type Fault = String;

/// Runs the case of a seed.
///
/// # Errors
/// What is wrong, with the shortest sequence of statements that shows it, ready to paste.
pub fn run(seed: u64) -> Result<Counts, Fault> {
    let case = Case::draw(seed)?;
    let mut at = 0;
    run::run(&case, &mut at).map_err(|why| shrink::told(seed, case, at, why))
}
