//! Crowds before a hub: thousands that keep it waiting, and thousands that come back at once.
//!
//! The hub is a server as it ships, in a process of its own; the crowd is one in another, and each has its own open files.

mod files;
pub mod herd;
mod honest;
mod light;
pub mod manner;
pub mod slow;

use crate::figures::Failure;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The most memory that a hub may take, in MiB.
const MOST_MEMORY: f64 = 256.0;

/// Says how much memory the hub had at most, in MiB, where the system tells it; whether that is little enough.
pub fn is_small(memory: Option<f64>) -> bool {
    let told = memory.map_or("not told by this system".into(), |mib| format!("{mib:.0} MiB"));
    println!("the hub's memory: {told}");
    memory.is_none_or(|mib| mib < MOST_MEMORY)
}

/// A crowd in a process of its own. It goes home when this is dropped.
#[derive(Debug)]
struct Crowd(Child);

impl Crowd {
    /// Starts this program anew with these arguments.
    fn start(program: &Path, args: &[String]) -> Result<Crowd, Failure> {
        let child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        Ok(Crowd(child.map_err(|error| format!("{}: {error}", program.display()))?))
    }

    /// Sends it home; what it says at the end.
    fn ends(mut self) -> Result<String, Failure> {
        drop(self.0.stdin.take());
        let mut said = String::new();
        let mut stdout = self.0.stdout.take().ok_or("the crowd has no output")?;
        std::io::Read::read_to_string(&mut stdout, &mut said)?;
        Ok(said)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.0.wait() {
            eprintln!("the crowd's process could not be waited for: {error}");
        }
    }
}
