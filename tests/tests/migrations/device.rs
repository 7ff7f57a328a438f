//! A device's file.

use crate::pair::Pair;
use crate::{entries, file};
use fastrand::Rng;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow::{Domain, Store};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Session};
use windrow_schema::Strategy;
use windrow_schema::lock::{Column, Table};
use windrow_schema::sql::migrate::Script;
use windrow_schema::sql::{literals, quoted};
use windrow_tests::product::hub::Hub;
use windrow_tests::schemas::widen;
use windrow_tests::versions::fill;

fn script(pair: &Pair) -> Script {
    Script::device(&pair.plan).unwrap_or_else(|e| panic!("seed {}: {e}", pair.seed))
}

/// A file of the version before in which somebody has worked. Decisions are pending too, if wanted.
fn worked(pair: &Pair, before: &'static Domain, dir: &Path, decisions: bool) -> PathBuf {
    let (path, mut rng) = (dir.join("device.db"), pair.rng());
    let store = Store::open(&path, before).unwrap_or_else(|e| panic!("seed {}: {e}", pair.seed));
    let conn = store.connection().unwrap();
    fill(&conn, &mut rng, pair.before(), 60);
    // The device's own answers to conflicts stand in its log too.
    for table in pair.before().iter().filter(|_| decisions) {
        decide(&conn, &mut rng, table);
    }
    let told = "INSERT INTO windrow_conflicts VALUES (?1, zeroblob(16), 'delete', '[]', 1, '[]', NULL, NULL)";
    for table in pair.before().iter().filter(|_| decisions) {
        conn.execute(told, [&table.name]).unwrap();
    }
    path
}

fn decide(conn: &Connection, rng: &mut Rng, table: &Table) {
    let decided = |(at, column): (usize, &Column)| match (column.strategy, column.unique) {
        (Strategy::Review, _) if !table.whole => Some((6, Some(at))),
        (_, true) => Some((8, Some(at))),
        _ => None,
    };
    let undone = (rng.u8(..3) == 0).then_some((7, None));
    for (op, field) in table.columns.iter().enumerate().filter_map(decided).chain(undone) {
        let set = |mask: usize| field.filter(|at| at / 63 == mask).map_or(0, |at| 1_i64 << (at % 63));
        let masks = 0..table.columns.len().div_ceil(63);
        let names: String = masks.clone().map(|m| format!(", mask{m}")).collect();
        let values: String = masks.map(|m| format!(", {}", set(m))).collect();
        let table = literals(std::iter::once(table.name.as_str()));
        let sql = format!(
            "INSERT INTO windrow_log (at, \"table\", operation, record, base{names}) \
             VALUES (0, {table}, {op}, zeroblob(16), 0{values})"
        );
        conn.execute_batch(&sql).unwrap();
    }
}

/// Views of the application's: on each table, and on what has changed.
fn look(conn: &Connection, tables: &[Table]) {
    for (at, table) in tables.iter().enumerate() {
        let columns: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
        let view = format!("CREATE VIEW mine_{at} AS SELECT {} FROM {}", columns.join(", "), quoted(&table.name));
        conn.execute_batch(&view).unwrap();
    }
    conn.execute_batch("CREATE VIEW mine AS SELECT \"table\", fields FROM windrow_changelog").unwrap();
}

/// They show what they can still show, and go.
fn looked(conn: &Connection, pair: &Pair) {
    for (at, before) in pair.before().iter().enumerate() {
        let kept = pair.kept().into_iter().find(|k| k.before.name == before.name);
        if kept.is_some_and(|k| (0..before.columns.len()).all(|at| k.now_at(at).is_some())) {
            file::read(conn, &format!("SELECT * FROM mine_{at}"));
        }
        conn.execute_batch(&format!("DROP VIEW mine_{at}")).unwrap();
    }
    file::read(conn, "SELECT * FROM mine");
    conn.execute_batch("DROP VIEW mine").unwrap();
}

/// What the file of a new device has.
fn fresh(domain: &'static Domain, dir: &Path) -> Connection {
    let path = dir.join("fresh.db");
    drop(Store::open(&path, domain).unwrap());
    Connection::open(path).unwrap()
}

pub(crate) fn migrates(pair: &Pair) {
    let (dir, seed) = (tempfile::tempdir().unwrap(), pair.seed);
    let [before, now] = pair.domains();
    let path = worked(pair, before, dir.path(), true);
    let conn = Connection::open(&path).unwrap();
    let rows: Vec<_> = pair.kept().iter().map(|k| file::rows(&conn, k.before)).collect();
    let log: Vec<_> = pair.kept().iter().map(|k| entries::all(&conn, k.before)).collect();
    let places = entries::places(&conn);
    look(&conn, pair.before());
    drop(conn);

    let store = Store::open(&path, now).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    assert_eq!(store.warnings(), [], "seed {seed}");
    let (conn, wanted) = (Connection::open(&path).unwrap(), fresh(now, dir.path()));
    file::sound(&conn, seed);
    assert_eq!(file::objects(&conn), file::objects(&wanted), "seed {seed}");
    backed_up(&store, &path, before, &rows, pair);
    for ((kept, rows), log) in pair.kept().iter().zip(rows).zip(log) {
        let rows: Vec<_> = rows.iter().map(|row| file::expected(kept, row)).collect();
        assert_eq!(file::rows(&conn, kept.now), rows, "seed {seed}: {}", kept.now.name);
        let log: Vec<_> = log.into_iter().filter_map(|entry| entries::expected(kept, entry)).collect();
        assert_eq!(entries::all(&conn, kept.now), log, "seed {seed}: {}", kept.now.name);
    }
    assert_eq!(entries::places(&conn), places, "seed {seed}");
    let kept = |table: &&Table| pair.kept().iter().any(|k| k.now.name == table.name);
    for table in pair.before().iter().chain(pair.now()).filter(|table| !kept(table)) {
        assert_eq!(entries::all(&conn, table), [], "seed {seed}: {}", table.name);
    }

    looked(&conn, pair);
    assert_eq!(file::everything(&conn), file::everything(&wanted), "seed {seed}");
    store.pending().unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    store.conflicts().unwrap_or_else(|e| panic!("seed {seed}: {e}"));
}

/// Where rows are copied, the file as it was stands beside it, for the old program to open.
fn backed_up(store: &Store, path: &Path, before: &'static Domain, rows: &[Vec<Vec<Value>>], pair: &Pair) {
    let (migrated, seed) = (store.migrated().expect("it was of another version"), pair.seed);
    let wanted = (!script(pair).rewrites().is_empty()).then(|| PathBuf::from(format!("{}.v1.backup", path.display())));
    assert_eq!((migrated.from, migrated.to, &migrated.backup), (1, 2, &wanted), "seed {seed}");
    let Some(backup) = wanted else { return };
    let old = Store::open(&backup, before).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let old = old.connection().unwrap();
    for (kept, rows) in pair.kept().iter().zip(rows) {
        assert_eq!(&file::rows(&old, kept.before), rows, "seed {seed}: {}", kept.before.name);
    }
}

pub(crate) fn sends(pair: &Pair) {
    let (dir, seed) = (tempfile::tempdir().unwrap(), pair.seed);
    let [before, now] = pair.domains();
    let path = worked(pair, before, dir.path(), false);
    let (store, hub) = (Store::open(&path, now).unwrap(), Hub::open(&dir.path().join("hub.db"), now).unwrap());
    sync(&store, &hub).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let refused: Vec<_> = store.refused().unwrap().into_iter().map(|r| r.sentence).collect();
    assert_eq!((store.pending().unwrap(), refused), (0, vec![]), "seed {seed}");
    let (device, hub) = (store.connection().unwrap(), Connection::open(dir.path().join("hub.db")).unwrap());
    for table in pair.now() {
        assert_eq!(file::rows(&device, table), file::rows(&hub, table), "seed {seed}: {}", table.name);
    }
}

/// One session with nobody else about.
pub(crate) fn sync(store: &Store, hub: &Hub) -> Result<(), String> {
    let (actions, (mut session, mut action)) = (store.session(), Session::start(Pace::default()));
    loop {
        let event = match action {
            Action::Finish(_) => return Ok(()),
            Action::Send(request) => Event::Answered(hub.answer(&request)?),
            other => match actions.perform(other).map_err(|e| e.to_string())? {
                windrow::store::Next::Event(event) => event,
                other => return Err(format!("{other:?} was to be done")),
            },
        };
        action = session.on(event).map_err(|e| e.to_string())?;
    }
}

pub(crate) fn migrates_in_the_shell(pair: &Pair) {
    let (dir, seed) = (tempfile::tempdir().unwrap(), pair.seed);
    let [before, now] = pair.domains();
    let path = worked(pair, before, dir.path(), true);
    let fields = pair.now().iter().map(|table| table.columns.len()).max().unwrap_or_default();
    widen(&Connection::open(&path).unwrap(), fields).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let text = format!("PRAGMA foreign_keys = OFF;\nBEGIN;\n{}\nCOMMIT;\n", script(pair).text("A test."));
    let mut shell = Command::new("sqlite3").arg("-bail").arg(&path).stdin(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success(), "seed {seed}:\n{text}");
    let wanted = fresh(now, dir.path());
    assert_eq!(file::objects(&Connection::open(&path).unwrap()), file::objects(&wanted), "seed {seed}");
}
