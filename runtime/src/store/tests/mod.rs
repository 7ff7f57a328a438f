//! The store on real files. The hub's part is played by hand-made pages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apply;
mod conflicts;
mod earlier;
mod foreign_programs;
mod hostile;
mod open;
mod pruning;
mod refuse;
mod slices;
mod stamps;
mod steps;
mod triggers;
mod typed;

use super::*;
use crate::{Id, Syncable};
use tempfile::TempDir;
use windrow_protocol::change::{Change, Changeset};
use windrow_protocol::clock::{Hlc, Mark, Point, Seq};
use windrow_protocol::codec::{self, Effort, Limits};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Refusal, RefusalCode};
use windrow_protocol::session::{Inbox, Loaded};
use windrow_protocol::told::{News, Page, Reached, Told};
use windrow_protocol::value::Value;

/// A farm.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Farm {
    pub(crate) id: Id<Farm>,
    pub(crate) name: String,
    #[merge(review)]
    pub(crate) phone: Option<String>,
    #[merge(sum)]
    pub(crate) cattle: i64,
}

/// A plot, which goes with its farm.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
pub(crate) struct Plot {
    pub(crate) id: Id<Plot>,
    #[parent(Farm, on_delete = cascade)]
    pub(crate) farm_id: Id<Farm>,
    pub(crate) variety: String,
    #[merge(max)]
    pub(crate) best_yield: Option<f64>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Worker {
    pub(crate) id: Id<Worker>,
    #[unique]
    pub(crate) badge: String,
}

/// A visit: needs its plot, survives its worker.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Visit {
    pub(crate) id: Id<Visit>,
    #[parent(Plot)]
    pub(crate) plot_id: Id<Plot>,
    #[parent(Worker, on_delete = set_null)]
    pub(crate) worker_id: Option<Id<Worker>>,
    pub(crate) notes: String,
}

crate::domain!(pub(crate) SURVEY = [Farm, Plot, Worker, Visit]);

/// A device's file in a folder of its own.
struct Device {
    dir: TempDir,
    store: Store,
}

impl Device {
    fn new() -> Device {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("farm.db"), &SURVEY).unwrap();
        Device { dir, store }
    }

    /// Opens the file anew, as after a crash: what was in memory is gone.
    fn reopened(self) -> Device {
        let path = self.store.path().to_owned();
        drop(self.store);
        Device { dir: self.dir, store: Store::open(path, &SURVEY).unwrap() }
    }

    fn farm(&self, name: &str, cattle: i64) -> Id<Farm> {
        let id = Id::new();
        self.store.insert(&Farm { id, name: name.into(), phone: None, cattle }).unwrap();
        id
    }

    fn plot(&self, farm_id: Id<Farm>) -> Id<Plot> {
        let id = Id::new();
        self.store.insert(&Plot { id, farm_id, variety: "Kilimo".into(), best_yield: None }).unwrap();
        id
    }

    fn visit(&self, plot_id: Id<Plot>, worker_id: Option<Id<Worker>>) -> Id<Visit> {
        let id = Id::new();
        self.store.insert(&Visit { id, plot_id, worker_id, notes: String::new() }).unwrap();
        id
    }

    fn get<T: Syncable>(&self, id: Id<T>) -> Option<T> {
        self.store.get(id).unwrap().map(Record::into_inner)
    }

    fn edit<T: Syncable>(&self, id: Id<T>, change: impl FnOnce(&mut T)) {
        let mut record = self.store.get(id).unwrap().unwrap();
        change(&mut record);
        self.store.update(&mut record).unwrap();
    }

    /// What the outbox holds, or would hold: loads a session.
    fn changeset(&self) -> Option<Changeset> {
        self.store.session().load(true, false).unwrap().outbox.map(|o| self.decode(&o.payload))
    }

    fn decode(&self, payload: &[u8]) -> Changeset {
        let encoded = codec::decode_changeset(&self.store.plan().schema, payload, &Limits::default()).unwrap();
        encoded.resolve(|_, _, _| None).unwrap()
    }

    fn page(&self, page: &Page) -> Vec<u8> {
        let lens = vec![RecordId::BITS; page.told.len()];
        codec::encode_page(&self.store.plan().schema, page, &lens, Effort::Page)
    }

    /// The hub commits what is pending at `seq` and answers with this.
    fn sync(&self, seq: u64, told: Vec<Told>) -> Applied {
        let session = self.store.session();
        let loaded = session.load(true, false).unwrap();
        let page = self.page(&last(seq, told));
        match loaded.outbox {
            Some(_) => session.acknowledge(Some(point(seq)), &page).unwrap(),
            None => session.keep(&page).unwrap(),
        };
        session.apply().unwrap()
    }

    fn scalar<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.store.connection().unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

fn point(seq: u64) -> Point {
    Point { seq: Seq::from_bits(seq).unwrap(), mark: Mark(seq + 1000) }
}

/// The only page of an answer.
fn last(seq: u64, told: Vec<Told>) -> Page {
    Page { told, at: point(seq), next: None, highest: Hlc::ZERO, digests: None }
}

fn told<T: Syncable>(id: Id<T>, what: News) -> Told {
    let table = SURVEY.tables.iter().position(|t| t.model.name == T::NAME).unwrap();
    let held = matches!(what, News::Patch(_));
    Told { table, id: id.record(), held, what, conflicts: None }
}

fn whole<T: Syncable>(record: &T) -> Told {
    told(record.id(), News::Whole(record.to_values().unwrap()))
}

fn patch<T: Syncable>(id: Id<T>, fields: Vec<(usize, Value)>) -> Told {
    told(id, News::Patch(fields))
}

fn gone<T: Syncable>(id: Id<T>) -> Told {
    told(id, News::Gone)
}

fn refusal<T: Syncable>(id: Id<T>, field: Option<usize>) -> Refusal {
    let key = (told(id, News::Gone).table, id.record());
    Refusal { key, field, code: RefusalCode::UnknownParent, sentence: format!("{} {id} can't be", T::NAME) }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn change_of<T: Syncable>(changeset: &Changeset, id: Id<T>) -> &Change {
    changeset.changes.iter().find(|c| c.id == id.record()).unwrap()
}
