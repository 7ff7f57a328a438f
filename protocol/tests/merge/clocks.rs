use crate::hub::{FARM, Hub, NOW_MS, Say, at, change, int, key, sent, seq};
use windrow_protocol::change::Resolve;
use windrow_protocol::clock::{DeviceId, Hlc};
use windrow_protocol::log::About;

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

/// Ama's phone is four minutes ahead, and what she wrote counted as it was. Kofi's tablet stood in 2038. It showed him her name
/// for the farm, and he corrected it. His correction was brought back to the hub's own time, which is before hers: it lost to
/// the name that he had replaced, and his tablet showed him that name again.
#[test]
fn who_corrects_what_he_sees_wins_though_his_clock_is_wrong() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(at(240))]));
    hub.commit(sent(2, 1, vec![farm(at(12 * 365 * 86_400), 1, 7)]));
    assert_eq!(hub.shows(key(FARM, 1), 0), int(7));
    // Ama sees it, and has the last word: her clock was raised to what she heard of.
    hub.commit(sent(1, 2, vec![farm(hub.moment.highest.next(), 2, 8)]));
    assert_eq!(hub.shows(key(FARM, 1), 0), int(8));
    assert!(hub.moment.highest < at(241), "nobody gets further ahead by that");
}

/// Five tablets of 2038 wrote after a phone that was five minutes ahead, so the hub had merged stamps a little beyond what it
/// lets pass. Then a phone wrote twice that was just beyond that too. Had its first stamp been brought "back" above them all, the
/// second, a moment later within the bound, would have lost to it.
#[test]
fn nothing_is_brought_back_to_a_later_time() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(at(300))]));
    for tablet in 2..7 {
        hub.commit(sent(tablet, 0, vec![farm(at(86_400), 0, 0)]));
    }
    let first = at(300).next().next();
    assert!(first < hub.moment.highest);
    hub.commit(sent(9, 0, vec![farm(first, 0, 1)]));
    hub.moment.now_ms += 1;
    hub.commit(sent(9, 0, vec![farm(first.next(), 0, 2)]));
    let stamps: Vec<_> = hub.history.iter().rev().take(2).map(|line| line.stamp.hlc).collect();
    assert_eq!(stamps, [first.next(), first]);
}

/// A decision made at the hub comes after all that the hub was told, so it may be five minutes ahead itself. While the hub's own
/// clock followed it there, the next phone could be ten minutes ahead, and the one after the next decision fifteen.
#[test]
fn decisions_do_not_push_the_hubs_clock() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![new_farm(at(299))]));
    let owners = |device, n| sent(device, 1, vec![change(key(FARM, 1), 1, at(n)).set(2, int(n))]);
    hub.commit(owners(2, 1));
    let seen = hub.commit(owners(3, 2));
    let chosen = vec![(2, int(5))];
    hub.resolve(key(FARM, 1), Resolve { about: About::Fields, chosen, hlc: Hlc::ZERO, base: seen });
    assert_eq!(hub.shows(key(FARM, 1), 2), int(5), "it comes after all that the reviewer saw");
    assert_eq!(hub.moment.highest, at(299).next());
    hub.commit(sent(4, 4, vec![farm(at(500), 4, 6)]));
    assert_eq!(hub.shows(key(FARM, 1), 0), int(6));
    assert_eq!(hub.moment.highest, at(299).next().next(), "500 seconds ahead is too far, as before the decision");
    assert_eq!(hub.moment.head, seq(5));
}
