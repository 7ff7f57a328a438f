//! The plug: real programs killed at every system call, disks that lose what was not synced, disks that fail.
//!
//! - [`program`]: a device and a hub, as any application would write them. [`domain`], [`work`]: what they write, and what
//!   must come of it. [`process`]: how they are told what to do.
//! - [`trace`]: watches every system call that they make, by ptrace. strace counts per thread, and a VFS would see SQLite
//!   alone; this sees what reaches the kernel, whoever asks for it, in one order for all programs, and needs no change to
//!   any of them.
//! - [`kill`]: they die at each call. [`errors`]: each call that changes a file fails. [`power`]: a recording of such calls,
//!   from which [`disk`] makes what a disk may hold after a power cut at any point.
//! - [`judge`]: whether nothing was lost, doubled or mixed up. [`tally`]: many cases, side by side.

pub mod calls;
pub mod command;
pub mod disk;
pub mod domain;
pub mod errors;
pub mod judge;
pub mod kill;
pub mod place;
pub mod power;
pub mod process;
pub mod program;
pub mod run;
pub mod script;
pub mod tally;
pub mod trace;
pub mod work;

/// Why a case failed, or could not be tried.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;
