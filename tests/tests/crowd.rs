//! Crowds before a hub, smaller than those of the figures. Of times nothing is tested but that they end: machines differ.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use indicatif::ProgressBar;
use windrow_tests::crowd::herd::Herd;
use windrow_tests::crowd::slow::Slow;

/// A few hundred connections that say nothing, or speak byte by byte, kept all tablets out until somebody restarted the server.
#[test]
fn honest_devices_sync_beside_a_crowd_that_keeps_the_hub_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let slow = Slow { slow: 300, devices: 10, sessions: 3, records: 500 };
    let run = slow.run(env!("CARGO_BIN_EXE_slow").as_ref(), dir.path());
    let seen = tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
    assert_eq!((seen.slow, seen.took.len()), (300, 30));
    assert!(seen.memory.is_none_or(|mib| mib < 256.0), "{seen:?}");
}

/// A district's tablets come back from a day without a network at the same moment: some were told that the hub is busy after
/// their commit, and sent it again.
#[test]
fn a_herd_loses_nothing_and_nothing_counts_twice() {
    let dir = tempfile::tempdir().unwrap();
    let herd = Herd { devices: 200, changes: 20, records: 100, progress: ProgressBar::hidden() };
    let run = herd.run(env!("CARGO_BIN_EXE_herd").as_ref(), dir.path());
    let seen = tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
    assert_eq!(herd.progress.position(), 400);
    assert!(seen.equal >= seen.sent && seen.memory.is_none_or(|mib| mib < 256.0), "{seen:?}");
}
