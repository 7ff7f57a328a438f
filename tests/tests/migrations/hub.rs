//! A hub's file. What is packed in it waits for the program; see `Afterwards`.

use crate::pair::Pair;
use crate::{device, file};
use windrow::Store;
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow_schema::lock::Table;
use windrow_schema::sql::migrate::Script;
use windrow_schema::sql::quoted;
use windrow_tests::product::hub::Hub;
use windrow_tests::versions::{domain, fill};

pub(crate) fn migrates(pair: &Pair) {
    let (dir, seed) = (tempfile::tempdir().unwrap(), pair.seed);
    let path = dir.path().join("hub.db");
    let before = domain(pair.before()).unwrap();
    let hub = Hub::open(&path, before).unwrap();
    let store = Store::open(dir.path().join("device.db"), before).unwrap();
    fill(&store.connection().unwrap(), &mut pair.rng(), pair.before(), 60);
    device::sync(&store, &hub).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    drop(hub);

    let conn = Connection::open(&path).unwrap();
    let tell = "INSERT INTO windrow_conflicts VALUES (?1, zeroblob(16), 1, ?2, 1, '')";
    for (at, table) in pair.before().iter().enumerate() {
        conn.execute(tell, (at as i64, &table.name)).unwrap();
    }
    let rows: Vec<_> = pair.kept().iter().map(|k| file::rows(&conn, k.before)).collect();
    let versions: Vec<_> = pair.kept().iter().map(|k| states(&conn, k.before)).collect();
    drop(conn);
    let script = Script::hub(&pair.plan).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    file::migrate(&path, &script, seed);

    let fresh = dir.path().join("fresh.db");
    drop(Hub::open(&fresh, domain(pair.now()).unwrap()).unwrap());
    let (conn, fresh) = (Connection::open(&path).unwrap(), Connection::open(fresh).unwrap());
    assert_eq!(file::everything(&conn), file::everything(&fresh), "seed {seed}");
    for ((kept, rows), versions) in pair.kept().iter().zip(rows).zip(versions) {
        let rows: Vec<_> = rows.iter().map(|row| file::expected(kept, row)).collect();
        assert_eq!(file::rows(&conn, kept.now), rows, "seed {seed}: {}", kept.now.name);
        assert_eq!(states(&conn, kept.now), versions, "seed {seed}: {}", kept.now.name);
    }
    let places = file::read(&conn, "SELECT position, tbl FROM windrow_conflicts ORDER BY position");
    let wanted = pair.now().iter().enumerate().filter(|(_, t)| pair.kept().iter().any(|k| k.now.name == t.name));
    let wanted: Vec<_> = wanted.map(|(at, t)| vec![Value::Integer(at as i64), Value::Text(t.name.clone())]).collect();
    assert_eq!(places, wanted, "seed {seed}");
}

/// What stands beside the records, as it is packed.
fn states(conn: &Connection, table: &Table) -> Vec<Vec<Value>> {
    let versions = quoted(&format!("windrow_versions_{}", table.name));
    read(conn, &versions)
}

fn read(conn: &Connection, versions: &str) -> Vec<Vec<Value>> {
    let own = "\"id\", windrow_scope, windrow_seq, windrow_born, windrow_died, windrow_inserted, windrow_packed";
    file::read(conn, &format!("SELECT {own} FROM {versions} ORDER BY \"id\""))
}
