//! What stands beside what: the captured table, the plain one, and what capture in plain SQL costs at the very least.

use super::Failure;
use super::visit::FIGURES;
use std::path::Path;
use windrow::Store;
use windrow::rusqlite::Connection;

/// One of the tables that are given the same work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Without a log and triggers.
    Plain,
    /// As Windrow makes it.
    Captured,
    /// Plain, with a trigger that does nothing.
    Nothing,
    /// Plain, with a trigger that writes an empty row to a log.
    Empty,
    /// Plain, with a trigger that stamps and logs all values by the straightforward way: a REPLACE escapes it.
    Simple,
    /// Plain, with triggers that log an empty row of each write: the least that gives all tables one order.
    Ordered,
    /// The table as others declare it, its ids as text. Without a log and triggers.
    PlainText,
    /// That table under our triggers, put there by hand.
    CapturedText,
}

/// The table on which others were measured.
const TEXT: &str = "CREATE TABLE visit (
  id TEXT PRIMARY KEY NOT NULL, farm_id TEXT, worker TEXT, crop TEXT, notes TEXT, yield_kg REAL, bags INTEGER,
  status TEXT, lat REAL, lon REAL, recorded_at INTEGER, updated_at INTEGER)";

const NOTHING: &str = "CREATE TRIGGER floor AFTER INSERT ON visit BEGIN SELECT 1; END;";

const EMPTY: &str = "CREATE TABLE floor_log (n INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER floor AFTER INSERT ON visit BEGIN INSERT INTO floor_log (n) VALUES (NULL); END;";

const ORDERED: &str = "CREATE TABLE floor_log (n INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER floor_insert AFTER INSERT ON visit BEGIN INSERT INTO floor_log (n) VALUES (NULL); END;
CREATE TRIGGER floor_update AFTER UPDATE ON visit BEGIN INSERT INTO floor_log (n) VALUES (NULL); END;";

const SIMPLE: &str = "CREATE TABLE floor_state (hlc INTEGER NOT NULL, base INTEGER NOT NULL) STRICT;
INSERT INTO floor_state VALUES (0, 0);
CREATE TABLE floor_log (
  hlc INTEGER PRIMARY KEY, op INTEGER NOT NULL, id BLOB NOT NULL, base INTEGER NOT NULL, mask INTEGER NOT NULL,
  farm_id TEXT, worker TEXT, crop TEXT, notes TEXT, yield_kg REAL, bags INTEGER, status TEXT, lat REAL, lon REAL,
  recorded_at INTEGER, updated_at INTEGER) STRICT;
CREATE TRIGGER floor AFTER INSERT ON visit BEGIN
  UPDATE floor_state SET hlc = max(hlc + 1, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) << 15);
  INSERT INTO floor_log SELECT hlc, 1, NEW.id, base, 0, NEW.farm_id, NEW.worker, NEW.crop, NEW.notes, NEW.yield_kg,
    NEW.bags, NEW.status, NEW.lat, NEW.lon, NEW.recorded_at, NEW.updated_at FROM floor_state;
END;";

impl Side {
    /// Whether its ids are texts.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Side::PlainText | Side::CapturedText)
    }

    /// The log that must hold as many rows as there were writes; none where nothing is logged.
    pub(super) fn log(self) -> Option<&'static str> {
        match self {
            Side::Plain | Side::Nothing | Side::PlainText => None,
            Side::Captured | Side::CapturedText => Some("windrow_log"),
            Side::Empty | Side::Ordered | Side::Simple => Some("floor_log"),
        }
    }
}

/// What the other tables have in common with the captured one: its text, and how SQLite treats the file.
#[derive(Debug)]
pub(super) struct Plan {
    create: String,
    pragmas: String,
}

impl Plan {
    /// Reads both from a device's file.
    pub(super) fn read(store: &Store) -> Result<Plan, Failure> {
        let conn = store.connection()?;
        let text = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'visit'";
        let create = conn.query_row(text, [], |row| row.get(0))?;
        let names = ["page_size", "journal_mode", "synchronous", "foreign_keys", "temp_store", "cache_size"];
        let pragma = |name| {
            let sql = format!("SELECT 'PRAGMA {name} = ' || {name} || ';' FROM pragma_{name}");
            conn.query_row(&sql, [], |row| row.get::<_, String>(0))
        };
        Ok(Plan { create, pragmas: names.into_iter().map(pragma).collect::<Result<_, _>>()? })
    }

    /// The text of the captured table.
    pub(super) fn text(&self) -> &str {
        &self.create
    }

    /// The table of this side in a new file.
    pub(super) fn create(&self, path: &Path, side: Side) -> Result<Connection, Failure> {
        match side {
            Side::Plain => self.plain(path, &self.create, ""),
            Side::Nothing => self.plain(path, &self.create, NOTHING),
            Side::Empty => self.plain(path, &self.create, EMPTY),
            Side::Ordered => self.plain(path, &self.create, ORDERED),
            Side::Simple => self.plain(path, &self.create, SIMPLE),
            Side::PlainText => self.plain(path, TEXT, ""),
            Side::Captured => Ok(Store::open(path, &FIGURES)?.connection()?),
            Side::CapturedText => captured_text(path),
        }
    }

    fn plain(&self, path: &Path, table: &str, more: &str) -> Result<Connection, Failure> {
        let conn = Connection::open(path)?;
        conn.execute_batch(&self.pragmas)?;
        conn.execute_batch(table)?;
        conn.execute_batch(more)?;
        Ok(conn)
    }
}

/// A device's file in which the table is another, and log, notes and triggers are made anew for ids that are texts.
fn captured_text(path: &Path) -> Result<Connection, Failure> {
    let conn = Store::open(path, &FIGURES)?.connection()?;
    let read =
        "SELECT type, name, replace(replace(sql, 'windrow_id BLOB', 'windrow_id TEXT'), 'record BLOB', 'record TEXT')
                FROM sqlite_schema WHERE (sql LIKE '%visit%' OR name = 'windrow_log') AND type <> 'view'
                ORDER BY type = 'trigger', rowid";
    let column = |at| move |row: &windrow::rusqlite::Row<'_>| row.get::<_, String>(at);
    let all = |at| conn.prepare(read)?.query_map([], column(at))?.collect::<Result<Vec<_>, _>>();
    let (types, names, texts) = (all(0)?, all(1)?, all(2)?);
    for (name, _) in names.iter().zip(&types).filter(|(_, kind)| *kind == "table") {
        conn.execute_batch(&format!("DROP TABLE {name}"))?;
    }
    for (name, text) in names.iter().zip(&texts) {
        conn.execute_batch(if name == "visit" { TEXT } else { text })?;
    }
    Ok(conn)
}
