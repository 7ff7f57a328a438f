//! What the programs are told to do.

use super::place::Machine;

/// One of them does one thing. `HUB` stands for the hub's address.
pub type Line = (Machine, &'static str);

const ONE: Machine = Machine::Device(1);
const TWO: Machine = Machine::Device(2);

/// A run of all that belongs to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
pub enum Script {
    /// Pending writes, one of them refused; an answer of several pages; writes of other programs before, during and after
    /// each session; checkpoints of the file.
    Session,
    /// A device's file is made, and syncs for the first time.
    First,
    /// As `session`, beside a second device at work.
    Together,
}

impl Script {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Script::Session => "session",
            Script::First => "first",
            Script::Together => "together",
        }
    }

    /// Whether the first device has no file yet.
    pub fn is_fresh(self) -> bool {
        self == Script::First
    }

    /// Who takes part.
    pub fn machines(self) -> &'static [Machine] {
        match self {
            Script::Session | Script::First => &[Machine::Hub, ONE],
            Script::Together => &[Machine::Hub, ONE, TWO],
        }
    }

    /// The lines.
    pub fn lines(self) -> &'static [Line] {
        match self {
            Script::Session => SESSION,
            Script::First => FIRST,
            Script::Together => TOGETHER,
        }
    }
}

const SESSION: &[Line] = &[
    (ONE, "open"),
    (ONE, "write 8"),
    (ONE, "write 9"),
    (ONE, "write 10"),
    (ONE, "write 11"),
    (ONE, "sync HUB 12 16"),
    (ONE, "checkpoint PASSIVE"),
    (ONE, "write 16"),
    (ONE, "write 22"),
    (Machine::Hub, "checkpoint"),
    (ONE, "sync HUB 23 25"),
    (ONE, "checkpoint TRUNCATE"),
    (ONE, "write 26"),
    (ONE, "close"),
];

const FIRST: &[Line] = &[
    (ONE, "open"),
    (ONE, "write 4"),
    (ONE, "write 6"),
    (ONE, "sync HUB 13 15"),
    (ONE, "write 16"),
    (ONE, "write 17"),
    (ONE, "sync HUB 19 20"),
    (ONE, "write 23"),
    (ONE, "close"),
];

const TOGETHER: &[Line] = &[
    (ONE, "open"),
    (TWO, "open"),
    (ONE, "write 8"),
    (ONE, "write 9"),
    (ONE, "write 10"),
    (ONE, "write 11"),
    (ONE, "sync HUB 12 16"),
    (TWO, "write 16"),
    (TWO, "write 17"),
    (TWO, "write 18"),
    (TWO, "sync HUB 19 20"),
    (ONE, "checkpoint PASSIVE"),
    (ONE, "write 16"),
    (ONE, "write 17"),
    (ONE, "sync HUB 18 19"),
    (Machine::Hub, "checkpoint"),
    (ONE, "write 22"),
    (TWO, "write 25"),
    (TWO, "checkpoint TRUNCATE"),
    (TWO, "sync HUB 26 27"),
    (ONE, "write 23"),
    (ONE, "sync HUB 24 25"),
    (ONE, "checkpoint TRUNCATE"),
    (ONE, "write 26"),
    (ONE, "close"),
    (TWO, "sync HUB 28 29"),
    (TWO, "close"),
];
