//! The hot functions, each by itself, on what one device writes: `cargo bench -p windrow-tests --bench hot`.
//!
//! `figures` says whether a whole thing is fast enough; here one sees which part of it changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that can't go on ends")]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;
use windrow::rusqlite::types::Value as Sql;
use windrow::{Store, Syncable};
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::codec::{Effort, Limits, decode_changeset, decode_page, encode_changeset, encode_page};
use windrow_protocol::fold::net_changes;
use windrow_protocol::log::{Entry, Op as Logged};
use windrow_protocol::message::Answer;
use windrow_protocol::model::Schema;
use windrow_protocol::session::Request;
use windrow_protocol::value::Value;
use windrow_tests::figures::office::{Office, session, write};
use windrow_tests::figures::visit::{FIGURES, schema};
use windrow_tests::figures::workload::{What, Workload};

/// Records; as many changes.
const RECORDS: usize = 10_000;

static WORKLOAD: LazyLock<Workload> = LazyLock::new(|| Workload::made(1, RECORDS));
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema().unwrap());
static STATE: LazyLock<State> = LazyLock::new(State::make);

fn main() {
    divan::main();
}

/// What passed when a device sent its records and then its changes, and when another heard of them.
struct State {
    dir: TempDir,
    /// The changeset of the changes, and the request that sends it.
    changes: Vec<u8>,
    prepare: Request,
    commit: Request,
    /// The answers that the other device got to its pull of the changes.
    heard: Vec<Answer>,
}

impl State {
    fn make() -> State {
        let dir = tempfile::tempdir().unwrap();
        let office = Office::open(&dir.path().join("hub.db")).unwrap();
        let device = |name| Store::open(dir.path().join(name), &FIGURES).unwrap();
        let (field, other) = (device("field.db"), device("other.db"));
        write(&field, &WORKLOAD.inserts()).unwrap();
        office.session(&field).unwrap();
        office.session(&other).unwrap();
        // As both stand before the changes.
        for name in ["hub.db", "other.db"] {
            copy(&dir.path().join(name), &dir.path().join(format!("before-{name}")));
        }
        write(&field, &WORKLOAD.w2).unwrap();
        let (sent, _) = recorded(&office, &field);
        let prepare = sent.iter().find(|r| matches!(r, Request::Prepare(_))).unwrap().clone();
        let commit = sent.iter().find(|r| matches!(r, Request::Commit(_))).unwrap().clone();
        let Request::Prepare(p) = &prepare else { unreachable!() };
        let changes = p.payload.clone();
        let (_, heard) = recorded(&office, &other);
        State { dir, changes, prepare, commit, heard }
    }

    /// The pages that the other device heard.
    fn page(&self) -> &[u8] {
        let pages = self.heard.iter().filter_map(|answer| match answer {
            Answer::News(page) => Some(page),
            _ => None,
        });
        pages.max_by_key(|page| page.len()).unwrap()
    }

    /// A file as it stood before the changes, to be used once.
    fn before(&self, name: &str) -> (TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir_in(self.dir.path()).unwrap();
        let path = dir.path().join(name);
        std::fs::copy(self.dir.path().join(format!("before-{name}")), &path).unwrap();
        (dir, path)
    }
}

/// A file with its write-ahead log.
fn copy(from: &Path, to: &Path) {
    let conn = windrow::rusqlite::Connection::open(from).unwrap();
    conn.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}

/// What a device asks in a session, and what it is answered.
fn recorded(office: &Office, device: &Store) -> (Vec<Request>, Vec<Answer>) {
    let (mut requests, mut answers) = (Vec::new(), Vec::new());
    session(device, |request| {
        requests.push(request.clone());
        let answer = office.answer(request)?;
        answers.push(answer.clone());
        Ok(answer)
    })
    .unwrap();
    (requests, answers)
}

/// The log of the records and their changes.
fn entries() -> Vec<Entry> {
    let mut hlc = Hlc::from_millis(WORKLOAD.base[0].recorded_at);
    let ops = WORKLOAD.inserts().into_iter().chain(WORKLOAD.w2.iter().cloned());
    ops.map(|op| {
        hlc = hlc.next();
        Entry { hlc, table: 0, id: op.id().record(), base: Seq::default(), op: logged(op.what) }
    })
    .collect()
}

fn logged(what: What) -> Logged {
    match what {
        What::Insert(visit) => Logged::Insert(visit.to_values().unwrap()),
        What::Update(_, set) => Logged::Update(set.into_iter().map(|(name, v)| (field(name), value(v))).collect()),
        What::Delete(_) => Logged::Delete(Vec::new()),
    }
}

fn field(name: &str) -> usize {
    SCHEMA.table(0).fields.iter().position(|f| f.name == name).unwrap()
}

fn value(value: Sql) -> Value {
    match value {
        Sql::Null => Value::Null,
        Sql::Integer(n) => Value::Integer(n),
        Sql::Real(n) => Value::Real(n),
        Sql::Text(text) => Value::Text(text),
        Sql::Blob(bytes) => Value::Blob(bytes),
    }
}

/// Net changes of 10,000 inserts and as many updates of them.
#[divan::bench(sample_count = 20)]
fn fold(bencher: Bencher) {
    let entries = entries();
    bencher
        .counter(ItemsCount::new(entries.len()))
        .with_inputs(|| entries.clone())
        .bench_values(|entries| net_changes(&SCHEMA, black_box(entries)));
}

#[divan::bench(sample_count = 20)]
fn changeset_encode(bencher: Bencher) {
    let decoded = decode_changeset(&SCHEMA, &STATE.changes, &Limits::default()).unwrap();
    let changeset = decoded.unresolved();
    bencher
        .counter(ItemsCount::new(changeset.changes.len()))
        .bench(|| encode_changeset(&SCHEMA, black_box(changeset), &[], Effort::Upload));
}

#[divan::bench(sample_count = 50)]
fn changeset_decode(bencher: Bencher) {
    bencher
        .counter(BytesCount::new(STATE.changes.len()))
        .bench(|| decode_changeset(&SCHEMA, black_box(&STATE.changes), &Limits::default()).unwrap());
}

#[divan::bench(sample_count = 50)]
fn page_encode(bencher: Bencher) {
    let decoded = decode_page(&SCHEMA, STATE.page(), &Limits::default()).unwrap();
    bencher.bench(|| encode_page(&SCHEMA, black_box(decoded.unresolved()), &[], Effort::Page));
}

#[divan::bench(sample_count = 50)]
fn page_decode(bencher: Bencher) {
    bencher
        .counter(BytesCount::new(STATE.page().len()))
        .bench(|| decode_page(&SCHEMA, black_box(STATE.page()), &Limits::default()).unwrap());
}

/// PREPARE and COMMIT of 10,000 changes at a hub that holds the records, its file on disk.
#[divan::bench(sample_count = 10)]
fn hub_merge(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| {
            let (dir, path) = STATE.before("hub.db");
            (Office::open(&path).unwrap(), dir)
        })
        .bench_refs(|(office, _)| {
            assert!(matches!(office.answer(STATE.prepare.clone()).unwrap(), Answer::Prepared));
            assert!(matches!(office.answer(STATE.commit.clone()).unwrap(), Answer::Committed { at: Some(_), .. }));
        });
}

/// A device that holds the records hears of 10,000 changes: the whole session, its file on disk.
#[divan::bench(sample_count = 10)]
fn device_apply(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| {
            let (dir, path) = STATE.before("other.db");
            (Store::open(path, &FIGURES).unwrap(), STATE.heard.iter().cloned(), dir)
        })
        .bench_refs(|(device, answers, _)| {
            session(device, |_| Ok(answers.next().expect("as many questions as before"))).unwrap();
        });
}
