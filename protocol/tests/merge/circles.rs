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

/// The same with fourteen plots, a visit to each, and on each visit a sample of every other plot. Whoever asked who holds whom
/// one by one went all ways through all of them, and the hub answered nobody any more: one of the simulator's worlds stood
/// still for ten minutes.
#[test]
fn what_is_woven_into_rings_is_settled_all_the_same() {
    const PLOTS: u8 = 14;
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![change(key(FARM, 1), 0, at(0)).born().set(3, int(1))]));
    hub.commit(sent(1, 1, vec![change(key(FARM, 1), 1, at(1)).deleted()]));
    let new = |table, n| change(key(table, n), 1, at(2)).born();
    let (plot, visit) = (|i: u8| 10 + i, |i: u8| 40 + i);
    let mut work = Vec::new();
    for i in 0..PLOTS {
        work.push(new(PLOT, plot(i)).set(0, refers(1)));
        work.push(new(VISIT, visit(i)).set(0, refers(plot(i))));
    }
    let pairs = (0..PLOTS).flat_map(|i| (0..PLOTS).filter(move |j| *j != i).map(move |j| (i, j)));
    for (n, (i, j)) in pairs.enumerate() {
        work.push(new(SAMPLE, 70 + n as u8).set(0, refers(visit(i))).set(1, refers(plot(j))));
    }
    hub.commit(sent(2, 1, work));
    assert!(hub.records.values().all(|r| !r.alive), "they hold each other, and nothing holds them");
}
