//! The hub on its SQLite file.

use super::{EPOCH_MS, Fault};
use crate::bridge;
use crate::oracle::{self, Hlc, Key, Value, View};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::runtime::{Builder, Runtime};
use windrow::Domain;
use windrow::hub::{Decision, HubStore, OpenHub, SqliteHub, Verdict};
use windrow::rusqlite::{Connection, OpenFlags};
use windrow_protocol::clock::Seq;
use windrow_protocol::log::About;
use windrow_protocol::message::Answer;
use windrow_protocol::session::Request;

/// An open conflict, as far as all can say it: record, field, and the candidates' values by stamp.
pub type Conflict = (Key, &'static str, Vec<Value>);

/// The hub.
pub struct Hub {
    store: Arc<dyn HubStore>,
    runtime: Runtime,
    path: PathBuf,
    now: Arc<AtomicI64>,
    domain: &'static Domain,
}

impl Hub {
    /// The hub in this file.
    ///
    /// # Errors
    /// What the product says.
    pub fn open(path: &Path, domain: &'static Domain) -> Result<Hub, Fault> {
        let now = Arc::new(AtomicI64::new(EPOCH_MS as i64 + 1_000_000));
        let clock = now.clone();
        let hub = SqliteHub::open(path).map_err(|e| e.to_string())?.clock(move || clock.load(Ordering::Relaxed));
        // Small pages, so that answers have several.
        let store = hub.page_records(3).open_for(domain).map_err(|e| e.to_string())?;
        let runtime = Builder::new_current_thread().build().map_err(|e| e.to_string())?;
        Ok(Hub { store, runtime, path: path.to_owned(), now, domain })
    }

    /// Answers a request.
    ///
    /// # Errors
    /// A problem document, in words.
    pub fn answer(&self, request: &Request) -> Result<Answer, Fault> {
        self.now.fetch_add(1, Ordering::Relaxed);
        let answer = self.runtime.block_on(self.store.answer(request.clone()));
        answer.map_err(|e| e.to_string())
    }

    /// A reviewer who looked `behind` commits ago decides. The stamp of the decision.
    ///
    /// # Errors
    /// What the product says.
    pub fn resolve(&self, key: Key, field: &str, value: Value, behind: u64) -> Result<Hlc, Fault> {
        let schema = self.store.schema();
        let record = bridge::key(schema, key);
        let field = bridge::position(schema.table(record.0), field);
        let head = self.runtime.block_on(self.store.head()).map_err(|e| e.to_string())?;
        let base = Seq::from_bits(head.seq.bits().saturating_sub(behind)).unwrap_or_default();
        let verdict = Verdict::Values(vec![(field, bridge::value(value))]);
        let decision = Decision { record, about: About::Fields, base, verdict, by: None };
        self.runtime.block_on(self.store.resolve(decision)).map_err(|e| e.to_string())?;
        let history = self.runtime.block_on(self.store.history(record, 1)).map_err(|e| e.to_string())?;
        Ok(history.last().ok_or("a decision leaves no history")?.stamp.hlc.bits())
    }

    /// What other programs read in its file.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn view(&self) -> Result<View, Fault> {
        view(&self.reader()?, self.domain)
    }

    /// The open conflicts about fields.
    ///
    /// # Errors
    /// What the product says.
    pub fn conflicts(&self) -> Result<BTreeSet<Conflict>, Fault> {
        let schema = self.store.schema();
        let open = self.runtime.block_on(self.store.conflicts(None, usize::MAX)).map_err(|e| e.to_string())?.open;
        let fields = open.into_iter().filter(|c| c.conflict.about == About::Fields);
        Ok(fields
            .map(|c| {
                let name = schema.field(c.record.0, c.conflict.fields[0]).name;
                let choices = c.conflict.candidates.iter().map(|c| bridge::plain_value(&c.values[0]));
                (bridge::plain_key(schema, c.record), name, choices.collect())
            })
            .collect())
    }

    /// Whether the file is sound.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self) -> Result<(), Fault> {
        check(&self.reader()?)
    }

    fn reader(&self) -> Result<Connection, Fault> {
        Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| e.to_string())
    }
}

/// SQLite's own check of a file, and of its references.
///
/// # Errors
/// What is wrong.
pub fn check(conn: &Connection) -> Result<(), Fault> {
    let say = |e: windrow::rusqlite::Error| e.to_string();
    let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(say)?;
    let dangling: i64 =
        conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).map_err(say)?;
    match (sound.as_str(), dangling) {
        ("ok", 0) => Ok(()),
        ("ok", n) => Err(format!("{n} references dangle")),
        (wrong, _) => Err(wrong.to_owned()),
    }
}

/// What the domain's tables in a file show, read with plain SQL.
///
/// # Errors
/// What SQLite says.
pub fn view(conn: &Connection, domain: &Domain) -> Result<View, Fault> {
    let mut view = View::new();
    for table in domain.tables {
        let model = &table.model;
        let columns: Vec<String> = model.fields.iter().map(|f| format!("\"{}\"", f.name)).collect();
        let sql = format!("SELECT id, {} FROM \"{}\"", columns.join(", "), model.name);
        let mut statement = conn.prepare_cached(&sql).map_err(|e| e.to_string())?;
        let mut rows = statement.query([]).map_err(|e| e.to_string())?;
        let records = view.entry(model.name).or_default();
        while let Some(row) = rows.next().map_err(|e| e.to_string())? {
            let id: [u8; 16] = row.get(0).map_err(|e| e.to_string())?;
            let value = |i: usize| plain(row.get_ref(i + 1).map_err(|e| e.to_string())?);
            let fields = model.fields.iter().enumerate().map(|(i, f)| Ok((f.name, value(i)?)));
            records.insert(oracle::Id::from_be_bytes(id), fields.collect::<Result<_, Fault>>()?);
        }
    }
    Ok(view)
}

fn plain(value: windrow::rusqlite::types::ValueRef<'_>) -> Result<Value, Fault> {
    use windrow::rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(n) => Ok(Value::Int(n)),
        ValueRef::Blob(id) => {
            let id: [u8; 16] = id.try_into().map_err(|_| "an id that is not 16 bytes")?;
            Ok(Value::Ref(oracle::Id::from_be_bytes(id)))
        }
        other => Err(format!("{other:?} was never written")),
    }
}
