//! A live hub, asked anything.
//!
//! Never a panic, never the hub's own fault for what a peer sent; what is not committed changes no table; and the hub
//! answers the next device as if nothing had been.

use crate::by_hand::{Device, id};
use crate::domain::{FARM, NAME, PHONE, PLOT, SURVEY, VISIT, WORKER};
use crate::{NOON, files, folder, instructions, put};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::runtime::Runtime;
use windrow::hub::{HubError, HubStore, OpenHub, SqliteHub};
use windrow::rusqlite::{Connection, types::Value as Cell};
use windrow_protocol::change::{Changeset, Held, Key, Recovery};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::codec::{Effort, Limits, decode_changeset, decode_page, encode_changeset};
use windrow_protocol::digest::TableDigest;
use windrow_protocol::message::{Answer, Commit, Digest, Prepare, Pull, SessionId};
use windrow_protocol::value::Value;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// As it stands.
    Prepare(Prepare),
    /// As it stands.
    Commit(Commit),
    /// As it stands.
    Pull(Pull),
    /// An encoded changeset. What no fuzzer guesses is put in: the schema it names, this hub's past (unless the changeset
    /// says a past of its own). Then PREPARE; where the hub knows better, once more as it says; COMMIT.
    Session(Vec<u8>),
}

/// Asks a hub what these bytes say.
pub fn answers(bytes: &[u8]) {
    let asks = instructions::<Ask>(bytes, 6);
    if asks.is_empty() {
        return;
    }
    let mut bench = BENCH.lock().expect("the bench");
    for ask in asks {
        bench.ask(ask);
    }
    bench.still_works();
}

/// The seeds: what a device really sends.
pub fn seeds() -> Vec<(&'static str, Vec<Ask>)> {
    let bench = BENCH.lock().expect("the bench");
    let mut a = Device::new(1);
    a.hlc = Hlc::from_millis(NOON + 60_000);
    a.checkpoint = bench.head();
    let farm = a.farm(9, "Kericho");
    let owned = |n| Value::Blob(id(n).0.to_vec());
    let plot = a.insert((PLOT, id(10)), vec![owned(9), Value::Real(2.5)]);
    let boss = a.insert((WORKER, id(11)), vec![Value::Text("Awa".into()), owned(4)]);
    let births = vec![farm, boss, plot];
    let edits = vec![
        a.set((FARM, id(1)), PHONE, Value::Text("0700".into())),
        a.add((FARM, id(2)), crate::domain::CATTLE, -3),
        a.set((WORKER, id(4)), 1, owned(5)),
        a.delete((PLOT, id(3))),
        a.delete((FARM, id(2))),
    ];
    let edits = [edits, vec![a.set((FARM, id(2)), NAME, Value::Null)]];
    let [mut edits, refused] = edits;
    edits.dedup_by_key(|c| c.key());
    let sums = [5, i128::MAX].map(|delta| vec![a.add((FARM, id(2)), crate::domain::CATTLE, delta)]);
    let tables = Pull { whole: vec![FARM, PLOT], verify: true, ..a.pull() };
    let digests = Pull { verify: true, ..a.pull() };
    let whole = Pull { refetch: vec![(FARM, id(1)), (VISIT, id(99))], whole_ids: true, ..a.pull() };
    let mut sent = |changes| {
        let sent = a.send(changes);
        (sent.payload.clone(), vec![Ask::Prepare(sent.prepare()), Ask::Commit(sent.commit(&a))])
    };
    let (births, steps) = sent(births);
    let (edits, refused, sums) = (sent(edits).0, sent(refused).0, sums.map(|s| Ask::Session(sent(s).0)));
    let again = [steps.clone(), steps.clone()].concat();
    let mut seeds = recoveries(&a);
    seeds.extend([
        ("steps", again),
        ("births", vec![Ask::Session(births.clone())]),
        ("edits", vec![Ask::Session(edits.clone()), Ask::Session(births)]),
        ("sums", sums.to_vec()),
        ("refused", vec![Ask::Session(refused), Ask::Session(edits)]),
        ("pull", vec![Ask::Pull(Device::new(7).pull()), Ask::Pull(whole)]),
        ("pull-tables", vec![Ask::Pull(tables), Ask::Pull(digests)]),
    ]);
    seeds
}

/// What a device says whose hub was restored, or is another: its past, what it shows.
fn recoveries(device: &Device) -> Vec<(&'static str, Vec<Ask>)> {
    let (text, named) = (|s: &str| Value::Text(s.into()), |n| Value::Blob(id(n).0.to_vec()));
    let farm =
        |n| ((FARM, id(n)), vec![(NAME, text("Kibo")), (PHONE, Value::Null), (crate::domain::CODE, text("K-1"))]);
    let worker = |n, boss| ((WORKER, id(n)), vec![(0, text("Awa")), (1, boss)]);
    let plot = |n, farm| ((PLOT, id(n)), vec![(0, named(farm)), (1, Value::Real(2.5))]);
    let seed = |name, past: Option<Vec<Point>>, asked: &[u8], offered: Vec<(Key, Vec<(usize, Value)>)>| {
        let held: Vec<_> = offered.into_iter().map(|((table, id), values)| Held { table, id, values }).collect();
        let missing: Vec<Key> = held.iter().map(Held::key).collect();
        let mut ask: Vec<Key> = asked.iter().map(|n| (FARM, id(*n))).chain(missing.iter().copied()).collect();
        ask.sort_unstable();
        let mut changeset = Changeset { recovery: Recovery { past, ask, missing, held }, ..device.changeset(vec![]) };
        let astray = |p: Point| Point { mark: Mark(p.mark.0 + 1), ..p };
        let known = encode_changeset(&device.schema, &changeset, &[], Effort::Page);
        changeset.checkpoint = astray(changeset.checkpoint);
        let payload = encode_changeset(&device.schema, &changeset, &[], Effort::Page);
        let session = SessionId(Digest::of(&payload).0);
        let commit = Commit { session, digest: Digest::of(&payload), pull: device.pull() };
        (
            name,
            vec![
                Ask::Session(known),
                Ask::Session(payload.clone()),
                Ask::Prepare(Prepare { session, payload }),
                Ask::Commit(commit),
            ],
        )
    };
    let past = (0..4).filter_map(|n| device.checkpoint.seq.bits().checked_sub(n));
    let past: Vec<Point> =
        past.map(|n| Point { seq: Seq::from_bits(n).expect("a seq"), mark: mark(n) }).rev().collect();
    let lies = past.iter().map(|p| Point { mark: Mark(7), ..*p }).collect();
    vec![
        seed("past", Some(past), &[], vec![]),
        seed("past-of-another", Some(lies), &[1], vec![]),
        seed("past-none", Some(vec![]), &[], vec![farm(20)]),
        seed("ask", None, &[1, 2, 20, 21], vec![]),
        seed("offer", None, &[1], vec![farm(20), worker(21, Value::Null), worker(22, named(21)), plot(23, 20)]),
        seed("offer-known", None, &[], vec![farm(1), farm(20), worker(4, named(5))]),
        seed("offer-circle", None, &[], vec![worker(21, named(22)), worker(22, named(21))]),
        seed("offer-nobody", None, &[], vec![worker(21, named(99)), plot(23, 98)]),
        seed("offer-unfit", None, &[], vec![((FARM, id(20)), vec![(NAME, Value::Null)])]),
    ]
}

/// The mark that the bench's hub gave a seq.
fn mark(seq: u64) -> Mark {
    Mark(seq.wrapping_mul(2_654_435_761) + 1)
}

static BENCH: LazyLock<Mutex<Bench>> = LazyLock::new(|| Mutex::new(Bench::new()));

/// A hub with a past that is the same in every run, and what its tables hold.
struct Bench {
    runtime: Runtime,
    /// Dropped before its folder.
    hub: Arc<dyn HubStore>,
    sql: Connection,
    template: Vec<u8>,
    /// Its tables, that of sessions apart.
    tables: [Vec<Vec<Cell>>; 2],
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let (folder, runtime) = (folder(), tokio::runtime::Builder::new_current_thread().build().expect("a runtime"));
        let path = folder.path().join("hub.db");
        let hub = open(&path);
        runtime.block_on(past(&*hub));
        drop(hub);
        let sql = Connection::open(&path).expect("the hub's file");
        for seq in 1..100 {
            let give = "UPDATE windrow_marks SET mark = ?2 WHERE seq = ?1";
            sql.execute(give, [seq, mark(seq).0].map(|n| n as i64)).expect("marks");
        }
        drop(sql);
        let template = std::fs::read(&path).expect("the hub's file");
        assert!(!files(&path)[1].exists(), "all of the hub is in its file");
        let (hub, sql) = (open(&path), Connection::open(&path).expect("the hub's file"));
        let tables = tables(&sql);
        Bench { runtime, hub, sql, template, tables, path, _folder: folder }
    }

    fn head(&self) -> Point {
        self.runtime.block_on(self.hub.head()).expect("a head")
    }

    fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Prepare(prepare) => drop(self.prepare(prepare)),
            Ask::Commit(commit) => self.commit(commit),
            Ask::Pull(pull) => {
                let answer = self.unchanged(|bench| bench.runtime.block_on(bench.hub.pull(pull)));
                assert!(matches!(answer, None | Some(Answer::News(_) | Answer::Astray)), "{answer:?}");
            }
            Ask::Session(payload) => self.session(payload),
        }
    }

    fn prepare(&mut self, prepare: Prepare) -> Option<Answer> {
        let answer = self.unchanged(|bench| bench.runtime.block_on(bench.hub.prepare(prepare)));
        assert!(!matches!(answer, Some(Answer::Committed { .. } | Answer::News(_))), "{answer:?}");
        answer
    }

    fn commit(&mut self, commit: Commit) {
        let before = tables(&self.sql);
        let answer = judged(self.runtime.block_on(self.hub.commit(commit)));
        if !matches!(answer, Some(Answer::Committed { .. })) {
            assert_eq!(tables(&self.sql)[0], before[0], "{answer:?} changed something");
        }
    }

    /// Asks what must change nothing but what is staged.
    fn unchanged(&mut self, ask: impl FnOnce(&mut Bench) -> Result<Answer, HubError>) -> Option<Answer> {
        let before = tables(&self.sql);
        let answer = judged(ask(self));
        assert_eq!(tables(&self.sql)[0], before[0], "{answer:?} changed something");
        answer
    }

    fn session(&mut self, mut payload: Vec<u8>) {
        let schema = self.hub.schema();
        if let Some(digest) = payload.get_mut(3..11) {
            digest.copy_from_slice(&schema.digest());
        }
        let limits = Limits { bytes: 1 << 20, memory: 4 << 20 };
        let Ok(encoded) = decode_changeset(schema, &payload, &limits) else { return };
        let Ok(mut changeset) = encoded.resolve(|_, low, _| Some(low)) else { return };
        self.mend(&mut changeset);
        let (mut commit, mut answer) = self.offer(&changeset);
        if let Some(Answer::Known { covers, missing }) = answer {
            assert!(missing.iter().all(|key| changeset.recovery.ask.contains(key)), "{missing:?} was not asked about");
            assert!(changeset.spans.iter().all(|span| covers.contains(&(span.origin, span.after))), "{covers:?}");
            changeset.recovery.held.retain(|held| missing.contains(&held.key()));
            changeset.recovery.missing = missing;
            (commit, answer) = self.offer(&changeset);
            assert!(!matches!(answer, Some(Answer::Known { .. })), "what it knows is not what it knew");
        }
        match answer {
            Some(Answer::Prepared) => self.commit(commit),
            Some(Answer::Rewind(to)) => {
                let past = changeset.recovery.past.unwrap_or_default();
                assert!(to == Point::START || past.contains(&to), "{to:?} is no checkpoint of the device");
            }
            Some(Answer::Astray) => assert!(changeset.recovery.past.is_none(), "the device has said its past"),
            _ => {}
        }
    }

    /// PREPARE, and how its COMMIT is asked for. What else its pull asks is as random as a digest.
    fn offer(&mut self, changeset: &Changeset) -> (Commit, Option<Answer>) {
        let payload = encode_changeset(self.hub.schema(), changeset, &[], Effort::Page);
        let (session, digest) = (SessionId(Digest::of(&payload).0), Digest::of(&payload));
        let [bits, verify, ..] = digest.0;
        let whole = (0..self.hub.schema().tables().len()).filter(|table| bits >> table & 17 == 17).collect();
        let pull = Pull { schema: self.hub.schema().digest(), device: changeset.device, ..Device::new(1).pull() };
        let pull = Pull { checkpoint: changeset.checkpoint, covers: vec![], whole, verify: verify & 1 == 1, ..pull };
        (Commit { session, digest, pull }, self.prepare(Prepare { session, payload }))
    }

    /// Makes a changeset go on where the hub stands.
    fn mend(&self, changeset: &mut Changeset) {
        if changeset.device == DeviceId::ZERO {
            changeset.device = DeviceId::ZERO.next();
        }
        if changeset.author == Origin::HUB {
            changeset.author = Origin(1);
        }
        if changeset.recovery.past.is_none() {
            changeset.checkpoint = self.head();
            changeset.own.clear();
        }
        let (seq, mut upto) = (changeset.checkpoint.seq, changeset.upto);
        for change in &mut changeset.changes {
            let parts = change.writes.iter_mut().map(|w| (&mut w.hlc, &mut w.base));
            for (hlc, base) in parts.chain(change.resolves.iter_mut().map(|r| (&mut r.hlc, &mut r.base))) {
                (*base, change.hlc) = ((*base).min(seq), change.hlc.max(*hlc));
            }
            (change.base, upto) = (change.base.min(seq), upto.max(change.hlc));
        }
        let cover = "SELECT coalesce(max(upto), 0) FROM windrow_covers WHERE origin = ?1";
        let cover = self.sql.query_row(cover, [changeset.author.to_i64()], |r| r.get(0)).expect("a cover");
        let after = Hlc::from_i64(cover).expect("a stamp");
        upto = upto.max(after.next());
        (changeset.spans, changeset.upto) = (vec![Span { origin: changeset.author, after, upto }], upto);
    }

    /// The digests that the hub tells are those of all that it told.
    fn verifies(&self, rows: &BTreeMap<Key, Vec<Value>>) {
        let pull = Pull { checkpoint: self.head(), verify: true, ..Device::new(999).pull() };
        let Ok(Answer::News(page)) = self.runtime.block_on(self.hub.pull(pull)) else { panic!("no news") };
        let page = decode_page(self.hub.schema(), &page, &Limits::default()).expect("a page");
        let mut shown = vec![TableDigest::default(); self.hub.schema().tables().len()];
        rows.iter().for_each(|((table, id), values)| shown[*table].add(*id, values));
        assert_eq!(page.unresolved().digests.as_ref(), Some(&shown));
    }

    /// A device that knows nothing gets all there is; then the hub is as it was in the beginning.
    fn still_works(&mut self) {
        let rows = self.runtime.block_on(Device::mirror(&*self.hub));
        let now = tables(&self.sql);
        assert!(!rows.is_empty() || now[0] != self.tables[0]);
        self.verifies(&rows);
        if now != self.tables {
            // Its connections must be closed before its file is another.
            let nobody = folder();
            self.hub = open(&nobody.path().join("hub.db"));
            self.sql = Connection::open_in_memory().expect("memory");
            put(&self.path, &self.template);
            self.hub = open(&self.path);
            self.sql = Connection::open(&self.path).expect("the hub's file");
        }
    }
}

/// What is a peer's fault is told as that.
fn judged(answer: Result<Answer, HubError>) -> Option<Answer> {
    match answer {
        Ok(answer) => Some(answer),
        Err(HubError::Problem(_)) => None,
        Err(other) => panic!("the hub's own fault: {other}"),
    }
}

fn open(path: &Path) -> Arc<dyn HubStore> {
    let hub = SqliteHub::open(path).expect("a hub").page_records(7).clock(|| NOON + 3_600_000);
    hub.open_for(&SURVEY).expect("a hub")
}

/// Two devices' work: references, a cascade, conflicts of all three kinds.
async fn past(hub: &dyn HubStore) {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let named = |n| Value::Blob(id(n).0.to_vec());
    let text = |s: &str| Value::Text(s.into());
    let mut births = vec![a.farm(1, "Kongo"), a.farm(2, "Elbe"), a.farm(6, "Meru")];
    births.push(a.insert((WORKER, id(4)), vec![text("Awa"), Value::Null]));
    births.push(a.insert((WORKER, id(5)), vec![text("Ode"), named(4)]));
    births.push(a.insert((PLOT, id(3)), vec![named(1), Value::Real(1.5)]));
    births.push(a.insert((PLOT, id(7)), vec![named(6), Value::Null]));
    births.push(a.insert((VISIT, id(8)), vec![named(4), named(7)]));
    a.sync(hub, births).await;
    b.fetch(hub).await;
    for (device, number) in [(&mut a, "1"), (&mut b, "2")] {
        let edits = vec![
            device.set((FARM, id(1)), PHONE, text(number)),
            device.set((FARM, id(if number == "1" { 2 } else { 6 })), crate::domain::CODE, text("K-1")),
        ];
        device.sync(hub, edits).await;
    }
    let edit = a.set((PLOT, id(3)), 1, Value::Real(3.0));
    a.sync(hub, vec![edit]).await;
    let gone = vec![b.delete((PLOT, id(3))), b.delete((WORKER, id(5)))];
    b.sync(hub, gone).await;
}

/// All that the tables hold, but those of sessions apart.
fn tables(sql: &Connection) -> [Vec<Vec<Cell>>; 2] {
    let mut names =
        sql.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").expect("SQL");
    let names: Vec<String> =
        names.query_map([], |r| r.get(0)).expect("SQL").map(|name| name.expect("a name")).collect();
    let (sessions, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name == "windrow_sessions");
    [others, sessions].map(|names| names.iter().flat_map(|name| rows(sql, name)).collect())
}

fn rows(sql: &Connection, table: &str) -> Vec<Vec<Cell>> {
    let mut all = sql.prepare_cached(&format!("SELECT * FROM \"{table}\"")).expect("SQL");
    let columns = all.column_count();
    let row = |r: &windrow::rusqlite::Row<'_>| (0..columns).map(|i| r.get(i)).collect();
    all.query_map([], row).expect("SQL").map(|row| row.expect("a row")).collect()
}

/// Records as the hub keeps them, each behind the number of its table: seeds for whoever reads them.
pub fn records() -> Vec<Vec<u8>> {
    let bench = BENCH.lock().expect("the bench");
    let versions = SURVEY.tables.iter().map(|t| format!("windrow_versions_{}", t.model.name)).enumerate();
    let of = |(n, versions): (usize, String)| {
        let packed = format!("SELECT windrow_packed FROM \"{versions}\"");
        let mut packed = bench.sql.prepare(&packed).expect("SQL");
        let packed: Vec<Vec<u8>> =
            packed.query_map([], |r| r.get(0)).expect("SQL").map(|p| p.expect("a BLOB")).collect();
        packed.into_iter().map(move |packed| [vec![n as u8], packed].concat())
    };
    versions.flat_map(of).collect()
}
