//! A hub's file.

use crate::pair::Pair;
use crate::{device, file};
use windrow::Store;
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow_tests::product::hub::Hub;
use windrow_tests::versions::fill;

pub(crate) fn migrates(pair: &Pair) {
    let (dir, seed) = (tempfile::tempdir().unwrap(), pair.seed);
    let (path, [before, now]) = (dir.path().join("hub.db"), pair.domains());
    let hub = Hub::open(&path, before).unwrap();
    let store = Store::open(dir.path().join("device.db"), before).unwrap();
    fill(&store.connection().unwrap(), &mut pair.rng(), pair.before(), 60);
    device::sync(&store, &hub).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    drop((hub, store));

    let conn = Connection::open(&path).unwrap();
    let tell = "INSERT INTO windrow_conflicts VALUES (?1, zeroblob(16), 1, ?2, 1, '')";
    for (at, table) in pair.before().iter().enumerate() {
        conn.execute(tell, (at as i64, &table.name)).unwrap();
    }
    let rows: Vec<_> = pair.kept().iter().map(|k| file::rows(&conn, k.before)).collect();
    drop(conn);
    let hub = Hub::open(&path, now).unwrap_or_else(|e| panic!("seed {seed}: {e}"));

    let fresh = dir.path().join("fresh.db");
    drop(Hub::open(&fresh, now).unwrap());
    let (conn, fresh) = (Connection::open(&path).unwrap(), Connection::open(fresh).unwrap());
    file::sound(&conn, seed);
    assert_eq!(file::everything(&conn), file::everything(&fresh), "seed {seed}");
    for (kept, rows) in pair.kept().iter().zip(rows) {
        let rows: Vec<_> = rows.iter().map(|row| file::expected(kept, row)).collect();
        assert_eq!(file::rows(&conn, kept.now), rows, "seed {seed}: {}", kept.now.name);
    }
    let places =
        file::read(&conn, "SELECT position, tbl FROM windrow_conflicts WHERE record = zeroblob(16) ORDER BY position");
    let wanted = pair.now().iter().enumerate().filter(|(_, t)| pair.kept().iter().any(|k| k.now.name == t.name));
    let wanted: Vec<_> = wanted.map(|(at, t)| vec![Value::Integer(at as i64), Value::Text(t.name.clone())]).collect();
    assert_eq!(places, wanted, "seed {seed}");
    drop(conn);
    tells(pair, &hub, dir.path());
}

/// A new device hears all that the hub shows, and the one that had made it, which migrates too, finds itself equal.
fn tells(pair: &Pair, hub: &Hub, dir: &std::path::Path) {
    let (seed, [_, now]) = (pair.seed, pair.domains());
    for name in ["new.db", "device.db"] {
        let store = Store::open(dir.join(name), now).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        device::sync(&store, hub).unwrap_or_else(|e| panic!("seed {seed}: {name}: {e}"));
        store.verify().unwrap();
        device::sync(&store, hub).unwrap_or_else(|e| panic!("seed {seed}: {name}: {e}"));
        let status = store.status().unwrap();
        assert!(status.verified.is_some() && status.differed.is_none(), "seed {seed}: {name}: {status:?}");
        let (device, hub) = (store.connection().unwrap(), Connection::open(dir.join("hub.db")).unwrap());
        for table in pair.now() {
            assert_eq!(file::rows(&device, table), file::rows(&hub, table), "seed {seed}: {name}: {}", table.name);
        }
    }
}
