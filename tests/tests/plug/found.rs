//! What the plug has found, each with its story.

use crate::{hold, program};
use windrow_tests::plug::disk::Luck;
use windrow_tests::plug::place::{Machine, Place};
use windrow_tests::plug::power::{At, Cut, Killed, Recording};
use windrow_tests::plug::script::Script;

/// Kills a program before each of its syncs, has it started again, and cuts its power at some points of what follows.
fn killed_then_cut(machine: Machine, cut: Cut) {
    let (before, script) = (Place::prepared(false).unwrap(), Script::Session);
    let record = |at| Recording::of(program(), &before, script, Some(Killed { machine, at })).unwrap();
    let syncs = record(u64::MAX).syncs;
    assert!(syncs > 5, "{syncs}");
    for at in 1..=syncs {
        let recording = record(at);
        let points = (0..recording.points()).step_by(recording.points() / 6 + 1);
        let cases: Vec<At> = points.map(|point| At { point, cut, luck: Luck::Nothing, seed: at }).collect();
        hold(&cases, |at| recording.case(*at).map(|()| 1));
    }
}

/// A tablet's program was killed just before it synced the changeset that it had stored. The next one found the changeset in
/// the file, and sent it as it was: synced it was not. The hub committed it, and then the battery fell out. What the hub
/// had was gone from the tablet, and the two disagreed about their past.
#[test]
fn a_changeset_that_a_dead_program_stored_is_synced_before_it_is_sent() {
    killed_then_cut(Machine::Device(1), Cut::Device);
}

/// A hub was killed just before it synced a commit. Started again it found the commit in its file, told the device of it,
/// which asked once more, and everybody else too. Then the power failed, and with it went a commit that had been answered.
#[test]
fn a_commit_that_a_dead_hub_left_is_synced_before_it_is_answered() {
    killed_then_cut(Machine::Hub, Cut::Hub);
}
