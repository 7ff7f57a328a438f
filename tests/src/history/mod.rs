//! Random histories: what several devices and their hub do, as steps that any implementation can be led through.
//!
//! [`domain`] draws the tables, [`generate`] the steps, one by one, from what the devices show. [`world`] leads the
//! oracle through them, alone or behind another implementation whose stamps and origins it takes over.
//!
//! Steps are whole in themselves and never fail: a write that a constraint forbids, or whose record is gone, does nothing.
//! So any part of a history is a history, and a failing one can be cut down step by step.

pub mod domain;
pub mod generate;
pub mod world;

use crate::oracle::Key;
use crate::oracle::Value;
use crate::oracle::log::Write;
use crate::oracle::session::Lost;

/// A device, counted from 0.
pub type DeviceNo = usize;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An application writes.
    Write {
        /// On which device.
        device: DeviceNo,
        /// What.
        write: Write,
    },
    /// A device runs one session, the stored one if there is one.
    Sync {
        /// Which device.
        device: DeviceNo,
        /// The answer that does not arrive. The session ends there; writes made meanwhile come before, but for a lost
        /// prepare, after which there is no meanwhile.
        lost: Option<Lost>,
        /// What the application writes after the commit and before the answer is applied.
        meanwhile: Vec<Write>,
    },
    /// A reviewer at the hub decides a conflict.
    Resolve {
        /// Of which record.
        key: Key,
        /// Of which field.
        field: &'static str,
        /// How.
        value: Value,
        /// How many commits ago the reviewer looked.
        behind: u64,
    },
    /// A device's file is closed and opened again: it draws a new origin.
    Reopen {
        /// Which device.
        device: DeviceNo,
    },
}
