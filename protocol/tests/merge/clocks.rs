use crate::hub::{FARM, Hub, NOW_MS, Say, at, change, int, key, sent};
use windrow_protocol::clock::{DeviceId, Hlc};

fn farm(hlc: Hlc, base: u64, name: i64) -> windrow_protocol::change::Change {
    change(key(FARM, 1), base, hlc).set(0, int(name))
}

fn new_farm(hlc: Hlc) -> windrow_protocol::change::Change {
    change(key(FARM, 1), 0, hlc).born().set(0, int(0)).add(1, 0).set(2, int(0)).set(3, int(0))
}

#[test]
fn a_stamp_up_to_five_minutes_ahead_counts_as_it_is() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(at(299))]));
    assert_eq!(hub.record(key(FARM, 1)).fields[0].stamp.hlc, at(299));
    assert_eq!(hub.moment.highest, at(299));
}

/// A tablet set to 2038 would win every field until then, and through the highest stamp push everyone's clock there.
#[test]
fn nobody_wins_for_years_by_a_wrong_clock() {
    let mut hub = Hub::new();
    let years = 12 * 365 * 86_400;
    hub.commit(sent(1, 0, vec![new_farm(at(years))]));
    let stamp = hub.record(key(FARM, 1)).fields[0].stamp.hlc;
    assert!(stamp <= Hlc::from_millis(NOW_MS + 1), "{stamp:?}");
    assert!(hub.moment.highest <= Hlc::from_millis(NOW_MS + 1), "nobody is told of 2038");

    hub.moment.now_ms += 10_000;
    hub.moment.device_highest = Hlc::ZERO; // of the other device
    hub.commit(sent(2, 1, vec![farm(at(8), 1, 7)]));
    assert_eq!(hub.shows(key(FARM, 1), 0), int(7));
}

#[test]
fn the_order_within_a_device_is_kept_across_commits_and_a_mended_clock() {
    let mut hub = Hub::new();
    let wrong = 86_400;
    hub.commit(sent(1, 0, vec![new_farm(at(wrong))]));
    let first = hub.record(key(FARM, 1)).fields[0].stamp.hlc;
    // The device's own clock never goes back, however its wall clock was mended.
    hub.commit(sent(1, 1, vec![farm(at(wrong).next(), 1, 2)]));
    let second = hub.record(key(FARM, 1)).fields[0].stamp.hlc;
    assert!(first < second);
    assert_eq!(hub.shows(key(FARM, 1), 0), int(2));
}

#[test]
fn within_a_changeset_too() {
    let mut hub = Hub::new();
    let other = change(key(FARM, 2), 0, at(86_401)).born().set(0, int(0)).add(1, 0).set(2, int(0)).set(3, int(0));
    hub.commit(sent(1, 0, vec![new_farm(at(86_400)), other]));
    let stamp = |n| hub.record(key(FARM, n)).fields[0].stamp.hlc;
    assert!(stamp(1) < stamp(2));
    assert!(stamp(2) < at(1));
    assert_eq!(hub.history[0].device, DeviceId::from_bits(1).unwrap());
}
