//! What only a hub on SQLite does: its file.

use crate::TestClock;
use crate::device::{Device, id};
use crate::domain::{FARM, OTHER, PLOT, SURVEY, VISIT, WORKER};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use windrow::hub::{HubStore, OpenError, OpenHub, SqliteHub};
use windrow_protocol::message::{Answer, RefusalCode};
use windrow_protocol::value::Value;

pub(crate) struct SqliteBench {
    dir: tempfile::TempDir,
    clock: TestClock,
}

impl SqliteBench {
    pub(crate) fn new() -> SqliteBench {
        SqliteBench { dir: tempfile::tempdir().unwrap(), clock: TestClock::new() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("hub.db")
    }

    fn sql(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

impl crate::Bench for SqliteBench {
    fn clock(&self) -> &TestClock {
        &self.clock
    }

    fn open(&self, page_records: usize) -> Arc<dyn HubStore> {
        let clock = self.clock.clone();
        let hub = SqliteHub::open(self.path()).unwrap().page_records(page_records).clock(move || clock.now());
        hub.open_for(&SURVEY).unwrap()
    }
}

fn reference(n: u8) -> Value {
    Value::Blob(id(n).0.to_vec())
}

#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let bench = SqliteBench::new();
    bench.sql().execute_batch("CREATE TABLE mine (n); INSERT INTO mine VALUES (1)").unwrap();
    let before = std::fs::read(bench.path()).unwrap();
    let opened = SqliteHub::open(bench.path()).unwrap().open_for(&SURVEY);
    assert!(matches!(opened, Err(OpenError::Foreign { .. })));
    assert_eq!(std::fs::read(bench.path()).unwrap(), before);
    std::fs::write(bench.path(), "no database at all, but long enough to look at").unwrap();
    let opened = SqliteHub::open(bench.path()).unwrap().open_for(&SURVEY);
    assert!(matches!(opened, Err(OpenError::File { .. })));
}

#[test]
fn a_hub_of_another_domain_is_refused() {
    let bench = SqliteBench::new();
    drop(SqliteHub::open(bench.path()).unwrap().open_for(&SURVEY).unwrap());
    let opened = SqliteHub::open(bench.path()).unwrap().open_for(&OTHER);
    assert!(matches!(opened, Err(OpenError::OtherSchema { .. })));
    let open = SqliteHub::open(bench.path()).unwrap().open_for(&SURVEY).unwrap();
    assert!(open.clone().open_for(&SURVEY).is_ok());
    assert!(matches!(open.open_for(&OTHER), Err(OpenError::OtherSchema { .. })));
}

#[tokio::test]
async fn other_programs_read_plain_tables() {
    let bench = SqliteBench::new();
    let hub = crate::Bench::open(&bench, 100);
    let mut a = Device::new(1);
    let farm = a.insert(
        (FARM, id(1)),
        vec!["Kongo", "1", "", ""]
            .into_iter()
            .enumerate()
            .map(|(n, t)| match n {
                2 => Value::Integer(40),
                3 => Value::Null,
                _ => Value::Text(t.into()),
            })
            .collect(),
    );
    a.sync(&*hub, vec![farm]).await;
    let sql = "SELECT name, phone, cattle, code FROM farm WHERE id = ?1";
    let read = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?));
    let row: (String, String, i64, Option<String>) = bench.sql().query_row(sql, [id(1).0], read).unwrap();
    assert_eq!(row, ("Kongo".into(), "1".into(), 40, None));
    let delete = a.delete((FARM, id(1)));
    a.sync(&*hub, vec![delete]).await;
    assert_eq!(bench.sql().query_row("SELECT count(*) FROM farm", [], |r| r.get(0)), Ok(0));
}

/// A column may refuse what the field's kind admits: somebody added a check. The record is named, the rest can come.
#[tokio::test]
async fn a_value_that_the_table_refuses_is_a_refusal() {
    let bench = SqliteBench::new();
    let hub = crate::Bench::open(&bench, 100);
    bench
        .sql()
        .execute_batch(
            "CREATE TRIGGER no_elbe BEFORE INSERT ON farm WHEN NEW.name = 'Elbe' BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .unwrap();
    let mut a = Device::new(1);
    let farms = vec![a.farm(1, "Kongo"), a.farm(2, "Elbe")];
    let sent = a.send(farms);
    assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
    let Answer::Refused(refusals) = hub.commit(sent.commit(&a)).await.unwrap() else { panic!("not refused") };
    assert_eq!((refusals[0].key, refusals[0].code), ((FARM, id(2)), RefusalCode::WrongType));
    assert!(Device::mirror(&*hub).await.is_empty());
    let again = a.farm(1, "Kongo");
    a.sync(&*hub, vec![again]).await;
}

#[tokio::test]
async fn every_record_knows_its_scope() {
    let bench = SqliteBench::new();
    let hub = crate::Bench::open(&bench, 100);
    let mut a = Device::new(1);
    let worker = |n: u8, boss: Value, a: &mut Device| a.insert((WORKER, id(n)), vec![Value::Text("Ada".into()), boss]);
    let changes = vec![
        a.farm(1, "Kongo"),
        a.farm(2, "Elbe"),
        a.insert((PLOT, id(3)), vec![reference(1), Value::Null]),
        worker(4, Value::Null, &mut a),
        a.insert((VISIT, id(5)), vec![reference(4), reference(3)]),
        a.insert((VISIT, id(6)), vec![Value::Null, reference(3)]),
        // These two are each other's boss: a circle ends somewhere.
        worker(7, reference(8), &mut a),
        worker(8, reference(7), &mut a),
    ];
    a.sync(&*hub, changes).await;
    let scope = |table: &str, n: u8| -> Option<[u8; 16]> {
        let sql = format!("SELECT windrow_scope FROM windrow_versions_{table} WHERE id = ?1");
        bench.sql().query_row(&sql, [id(n).0], |r| r.get(0)).unwrap()
    };
    assert_eq!(scope("farm", 1), Some(id(1).0));
    assert_eq!([scope("plot", 3), scope("visit", 5), scope("visit", 6)], [Some(id(1).0); 3]);
    assert_eq!([scope("worker", 4), scope("worker", 7), scope("worker", 8)], [None; 3]);
    // A plot that moves to another farm takes along what hangs on it, though nobody wrote to that.
    let moves = a.set((PLOT, id(3)), 0, reference(2));
    a.sync(&*hub, vec![moves]).await;
    assert_eq!([scope("plot", 3), scope("visit", 5), scope("visit", 6)], [Some(id(2).0); 3]);
}
