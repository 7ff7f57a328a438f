//! Where stories are played: a hub and tablets, on files and sockets, with clocks that stand where the story says.

use super::domain::{Gate, Season, Task, Treatment};
use crate::field::Hub;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use survey::{Farm, Plot, Visit, Worker};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use windrow::hub::SqliteHub;
use windrow::protocol::clock::Hlc;
use windrow::protocol::log::About;
use windrow::protocol::session::Finish;
use windrow::protocol::value::Value;
use windrow::rusqlite::types::Value as Sql;
use windrow::rusqlite::{Connection, OpenFlags};
use windrow::store::{Answer, Conflict};
use windrow::{Endpoint, Store};
use windrow_tests::product::log;

windrow::domain!(pub(crate) STORIES = [Farm, Plot, Worker, Visit, Gate, Treatment, Season, Task]);

/// Midnight of the day on which all stories happen: later than any machine's clock, because a tablet's never goes back.
const DAY: i64 = 4_102_444_800_000;
const MINUTE: i64 = 60_000;

pub(crate) struct Stage {
    folder: TempDir,
    hub: Hub,
    runtime: Runtime,
    now: Arc<AtomicI64>,
    tablets: BTreeMap<String, Tablet>,
}

struct Tablet {
    store: Store,
    /// By how many minutes its clock is fast.
    fast: i64,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(DAY));
        let clock = now.clone();
        let hub = SqliteHub::open(folder.path().join("hub.db")).unwrap().clock(move || clock.load(Ordering::Relaxed));
        let hub = Hub::start(hub, &STORIES);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Stage { folder, hub, runtime, now, tablets: BTreeMap::new() }
    }

    pub(crate) fn enter(&mut self, who: &str) {
        let store = Store::open(self.file(who), &STORIES).unwrap();
        self.tablets.insert(who.into(), Tablet { store, fast: 0 });
    }

    fn file(&self, who: &str) -> PathBuf {
        self.folder.path().join(format!("{who}.db"))
    }

    /// The time of the day, in minutes since midnight.
    pub(crate) fn now(&self) -> i64 {
        (self.now.load(Ordering::Relaxed) - DAY) / MINUTE
    }

    pub(crate) fn set_now(&self, now: i64) {
        self.now.store(DAY + now * MINUTE, Ordering::Relaxed);
    }

    pub(crate) fn set_clock(&mut self, who: &str, fast: i64) {
        self.tablets.get_mut(who).unwrap().fast = fast;
    }

    /// The tablet, its clock where it stands now.
    fn at_work(&self, who: &str) -> &Store {
        let tablet = &self.tablets[who];
        let before = Hlc::from_millis(DAY + (self.now() + tablet.fast) * MINUTE).bits() - 1;
        log::raise(&tablet.store.connection().unwrap(), before).unwrap();
        &tablet.store
    }

    pub(crate) fn run(&self, who: &str, sql: &str) -> Result<(), String> {
        let connection = self.at_work(who).connection().map_err(|e| e.to_string())?;
        connection.execute_batch(sql).map_err(|e| e.to_string())
    }

    pub(crate) fn sync(&self, who: &str) {
        let endpoint = Endpoint::new(&format!("http://{}", self.hub.address())).unwrap();
        let end = self.runtime.block_on(windrow::sync(&self.tablets[who].store, &endpoint));
        assert_eq!(end.unwrap(), Finish::InSync);
        let refused = self.tablets[who].store.refused().unwrap();
        assert!(refused.is_empty(), "{who}: {refused:?}");
    }

    /// What a query shows there, or in the hub's file where `who` is no tablet.
    pub(crate) fn shows(&self, who: &str, sql: &str) -> String {
        match self.tablets.get(who) {
            Some(tablet) => rows(&tablet.store.connection().unwrap(), sql),
            None => rows(&self.hub_file(), sql),
        }
    }

    fn hub_file(&self) -> Connection {
        Connection::open_with_flags(self.file("hub"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// The conflict that is open there, in a story's words. Of the hub only whether there is any.
    pub(crate) fn asked(&self, who: &str) -> Asked {
        let Some(tablet) = self.tablets.get(who) else {
            return Asked::At(rows(&self.hub_file(), "SELECT count(*) FROM windrow_conflicts") != "0");
        };
        let open = tablet.store.conflicts().unwrap();
        Asked::Is(match open.as_slice() {
            [] => "none".to_owned(),
            [one] => in_words(one),
            more => panic!("{who} has {} conflicts", more.len()),
        })
    }

    /// Decides the only conflict: to keep, to delete, or for a candidate.
    pub(crate) fn decide(&self, who: &str, answer: &str) {
        let store = self.at_work(who);
        let open = store.conflicts().unwrap();
        let [conflict] = open.as_slice() else { panic!("{who} has {} conflicts", open.len()) };
        let candidate = || candidates(conflict).iter().position(|c| c == answer);
        let answer = match answer {
            "keep" => Answer::Keep,
            "delete" => Answer::Delete,
            other => Answer::Candidate(candidate().unwrap_or_else(|| panic!("{other:?} is not to choose"))),
        };
        store.resolve(conflict, answer).unwrap();
    }
}

/// A conflict, or that there is none.
#[derive(Debug)]
pub(crate) enum Asked {
    Is(String),
    /// Whether there is any.
    At(bool),
}

impl Asked {
    pub(crate) fn is(&self, said: &str) -> bool {
        match self {
            Asked::Is(what) => what == said,
            Asked::At(any) => *any == (said != "none"),
        }
    }
}

fn in_words(conflict: &Conflict) -> String {
    match conflict.about {
        About::Fields => candidates(conflict).join(" or "),
        About::Delete => "keep or delete".into(),
        About::Unique(_) => format!("two with one {}", conflict.fields.join(", ")),
    }
}

fn candidates(conflict: &Conflict) -> Vec<String> {
    conflict.candidates.iter().map(|c| c.values.iter().map(plain).collect::<Vec<_>>().join(" ")).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "empty".into(),
        Value::Integer(n) => n.to_string(),
        Value::Real(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(_) => "an id".into(),
    }
}

/// Rows by commas, their columns by spaces; without a row, `gone`.
fn rows(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let columns = statement.column_count();
    let row = |row: &windrow::rusqlite::Row<'_>| (0..columns).map(|c| row.get::<_, Sql>(c).map(shown)).collect();
    let rows: Vec<Vec<String>> = statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
    match rows.is_empty() {
        true => "gone".into(),
        false => rows.iter().map(|r| r.join(" ")).collect::<Vec<_>>().join(", "),
    }
}

fn shown(value: Sql) -> String {
    plain(&match value {
        Sql::Null => Value::Null,
        Sql::Integer(n) => Value::Integer(n),
        Sql::Real(n) => Value::Real(n),
        Sql::Text(text) => Value::Text(text),
        Sql::Blob(bytes) => Value::Blob(bytes),
    })
}
