//! A long log goes in slices. Until it did, a device with 200,000 new records could send none of them.

use super::*;
use std::collections::BTreeSet;
use windrow_protocol::change::End;

const FARM: usize = 0;

/// What the device sends, slice after slice of so many bytes, each committed by a hub that has nothing to tell.
fn slices(device: &Device, bytes: usize) -> Vec<Changeset> {
    let session = device.store.session().in_slices(bytes);
    let (mut sent, mut behind) = (Vec::new(), true);
    while behind {
        let loaded = session.load(true, false).unwrap();
        behind = loaded.behind;
        sent.push(device.decode(&loaded.outbox.unwrap().payload));
        let seq = device.store.status().unwrap().checkpoint.seq.bits() + 1;
        session.acknowledge(Some(point(seq)), &device.page(&last(seq, vec![]))).unwrap();
        assert_eq!(session.apply().unwrap(), Applied::Applied);
    }
    assert_eq!(session.load(true, false).unwrap().outbox, None, "nothing is left");
    sent
}

fn spans(sent: &[Changeset]) -> Vec<(Hlc, Hlc)> {
    sent.iter().flat_map(|c| &c.spans).map(|s| (s.after, s.upto)).collect()
}

#[test]
fn each_slice_begins_where_the_last_one_ended() {
    let device = Device::new();
    let farms: BTreeSet<_> = (0..50).map(|n| device.farm(&format!("Kibo {n}"), n).record()).collect();
    let log = device.store.changelog().unwrap();
    let sent = slices(&device, 1_000);
    assert!(sent.len() >= 5, "{}", sent.len());
    let bounds = spans(&sent);
    assert!(bounds.windows(2).all(|two| two[0].1 == two[1].0), "{bounds:?}");
    assert_eq!((bounds[0].0, bounds[bounds.len() - 1].1), (Hlc::ZERO, log[49].stamp));
    assert_eq!(sent.iter().flat_map(|c| &c.changes).map(|c| c.id).collect::<BTreeSet<_>>(), farms);
}

#[test]
fn what_was_cut_is_sent_as_it_was_stored_by_whoever_comes_next() {
    let device = Device::new();
    for n in 0..50 {
        device.farm("Kibo", n);
    }
    let first = device.store.session().in_slices(1_000).load(true, false).unwrap();
    assert!(first.behind && !first.stored_before);
    let device = device.reopened();
    let again = device.store.session().load(true, false).unwrap();
    assert_eq!((again.outbox, again.behind, again.stored_before), (first.outbox, true, true));
}

#[test]
fn what_a_foreign_key_did_stays_with_the_delete_that_made_it() {
    let device = Device::new();
    let farms: Vec<_> = (0..3).map(|n| device.farm("Kibo", n)).collect();
    for farm in &farms {
        for _ in 0..20 {
            device.plot(*farm);
        }
    }
    slices(&device, usize::MAX);
    for farm in &farms {
        assert!(device.store.delete(*farm).unwrap());
    }
    let sent = slices(&device, 300);
    assert_eq!(sent.len(), 3, "one is a slice, though it is too heavy");
    for changeset in &sent {
        let (farms, plots): (Vec<_>, Vec<_>) = changeset.changes.iter().partition(|c| c.table == FARM);
        assert_eq!((farms.len(), farms[0].end), (1, End::Delete));
        assert!(plots.len() == 20 && plots.iter().all(|p| p.end == End::Cascade));
    }
}

#[test]
fn a_reference_is_not_sent_before_what_it_names() {
    let device = Device::new();
    let plot = |n: u8, farm: u8| {
        format!("INSERT INTO plot (id, farm_id, variety) VALUES (x'{n:02x}', x'{farm:02x}', 'K');")
            .replace("x'", &format!("x'{:030}", 0))
    };
    let farm = |n: u8| format!("INSERT INTO farm (id, name, cattle) VALUES (x'{:030}{n:02x}', 'K', 0);", 0);
    let conn = device.store.connection().unwrap();
    for n in 0..3 {
        let plots: String = (0..10).map(|m| plot(n * 10 + m, 200 + n)).collect();
        conn.execute_batch(&format!("BEGIN; PRAGMA defer_foreign_keys = ON; {plots} {} COMMIT;", farm(200 + n)))
            .unwrap();
    }
    drop(conn);
    let sent = slices(&device, 200);
    assert_eq!(sent.iter().map(|c| c.changes.len()).collect::<Vec<_>>(), [11, 11, 11]);
}

#[test]
fn what_is_deleted_and_inserted_anew_is_one_write() {
    let device = Device::new();
    let farms: Vec<_> = (0..30).map(|n| device.farm("Kibo", n)).collect();
    slices(&device, usize::MAX);
    let conn = device.store.connection().unwrap();
    for farm in &farms {
        let id = farm.to_string();
        let again = "CREATE TEMP TABLE kept AS SELECT * FROM farm WHERE id = uuid; DELETE FROM farm WHERE id = uuid;
                     INSERT INTO farm SELECT id, name, phone, cattle + 1 FROM kept; DROP TABLE kept;";
        conn.execute_batch(&again.replace("uuid", &format!("x'{}'", id.replace('-', "")))).unwrap();
    }
    drop(conn);
    let sent = slices(&device, 500);
    let changes: Vec<_> = sent.iter().flat_map(|c| &c.changes).collect();
    assert!(sent.len() > 3 && changes.len() == farms.len(), "{} {}", sent.len(), changes.len());
    assert!(changes.iter().all(|c| c.end == End::Alive && c.again));
}
