//! The stamps of the log, which nobody stores.

use super::*;
use crate::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use windrow_protocol::clock::Origin;
use windrow_protocol::log::Entry;

/// One thing that may happen to a device.
fn happens(device: Device, rng: &mut fastrand::Rng, seq: &mut u64) -> Device {
    match rng.u8(0..10) {
        0..5 => {
            for _ in 0..rng.u8(1..5) {
                device.farm("Kibo", 1);
            }
        }
        5 => {
            // A clock that is set; nobody has seen the stamps of what is written by it.
            let by = rng.i64(-100_000..100_000);
            let conn = device.store.connection().unwrap();
            conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            let insert = "INSERT INTO farm (id, name, cattle) VALUES (randomblob(16), 'Meru', 0)";
            (0..rng.u8(1..4)).for_each(|_| conn.execute(insert, []).map(drop).unwrap());
            let last = device.store.pending_marker().unwrap().cast_signed();
            conn.execute("UPDATE windrow_log SET at = at + ?1 WHERE number > ?2", [by, last]).unwrap();
            conn.execute_batch("COMMIT").unwrap();
        }
        6 => return device.reopened(),
        7 => {
            *seq += 1;
            device.sync(*seq, vec![]);
        }
        8 => {
            // The hub has heard of a clock that is ahead of this one.
            *seq += 1;
            let (session, ahead) = (device.store.session(), rng.i64(0..200_000));
            let highest = Hlc::from_millis(Timestamp::now().millis() + ahead);
            let page = device.page(&Page { highest, ..last(*seq, vec![]) });
            match session.load(true, false).unwrap().outbox {
                Some(_) => session.acknowledge(Some(point(*seq)), &page).unwrap(),
                None => session.keep(&page).unwrap(),
            };
            assert_eq!(session.apply().unwrap(), Applied::Applied);
            assert!(device.store.status().unwrap().clock >= highest);
        }
        _ => {
            let now = Timestamp::from_millis(Timestamp::now().millis() + 300_000);
            device.store.prune(now, Duration::from_millis(rng.u64(0..600_000))).unwrap();
        }
    }
    device
}

fn entries(device: &Device) -> Vec<Entry> {
    device.store.snapshot(log::all).unwrap()
}

/// Whatever happens, an entry keeps the stamp that it was first seen with, stamps rise with the log, those of the view are those
/// that are sent, and what is pending is what the hub does not have.
#[test]
fn an_entry_keeps_its_stamp_whatever_happens() {
    let (mut written, mut pruned) = (0, 0);
    for seed in 0..60 {
        let (mut rng, mut seq, mut device) = (fastrand::Rng::with_seed(seed), 0, Device::new());
        let mut known: BTreeMap<RecordId, (Hlc, Origin)> = BTreeMap::new();
        for step in 0..40 {
            device = happens(device, &mut rng, &mut seq);
            let (view, all) = (device.store.changelog().unwrap(), entries(&device));
            let stamps = |at: usize| (view[at].stamp, view[at].record);
            assert_eq!(
                (0..view.len()).map(stamps).collect::<Vec<_>>(),
                all.iter().map(|e| (e.hlc, e.id)).collect::<Vec<_>>()
            );
            assert!(all.windows(2).all(|pair| pair[0].hlc < pair[1].hlc), "seed {seed}, step {step}");
            for line in &view {
                let first = *known.entry(line.record).or_insert((line.stamp, line.origin));
                assert_eq!((line.stamp, line.origin), first, "seed {seed}, step {step}");
            }
            assert!(all.last().is_none_or(|last| last.hlc <= device.store.status().unwrap().clock));
            pruned += usize::from(known.len() > view.len());
        }
        written += known.len();
    }
    assert!(written > 2_000 && pruned > 600, "it did too little: {written} entries, pruned after {pruned} steps");
}
