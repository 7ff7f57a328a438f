//! Records that hold each other, and by that nothing else.

use crate::hub::{FARM, Hub, PLOT, SAMPLE, Say, VISIT, at, change, int, key, refers, sent};

/// Ann deletes a farm. Ben, who has not heard of it, plants two plots there and takes a sample of each on one visit. A sample
/// needs its plot, but goes with the visit, the visit with its plot, the plots with the farm: nothing holds the farm but what
/// goes with it. It came back for everyone: while the hub asked whether the visit goes, it took for granted that it stays.
#[test]
fn what_only_holds_itself_does_not_bring_back_what_it_hangs_on() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![change(key(FARM, 1), 0, at(0)).born().set(3, int(1))]));
    hub.commit(sent(1, 1, vec![change(key(FARM, 1), 1, at(1)).deleted()]));
    let new = |table, n| change(key(table, n), 1, at(2)).born();
    let work = vec![
        new(PLOT, 2).set(0, refers(1)),
        new(PLOT, 3).set(0, refers(1)),
        new(VISIT, 4).set(0, refers(3)),
        new(SAMPLE, 5).set(0, refers(4)).set(1, refers(3)),
        new(SAMPLE, 6).set(0, refers(4)).set(1, refers(2)),
    ];
    hub.commit(sent(2, 1, work));
    let living: Vec<_> = hub.records.iter().filter(|(_, r)| r.alive).map(|(key, _)| *key).collect();
    assert_eq!(living, []);
}
