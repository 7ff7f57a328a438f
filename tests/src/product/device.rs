//! A device's file, written by plain SQL and synced by the shipped session.

use super::hub::{self, Conflict, Hub};
use super::{EPOCH_MS, Fault, log};
use crate::bridge;
use crate::history::world::Logged;
use crate::oracle::log::{Kind, Wall, Write};
use crate::oracle::session::{Lost, Synced};
use crate::oracle::{Hlc, Id, Origin, Row, Value, View};
use std::collections::BTreeSet;
use std::path::PathBuf;
use windrow::rusqlite::types::ToSqlOutput;
use windrow::rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};
use windrow::{Domain, Store};
use windrow_protocol::log::About;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Request, Session};

/// A device.
pub struct Device {
    store: Store,
    conn: Connection,
    path: PathBuf,
    domain: &'static Domain,
}

struct Sql(Value);

impl ToSql for Sql {
    fn to_sql(&self) -> windrow::rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Value::Null => Ok(ToSqlOutput::from(windrow::rusqlite::types::Null)),
            Value::Int(n) => Ok(ToSqlOutput::from(n)),
            Value::Ref(id) => Ok(ToSqlOutput::from(id.to_be_bytes().to_vec())),
        }
    }
}

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

impl Device {
    /// The device in this file.
    ///
    /// # Errors
    /// What the product says.
    pub fn open(path: PathBuf, domain: &'static Domain) -> Result<Device, Fault> {
        let store = Store::open(&path, domain).map_err(say)?;
        let conn = store.connection().map_err(say)?;
        Ok(Device { store, conn, path, domain })
    }

    /// Closes the file and opens it again.
    ///
    /// # Errors
    /// What the product says.
    pub fn reopen(&mut self) -> Result<(), Fault> {
        *self = Device::open(self.path.clone(), self.domain)?;
        Ok(())
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The origin under which it is open.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn origin(&self) -> Result<Origin, Fault> {
        let sql = "SELECT origin FROM windrow_origins ORDER BY first DESC LIMIT 1";
        self.conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|o| o as u64).map_err(say)
    }

    /// Sets the clock: the next stamp is this reading, or the one after the last.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_clock(&mut self, clock: Wall) -> Result<(), Fault> {
        log::raise(&self.conn, Wall(EPOCH_MS + clock.0).hlc() - 1)
    }

    /// The last stamp, or where its clock was set to since.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn last_stamp(&self) -> Result<Hlc, Fault> {
        log::last(&self.conn).map(|place| place.clock)
    }

    /// What was logged after this stamp.
    ///
    /// # Errors
    /// What SQLite says; an operation that a history does not know.
    pub fn logged_since(&self, stamp: Hlc) -> Result<Vec<Logged>, Fault> {
        let sql = "SELECT stamp, \"table\", record, operation, fields FROM windrow_changelog WHERE stamp > ?1";
        let mut statement = self.conn.prepare_cached(sql).map_err(say)?;
        let mut rows = statement.query([stamp as i64]).map_err(say)?;
        let mut logged = Vec::new();
        while let Some(row) = rows.next().map_err(say)? {
            let (hlc, table): (i64, String) = (row.get(0).map_err(say)?, row.get(1).map_err(say)?);
            let (id, operation): ([u8; 16], String) = (row.get(2).map_err(say)?, row.get(3).map_err(say)?);
            let fields: String = row.get(4).map_err(say)?;
            let table = self.domain.tables.iter().find(|t| t.model.name == table).ok_or("an unknown table")?;
            let kind = match operation.as_str() {
                "insert" => Kind::Insert,
                "update" => Kind::Update,
                "delete" => Kind::Delete,
                "cascade" => Kind::Cascade,
                "stale" => {
                    let named = |f: &&windrow_protocol::model::Field| fields.contains(&format!("\"{}\"", f.name));
                    Kind::Stale(table.model.fields.iter().find(named).ok_or("an unknown field")?.name)
                }
                other => return Err(format!("the operation {other}")),
            };
            logged.push(Logged { key: (table.model.name, Id::from_be_bytes(id)), kind, hlc: hlc as u64, via: None });
        }
        Ok(logged)
    }

    /// Writes with plain SQL. What a constraint forbids is not done.
    ///
    /// # Errors
    /// Anything else that SQLite says.
    pub fn write(&mut self, write: &Write) -> Result<(), Fault> {
        let (table, id) = write.key();
        let id = id.to_be_bytes().to_vec();
        let done = match write {
            Write::Insert { values, .. } => {
                let row = self.whole(table, values);
                let names: String = row.keys().map(|f| format!(", \"{f}\"")).collect();
                let marks: String = (0..row.len()).map(|i| format!(", ?{}", i + 2)).collect();
                let sql = format!("INSERT INTO \"{table}\" (id{names}) VALUES (?1{marks})");
                self.execute(&sql, id, row)
            }
            Write::Update { values, .. } if values.is_empty() => Ok(0),
            Write::Update { values, .. } => {
                let set: Vec<_> = values.keys().enumerate().map(|(i, f)| format!("\"{f}\" = ?{}", i + 2)).collect();
                self.execute(&format!("UPDATE \"{table}\" SET {} WHERE id = ?1", set.join(", ")), id, values.clone())
            }
            Write::Delete { .. } => self.execute(&format!("DELETE FROM \"{table}\" WHERE id = ?1"), id, Row::new()),
        };
        match done {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(()),
            done => done.map(drop).map_err(say),
        }
    }

    /// All fields: `sum` is 0 and the rest NULL where nothing is said.
    fn whole(&self, table: &str, values: &Row) -> Row {
        let model = self.domain.tables.iter().map(|t| &t.model).find(|m| m.name == table);
        let fields = model.map(|m| m.fields).unwrap_or_default();
        let empty = |f: &windrow_protocol::model::Field| if f.nullable { Value::Null } else { Value::Int(0) };
        fields.iter().map(|f| (f.name, values.get(f.name).copied().unwrap_or_else(|| empty(f)))).collect()
    }

    fn execute(&self, sql: &str, id: Vec<u8>, row: Row) -> windrow::rusqlite::Result<usize> {
        let id: Box<dyn ToSql> = Box::new(id);
        let values = row.into_values().map(|v| Box::new(Sql(v)) as Box<dyn ToSql>);
        self.conn.prepare_cached(sql)?.execute(params_from_iter(std::iter::once(id).chain(values)))
    }

    /// Runs one session, up to an answer that is lost or collides. What it came to, and what was logged meanwhile.
    ///
    /// # Errors
    /// Anything else.
    pub fn sync(&mut self, hub: &Hub, lost: Option<Lost>, meanwhile: &[Write]) -> Result<(Synced, Vec<Logged>), Fault> {
        let (actions, last) = (self.store.session(), self.last_stamp()?);
        let (mut session, mut action) = Session::start(Pace::default());
        let (mut logged, mut pending_writes) = (Vec::new(), Some(meanwhile));
        loop {
            let event = match &action {
                Action::Finish(_) => return Ok((Synced::Applied, logged)),
                Action::Send(Request::Prepare(_) | Request::Upload(_)) if lost == Some(Lost::Prepare) => {
                    if let Action::Send(request) = &action {
                        hub.answer(request)?;
                    }
                    return Ok((Synced::Lost, logged));
                }
                // Where there is nothing to send there is no PREPARE whose answer could be lost, and no COMMIT.
                Action::Send(_) if lost == Some(Lost::Prepare) => return Ok((Synced::Lost, logged)),
                Action::Send(request) => {
                    let answer = hub.answer(request)?;
                    if !matches!(request, Request::Prepare(_) | Request::Upload(_)) {
                        for write in pending_writes.take().into_iter().flatten() {
                            self.write(write)?;
                        }
                        logged = self.logged_since(last)?;
                        if lost == Some(Lost::Commit) {
                            return Ok((Synced::Lost, logged));
                        }
                    }
                    Event::Answered(answer)
                }
                // The commit is acknowledged, and the answer's first page gets lost on the last few inches.
                Action::Apply if lost == Some(Lost::Pull) => {
                    self.conn.execute("DELETE FROM windrow_inbox", []).map_err(say)?;
                    return Ok((Synced::Lost, logged));
                }
                other => match actions.perform(other.clone()).map_err(say)? {
                    windrow::store::Next::Event(Event::Collided) => return Ok((Synced::Again, logged)),
                    // The machine would go on with what was written since an earlier session; a history does that by itself.
                    windrow::store::Next::Event(Event::Applied) => return Ok((Synced::Applied, logged)),
                    windrow::store::Next::Event(event) => event,
                    other => return Err(format!("{other:?} was to be done")),
                },
            };
            action = session.on(event).map_err(say)?;
        }
    }

    /// What the application sees.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn view(&self) -> Result<View, Fault> {
        hub::view(&self.conn, self.domain)
    }

    /// The conflicts about fields that it knows.
    ///
    /// # Errors
    /// What the product says.
    pub fn conflicts(&self) -> Result<BTreeSet<Conflict>, Fault> {
        let open = self.store.conflicts().map_err(say)?;
        Ok(open.into_iter().filter(|c| c.about == About::Fields).map(plain_conflict).collect())
    }

    /// Whether the file is sound, and its changelog shows each entry's stamp.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self) -> Result<(), Fault> {
        hub::check(&self.conn)?;
        log::shown_by_the_changelog(&self.conn)
    }
}

fn plain_conflict(c: windrow::store::Conflict) -> Conflict {
    let values = c.candidates.iter().map(|c| bridge::plain_value(&c.values[0])).collect();
    ((c.table, Id::from_be_bytes(c.record.0)), c.fields[0], values)
}
