//! The product's device: its file, written by plain SQL, its sessions taken step by step.

use super::Fault;
use super::files::Place;
use super::schema::Schema;
use super::tables::{Statements, differs};
use crate::history::world::Logged;
use crate::oracle::log::{Kind, Write, Wrote};
use crate::oracle::{Hlc, Id, Origin, Row, View};
use crate::product::log::{self, Stamps};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use windrow::rusqlite::types::Value as Sql;
use windrow::rusqlite::{Connection, ErrorCode, params_from_iter};
use windrow::store::{Actions, Answer, Conflict};
use windrow::{Domain, Store};

/// A device.
#[derive(Debug)]
pub struct Device {
    store: Store,
    conn: Connection,
    path: PathBuf,
    schema: Rc<Schema>,
    statements: Rc<Statements>,
}

/// What an application's transaction came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Of each write.
    pub wrote: Vec<Wrote>,
    /// What was logged, in order of stamps.
    pub logged: Vec<Logged>,
    /// The device's clock: its last stamp, or where it was set to since.
    pub hlc: Hlc,
}

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

impl Device {
    /// Opens a file. Whatever is written from now on has this origin.
    ///
    /// # Errors
    /// What the product says, warnings among it.
    pub fn open(
        path: PathBuf,
        schema: Rc<Schema>,
        statements: Rc<Statements>,
        origin: Origin,
    ) -> Result<Device, Fault> {
        let store = Store::open(&path, schema.domain).map_err(say)?;
        if let Some(warning) = store.warnings().first() {
            return Err(format!("a warning of a file that nobody touched: {warning:?}"));
        }
        let conn = store.connection().map_err(say)?;
        let newest = "UPDATE windrow_origins SET origin = ?1 WHERE first = (SELECT max(first) FROM windrow_origins)";
        conn.execute(newest, [origin as i64]).map_err(say)?;
        Ok(Device { store, conn, path, schema, statements })
    }

    /// Makes a copied template another device's file.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn number(path: &Path, number: u64) -> Result<(), Fault> {
        let conn = Connection::open(path).map_err(say)?;
        conn.execute("UPDATE windrow_state SET device = ?1", [number as i64]).map(drop).map_err(say)
    }

    /// A copy of the file as it is now.
    ///
    /// # Errors
    /// What the system says.
    pub fn copy(&self, place: &mut Place) -> Result<PathBuf, Fault> {
        place.copy(&self.path)
    }

    /// The program dies, and the file is opened again as it was left.
    ///
    /// # Errors
    /// What the product says.
    pub fn crash(&mut self, place: &mut Place, origin: Origin) -> Result<(), Fault> {
        let (left, version) = (self.copy(place)?, (self.schema.clone(), self.statements.clone()));
        self.replace(place, left, version, origin)
    }

    /// Another file stands in the place of this one, and is opened by a program of this version.
    ///
    /// # Errors
    /// What the product says.
    pub fn replace(
        &mut self,
        place: &mut Place,
        by: PathBuf,
        (schema, statements): (Rc<Schema>, Rc<Statements>),
        origin: Origin,
    ) -> Result<(), Fault> {
        let new = Device::open(by, schema, statements, origin)?;
        let old = std::mem::replace(self, new);
        let path = old.path.clone();
        drop(old);
        place.forget(&path);
        Ok(())
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The domain.
    pub fn domain(&self) -> &'static Domain {
        self.schema.domain
    }

    /// What a session does to the file.
    pub fn actions(&self) -> Actions {
        self.store.session()
    }

    /// One transaction of the application's, at this time. Where it is `undone`, it is rolled back at its end.
    ///
    /// # Errors
    /// Anything but a constraint.
    pub fn write(&mut self, writes: &[Write], clock: Hlc, foreign_keys: bool, undone: bool) -> Result<Done, Fault> {
        let last = log::last(&self.conn)?;
        if !foreign_keys {
            self.conn.pragma_update(None, "foreign_keys", false).map_err(say)?;
        }
        self.run("BEGIN IMMEDIATE")?;
        log::raise(&self.conn, clock - 1)?;
        let wrote = writes.iter().map(|w| self.one(w)).collect::<Result<Vec<_>, Fault>>();
        self.run(if undone { "ROLLBACK" } else { "COMMIT" })?;
        if !foreign_keys {
            self.conn.pragma_update(None, "foreign_keys", true).map_err(say)?;
        }
        Ok(Done { wrote: wrote?, logged: self.logged_since(last)?, hlc: self.hlc()? })
    }

    /// The store decides a conflict, at this time.
    ///
    /// # Errors
    /// What the product says.
    pub fn decide(&mut self, conflict: &Conflict, answer: Answer, clock: Hlc) -> Result<Done, Fault> {
        let last = log::last(&self.conn)?;
        log::raise(&self.conn, clock - 1)?;
        self.store.resolve(conflict, answer).map_err(say)?;
        Ok(Done { wrote: Vec::new(), logged: self.logged_since(last)?, hlc: self.hlc()? })
    }

    fn run(&self, sql: &str) -> Result<(), Fault> {
        self.conn.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(say)
    }

    fn one(&self, write: &Write) -> Result<Wrote, Fault> {
        let (table, id) = write.key();
        let (at, id) = (self.schema.plain.position(table), Sql::Blob(id.to_be_bytes().to_vec()));
        let of = &self.statements.tables[at];
        let done = match write {
            Write::Insert { values, .. } => self.execute(&of.insert, id, self.whole(at, values)),
            Write::Update { values, .. } if values.is_empty() => Ok(()),
            Write::Update { values, .. } => {
                let fields: Vec<usize> = values.keys().map(|f| of.position(f)).collect();
                let row = values.iter().zip(&fields).map(|((_, v), f)| self.schema.tables[at].fields[*f].ty.sql(*v));
                self.execute(&of.update(&fields), id, row.collect())
            }
            Write::Delete { .. } => self.execute(&of.delete, id, Vec::new()),
        };
        match done {
            Ok(()) => Ok(Wrote::Done),
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(Wrote::Refused),
            Err(e) => Err(format!("{write:?}: {e}")),
        }
    }

    /// All fields: what nothing is said of is 0 in a `sum` and NULL elsewhere.
    fn whole(&self, at: usize, values: &Row) -> Vec<Sql> {
        let (table, specs) = (&self.schema.plain.tables()[at], &self.schema.tables[at].fields);
        let value = |f: &crate::oracle::schema::Field| values.get(f.name).copied().unwrap_or_else(|| f.empty());
        table.fields.iter().zip(specs).map(|(f, spec)| spec.ty.sql(value(f))).collect()
    }

    fn execute(&self, sql: &str, id: Sql, row: Vec<Sql>) -> windrow::rusqlite::Result<()> {
        let args = params_from_iter(std::iter::once(id).chain(row));
        self.conn.prepare_cached(sql)?.execute(args).map(drop)
    }

    /// Its clock: the last stamp, or where it was set to since.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn hlc(&self) -> Result<Hlc, Fault> {
        log::last(&self.conn).map(|place| place.clock)
    }

    /// What the log has gained since this place.
    fn logged_since(&self, last: log::Place) -> Result<Vec<Logged>, Fault> {
        let (mut logged, mut stamps) = (Vec::new(), Stamps::after(&self.conn, last)?);
        let sql =
            "SELECT number, at, operation, \"table\", record, mask0 FROM windrow_log WHERE number > ?1 ORDER BY number";
        let mut statement = self.conn.prepare_cached(sql).map_err(say)?;
        let mut rows = statement.query([last.number]).map_err(say)?;
        while let Some(row) = rows.next().map_err(say)? {
            let hlc = stamps.of(row.get(0).map_err(say)?, row.get(1).map_err(say)?)?;
            let (op, called): (i64, String) = (row.get(2).map_err(say)?, row.get(3).map_err(say)?);
            let (id, mask): ([u8; 16], i64) = (row.get(4).map_err(say)?, row.get(5).map_err(say)?);
            let name = self.schema.table_called(&called).ok_or_else(|| format!("the log has a table {called:?}"))?;
            let table = self.schema.plain.table(name);
            let mut fields = table.fields.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
            let via = if op == 4 { fields.next().map(|(_, f)| f.name) } else { None };
            let kinds = match op {
                // What says nothing any more.
                0 => Vec::new(),
                1 => vec![Kind::Insert],
                2 => vec![Kind::Update],
                3 => vec![Kind::Delete],
                4 => vec![Kind::Cascade],
                6..=8 => vec![Kind::Resolve],
                5 => fields.map(|(_, f)| Kind::Stale(f.name)).collect(),
                other => return Err(format!("the log has an operation {other}")),
            };
            let key = (name, Id::from_be_bytes(id));
            logged.extend(kinds.into_iter().map(|kind| Logged { key, kind, hlc, via }));
        }
        Ok(logged)
    }

    /// By origin, where the stretch ends that the stored changeset speaks for.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn speaks_for(&self) -> Result<BTreeMap<Origin, Hlc>, Fault> {
        let mut query = self.conn.prepare_cached("SELECT origin, upto FROM windrow_outbox_spans").map_err(say)?;
        let read = |row: &windrow::rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64));
        let spans = query.query_map([], read).map_err(say)?;
        spans.collect::<windrow::rusqlite::Result<_>>().map_err(say)
    }

    /// The seqs of the earlier checkpoints that it keeps.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn checkpoints(&self) -> Result<BTreeSet<i64>, Fault> {
        let mut query = self.conn.prepare_cached("SELECT seq FROM windrow_checkpoints").map_err(say)?;
        let seqs = query.query_map([], |row| row.get(0)).map_err(say)?;
        seqs.collect::<windrow::rusqlite::Result<_>>().map_err(say)
    }

    /// Whether the application sees just this.
    ///
    /// # Errors
    /// The first difference.
    pub fn shows(&self, expected: &View) -> Result<(), Fault> {
        differs(&self.conn, &self.schema, &self.statements, expected)
    }

    /// The stamps of all that is logged.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stamps(&self) -> Result<BTreeSet<Hlc>, Fault> {
        Ok(log::stamps(&self.conn)?.into_iter().collect())
    }

    /// Whether another program's connection sees just this.
    ///
    /// # Errors
    /// The first difference.
    pub fn shows_to(&self, conn: &Connection, expected: &View) -> Result<(), Fault> {
        differs(conn, &self.schema, &self.statements, expected)
    }

    /// One more connection of another program's.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn another(&self) -> windrow::rusqlite::Result<Connection> {
        Connection::open(&self.path)
    }

    /// A connection of another program's.
    pub fn conn(&self) -> &Connection {
        &self.conn
    }
}
