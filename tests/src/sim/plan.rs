//! What a world may bring.

use std::ops::RangeInclusive;

/// What may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Requests and answers are lost, cut, repeated, late.
    pub network: bool,
    /// Programs die between any two steps.
    pub crashes: bool,
    /// Clocks are wrong, stand still, run backwards.
    pub clocks: bool,
    /// Amounts leave the range of their type, so that changes are refused.
    pub refusals: bool,
    /// What was prepared expires.
    pub expiry: bool,
    /// Devices' files are copied, and replaced by earlier ones; outcomes of commits are forgotten; logs are pruned; requests
    /// arrive when their sessions are long given up. For all that devices must find back what they have in common with
    /// the hub.
    pub copies: bool,
    /// The hub's file is replaced by an earlier one.
    pub restores: bool,
}

impl Faults {
    /// All.
    pub const ALL: Faults = Faults {
        network: true,
        crashes: true,
        clocks: true,
        refusals: true,
        expiry: true,
        copies: true,
        restores: true,
    };
    /// None.
    pub const NONE: Faults = Faults {
        network: false,
        crashes: false,
        clocks: false,
        refusals: false,
        expiry: false,
        copies: false,
        restores: false,
    };
}

/// What worlds are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What may go wrong.
    pub faults: Faults,
    /// How many devices there are at first.
    pub devices: RangeInclusive<usize>,
    /// How many sessions begin before the faults stop.
    pub sessions: RangeInclusive<u64>,
    /// One of so many worlds has its files on the disk.
    pub on_disk: u64,
    /// Whether sessions run at paces of all kinds, also of links that carry a few hundred bytes at once.
    pub poor: bool,
    /// Whether couriers carry bundles, and some devices have no other way to the hub.
    pub bundles: bool,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { faults: Faults::ALL, devices: 3..=20, sessions: 500..=1_200, on_disk: 64, poor: false, bundles: false }
    }
}
