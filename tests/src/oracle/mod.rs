//! The merge rules a second time, as an oracle: one hub, many devices, all in memory.
//!
//! It shares no code with the product, and is written to be read, not to be fast: settling and pulling walk all records.
//! It models folding, merging, references, sessions message by message, lost answers, copied and restored files, restored
//! hubs, expired sessions, pruned logs, and decisions on a device, of which it knows those about a field. Left out: wire and
//! storage, `unique`, overflow, strategies on a struct, clocks too far ahead.
//!
//! Nothing in it is drawn or read from outside: stamps, origins, marks and session ids are handed in. A copied file or a
//! hub's backup is a clone.
//!
//! - [`schema`]: what tables declare. [`log`]: what a device writes down. [`fold`]: net changes of it.
//! - [`device`]: a file and its local foreign keys. [`stage`]: what it sends. [`learn`]: what it makes of the hub's answers.
//!   [`apply`]: how it takes what a pull says.
//! - [`hub`]: what the hub keeps and takes; `check`: what it does not take; `tell`: what it tells; `record` and `merge`: one
//!   record of it; `settle`: its references.
//! - [`versions`]: devices and hubs that become of another version of the tables, and what they say to each other meanwhile.
//! - [`message`]: what they say to each other. [`session`]: one exchange after another.

pub mod apply;
mod check;
pub mod device;
mod extreme;
pub mod fold;
pub mod hub;
pub mod learn;
pub mod log;
mod merge;
pub mod message;
mod record;
pub mod schema;
pub mod session;
mod settle;
pub mod stage;
mod tell;
pub mod versions;

use std::collections::BTreeMap;

/// A record's id: 16 bytes, big end first.
pub type Id = u128;
/// A record's name: its table and its id.
pub type Key = (&'static str, Id);
/// A record as a device or the hub shows it: its fields by name.
pub type Row = BTreeMap<&'static str, Value>;
/// All that a device or the hub shows: its records by table, and every table even where it is empty.
pub type View = BTreeMap<&'static str, BTreeMap<Id, Row>>;
/// A hybrid logical clock reading. 0 is before every stamp.
pub type Hlc = u64;
/// A number of the hub's clock. 0 is before its first commit.
pub type Seq = u64;
/// What a commit draws with its seq, so that a hub knows a seq of its own past from one that it lost.
pub type Mark = u64;
/// Who wrote: drawn each time that a file is opened.
pub type Origin = u64;

/// The hub itself as an author: the lowest.
pub const HUB: Origin = 0;

/// A place in a hub's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Which commit.
    pub seq: Seq,
    /// What it drew.
    pub mark: Mark,
}

impl Point {
    /// Before first contact. Every hub accepts it.
    pub const START: Point = Point { seq: 0, mark: 0 };
}

/// What a field holds. NULL is below all others, so that it loses wherever the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number.
    Int(i64),
    /// The id of another record.
    Ref(Id),
}

impl Value {
    /// The number in it; of anything else 0.
    pub fn number(self) -> i64 {
        match self {
            Value::Int(n) => n,
            Value::Null | Value::Ref(_) => 0,
        }
    }

    /// The record that it names, if it names one.
    pub fn target(self) -> Option<Id> {
        match self {
            Value::Ref(id) => Some(id),
            Value::Null | Value::Int(_) => None,
        }
    }
}
