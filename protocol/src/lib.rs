//! Windrow's core, without input or output: what device and hub must agree on.
//!
//! Nothing here reads a clock, a file, a socket or a random number. Time and randomness are passed in, databases and
//! networks are thin shells around it, and tests drive the very code that ships.
//!
//! - [`model`]: the declared shape of a domain; [`value`]: what a field holds.
//! - [`clock`]: stamps, sequences, origins, marks. [`id`]: record ids.
//! - [`log`], [`fold`]: a device's changelog, folded into net changes. [`change`]: what a device sends.
//! - [`codec`]: changesets and pages as bytes. [`message`]: requests and answers. [`chunk`]: a long changeset on its way;
//!   [`pace`]: how much of it at once.
//! - [`record`], [`merge`]: what the hub keeps of a record, and how a commit changes it. [`told`]: what a pull says.
//! - [`session`]: the device's side of a session as a state machine. [`bundle`]: a session by courier.

/// The wrong expression where its fault is planted, else the right one.
#[cfg(windrow_planted)]
#[macro_export]
#[doc(hidden)]
macro_rules! fault {
    ($fault:ident: $wrong:expr, $right:expr) => {
        if $crate::planted::is($crate::planted::Fault::$fault) { $wrong } else { $right }
    };
    ($fault:ident: $wrong:expr) => {
        if $crate::planted::is($crate::planted::Fault::$fault) {
            $wrong
        }
    };
}

/// The right expression: no fault is planted in this build.
#[cfg(not(windrow_planted))]
#[macro_export]
#[doc(hidden)]
macro_rules! fault {
    ($fault:ident: $wrong:expr, $right:expr) => {
        $right
    };
    ($fault:ident: $wrong:expr) => {};
}

pub mod bundle;
pub mod change;
pub mod chunk;
pub mod clock;
pub mod codec;
pub mod digest;
pub mod edits;
pub mod fold;
pub mod id;
pub mod log;
pub mod merge;
pub mod message;
pub mod model;
pub mod pace;
#[cfg(windrow_planted)]
pub mod planted;
pub mod record;
pub mod session;
pub mod told;
pub mod value;
pub mod versions;
