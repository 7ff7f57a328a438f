//! A sample of the plug: the whole is `cargo run --release -p windrow-tests --bin plug -- all`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod found;

use indicatif::ProgressBar;
use std::path::Path;
use windrow_tests::plug::Fault;
use windrow_tests::plug::disk::LUCKS;
use windrow_tests::plug::errors::{Failing, TROUBLES};
use windrow_tests::plug::kill::{Kill, VICTIMS};
use windrow_tests::plug::place::{Machine, Place};
use windrow_tests::plug::power::{At, CUTS, Recording};
use windrow_tests::plug::script::Script;
use windrow_tests::plug::tally::Tally;

/// The program that is both device and hub.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_plug"))
}

/// So many points, spread over all of them.
fn spread(of: u64, points: u64) -> Vec<u64> {
    (1..=of).step_by((of / points).max(1) as usize).collect()
}

fn hold<C: Sync>(cases: &[C], case: impl Fn(&C) -> Result<u64, Fault> + Sync) -> u64 {
    let tally = Tally::of(cases, 2, &ProgressBar::hidden(), case);
    assert!(tally.failures.is_empty(), "{:#?}", tally.failures);
    assert_eq!(tally.tried, cases.len());
    tally.hits
}

#[test]
fn killed_at_any_call_nothing_is_lost_and_the_next_session_completes() {
    for script in [Script::Session, Script::First] {
        let before = Place::prepared(script.is_fresh()).unwrap();
        for victim in VICTIMS {
            let kill = Kill { program: program(), before: &before, script, victim };
            let points = spread(kill.calls().unwrap() * 9 / 10, 12);
            assert!(hold(&points, |at| kill.case(*at).map(u64::from)) >= 10, "most of them died");
        }
    }
}

#[test]
fn after_a_power_cut_at_any_point_what_was_answered_is_there() {
    for script in [Script::First, Script::Together] {
        let before = Place::prepared(script.is_fresh()).unwrap();
        let recording = Recording::of(program(), &before, script, None).unwrap();
        let mut cases = Vec::new();
        for point in spread(recording.points() as u64 - 1, 5) {
            for cut in CUTS {
                cases.extend(LUCKS.map(|luck| At { point: point as usize, cut, luck, seed: point }));
            }
        }
        hold(&cases, |at| recording.case(*at).map(|()| 1));
    }
}

#[test]
fn a_disk_that_fails_for_a_while_loses_nothing_and_says_so() {
    let before = Place::prepared(false).unwrap();
    for machine in [Machine::Device(1), Machine::Hub] {
        for trouble in TROUBLES {
            let failing = Failing { program: program(), before: &before, script: Script::Session, machine, trouble };
            let points = spread(failing.calls().unwrap() * 9 / 10, 8);
            assert!(hold(&points, |from| failing.case(*from)) >= 7, "calls failed");
        }
    }
}
