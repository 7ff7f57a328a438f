//! Links that drop: a backlog arrives all the same, and costs little more than the losses demand.
#![allow(clippy::unwrap_used, clippy::panic)]

use windrow_tests::links::{Place, Quality};

/// Two bars of a signal: 8 kbit/s, two seconds each way, three of ten requests and of ten answers lost, cut every 20 seconds,
/// so that a contact carries less than 20 KB. `links` does the same with 5 MB.
const POOR: Quality = Quality { rate: 1_000, latency: 2_000, lost: 30, contact: 20_000 };

#[test]
fn a_backlog_gets_through_a_link_that_drops() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path()).unwrap();
    let field = place.device("field.db").unwrap();
    place.write(&field, 1_800).unwrap();
    let sent = place.sync(&field, POOR, 7).unwrap();
    assert!(sent.payload > 80_000 && sent.contacts > 10, "{sent:?}");
    assert!(sent.over(POOR) <= 1.5, "{:.2} times what the losses demand: {sent:?}", sent.over(POOR));
    // Some contacts lose all, or all but a question. Wherever more came through, it is kept.
    assert_eq!(sent.futile, 0, "{sent:?}");
    let told = place.sync(&place.device("new.db").unwrap(), POOR, 7).unwrap();
    assert!(told.payload > 80_000 && told.futile == 0, "{told:?}");
}
