//! A device's file that somebody else has had in hands, opened and synced with a hub that answers anything.
//!
//! Never a panic, and never without an end: whatever can't be understood is an error.

use crate::by_hand::{Device, id};
use crate::domain::{FARM, Farm, PHONE, PLOT, Plot, SURVEY, VISIT, Visit, WORKER, Worker};
use crate::{NOON, folder, instructions, put};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use windrow::hub::{HubStore, OpenHub, SqliteHub};
use windrow::rusqlite::{Connection, config::DbConfig, types::Value as Cell};
use windrow::store::{Next, Store};
use windrow::sync::{Failure, FailureKind, Notes, Transport};
use windrow::{Id, Timestamp};
use windrow_protocol::clock::{Hlc, Mark, Origin, Point, Seq};
use windrow_protocol::codec::{Effort, Limits, decode_page, encode_page};
use windrow_protocol::digest::TableDigest;
use windrow_protocol::message::{Answer, Refusal, RefusalCode};
use windrow_protocol::model::Schema;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Event, Request, Session};
use windrow_protocol::told::{News, Page, Reached, Told};
use windrow_protocol::value::Value;

/// What is done to the file, and what the hub answers afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Step {
    /// A column of a table, both by number, holds this in all rows, whatever its type.
    Set(u8, u8, Value),
    /// A table, by number, is emptied.
    Empty(u8),
    /// One of [`STATEMENTS`].
    Run(u8),
    /// A byte of the file is another.
    Flip(u32, u8),
    /// The file ends here.
    Cut(u32),
    /// The hub's next answer.
    Answer(Answer),
    /// The application changes a record, and the session begins anew.
    Write,
}

/// What other programs may do to a file.
pub const STATEMENTS: [&str; 39] = [
    "DROP TABLE windrow_outbox",
    "DROP TABLE windrow_state; CREATE VIEW windrow_state AS SELECT 1 AS one, 1 AS format",
    "DROP TABLE windrow_inbox; CREATE VIEW windrow_inbox AS SELECT 1 AS page, 2 AS body, 3 AS next",
    "DROP TABLE farm; CREATE VIEW farm AS SELECT x'00' AS id",
    "ALTER TABLE windrow_log ADD COLUMN extra",
    "DROP TRIGGER windrow_farm_insert",
    "DROP VIEW windrow_changelog; CREATE TABLE windrow_changelog (n)",
    "CREATE TRIGGER mine AFTER UPDATE ON windrow_state BEGIN DELETE FROM windrow_outbox; END",
    "CREATE TRIGGER mine BEFORE INSERT ON farm BEGIN SELECT RAISE(ABORT, 'no'); END",
    "INSERT INTO windrow_inbox SELECT 9223372036854775807, body, next FROM windrow_inbox",
    "INSERT INTO windrow_inbox SELECT page + 1, body, NULL FROM windrow_inbox",
    "PRAGMA user_version = 7; PRAGMA application_id = 7",
    "INSERT OR REPLACE INTO windrow_origins SELECT first + 1, origin, hub_has, unsure FROM windrow_origins",
    "PRAGMA encoding = 'UTF-16'; VACUUM",
    "UPDATE windrow_state SET format = 1",
    "UPDATE windrow_state SET format = 2",
    "UPDATE windrow_state SET format = 2; DROP TABLE windrow_log; DROP TABLE windrow_clock;
     ALTER TABLE windrow_state ADD COLUMN hlc INTEGER NOT NULL DEFAULT -1",
    "DROP TABLE windrow_log",
    "DROP TABLE windrow_log; CREATE VIEW windrow_log AS SELECT 1 AS number, 2 AS at, 'farm' AS \"table\"",
    "ALTER TABLE windrow_log DROP COLUMN value0",
    "ALTER TABLE windrow_log ADD COLUMN value99 ANY",
    "DELETE FROM windrow_log WHERE number % 2 = 0",
    "DELETE FROM windrow_log WHERE number = (SELECT max(number) FROM windrow_log)",
    "DELETE FROM windrow_log WHERE number < (SELECT max(number) FROM windrow_log)",
    "UPDATE windrow_log SET number = -number",
    "UPDATE windrow_log SET number = 9223372036854775807 WHERE number = (SELECT max(number) FROM windrow_log)",
    "UPDATE windrow_log SET number = -9223372036854775808 WHERE number = (SELECT min(number) FROM windrow_log)",
    "UPDATE windrow_log SET at = at - 1000 * number",
    "UPDATE windrow_log SET at = 281474976710655 WHERE number % 2 = 0",
    "UPDATE windrow_log SET \"table\" = 'nobody' WHERE number % 2 = 0",
    "UPDATE windrow_log SET \"table\" = 'visit'",
    "UPDATE windrow_log SET operation = operation % 9 + 1, mask0 = 9223372036854775807",
    "UPDATE windrow_log SET operation = 0",
    "UPDATE windrow_clock SET clock = clock - (1 << 30)",
    "UPDATE windrow_clock SET clock = clock + (1 << 30)",
    "UPDATE windrow_clock SET number = number + 1",
    "UPDATE windrow_clock SET stamp = stamp - 1",
    "INSERT INTO windrow_clock SELECT at << 15, number, at << 15 FROM windrow_log WHERE true ON CONFLICT DO NOTHING",
    "INSERT INTO windrow_clock VALUES (9223372036854775807, 1, 9223372036854775807)",
];

/// Does to a device what these bytes say.
pub fn lives(bytes: &[u8]) {
    let steps = instructions::<Step>(bytes, 24);
    if steps.is_empty() {
        return;
    }
    TEMPLATE.with_file(|path| {
        let answers = damage(path, steps);
        if let Ok(store) = Store::open(path, &SURVEY) {
            ask(&store);
            for answers in answers.split(Option::is_none) {
                sync(&store, answers.iter().flatten());
                write(&store);
            }
            ask(&store);
        }
    });
}

/// The seeds: a file as it is with a real hub's answers, and one fault each.
pub fn seeds() -> Vec<(String, Vec<Step>)> {
    let answers = || TEMPLATE.answers.iter().cloned().map(Step::Answer);
    let mut seeds =
        vec![("session".to_owned(), [answers().collect(), vec![Step::Write], answers().collect()].concat())];
    let values =
        [Value::Null, Value::Integer(-1), Value::Integer(i64::MAX), Value::Text("x".into()), Value::Blob(vec![7; 3])];
    let one = |(n, value): (usize, Value)| vec![Step::Set(n as u8, n as u8, value)];
    seeds.extend(
        values.into_iter().enumerate().map(|v| (format!("value-{}", v.0), [one(v), answers().collect()].concat())),
    );
    seeds.extend(
        (0..STATEMENTS.len())
            .map(|n| (format!("statement-{n}"), [vec![Step::Run(n as u8)], answers().collect()].concat())),
    );
    // The rows that everything depends on, and those of the log: each of their numbers at both its ends.
    for name in ["state", "device", "log", "clock"] {
        let table = TEMPLATE.tables.iter().position(|(table, _)| *table == format!("windrow_{name}")).expect("a table");
        for column in 0..TEMPLATE.tables[table].1.len() {
            let end = |n| vec![Step::Set(table as u8, column as u8, Value::Integer(n)), Step::Write];
            let [least, most] = [-1, i64::MAX].map(|n| [end(n), answers().collect()].concat());
            seeds.extend([(format!("{name}-{column}-least"), least), (format!("{name}-{column}-most"), most)]);
        }
    }
    let recoveries = TEMPLATE.recoveries.iter().map(|(name, answers)| {
        let answers = answers.iter().cloned().map(Step::Answer).collect();
        (format!("recovery-{name}"), answers)
    });
    seeds.extend(recoveries);
    seeds.push(("flip".into(), vec![Step::Flip(4096 * 3 + 8, 0xff)]));
    seeds.push(("cut".into(), vec![Step::Cut(4096 * 9 + 100)]));
    seeds
}

/// Damages the file; what the hub answers then, an empty place where a session begins anew.
fn damage(path: &Path, steps: Vec<Step>) -> Vec<Option<Answer>> {
    let (mut answers, mut bytes, mut edits) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Answer(answer) => answers.push(Some(answer)),
            Step::Write => answers.push(None),
            Step::Flip(..) | Step::Cut(_) => bytes.push(step),
            Step::Set(..) | Step::Empty(_) | Step::Run(_) => edits.push(step),
        }
    }
    put(path, &TEMPLATE.file);
    if !edits.is_empty() {
        edit(path, edits);
    }
    if !bytes.is_empty() {
        let mut file = std::fs::read(path).expect("the file");
        for step in bytes {
            match step {
                Step::Flip(at, byte) => {
                    let at = at as usize % file.len().max(1);
                    file.iter_mut().skip(at).take(1).for_each(|b| *b ^= byte.max(1));
                }
                Step::Cut(at) => file.truncate(at as usize),
                _ => {}
            }
        }
        put(path, &file);
    }
    answers
}

/// Edits the tables as a program does that knows how to get around their rules. What fails is left out.
fn edit(path: &Path, edits: Vec<Step>) {
    let sql = Connection::open(path).expect("the file");
    let off = "PRAGMA foreign_keys = 0; PRAGMA ignore_check_constraints = 1; PRAGMA synchronous = 0;";
    sql.execute_batch(off).expect("SQL");
    drop(sql.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false));
    let strict =
        |sql: &Connection, on: bool| {
            drop(sql.execute_batch("PRAGMA writable_schema = 1"));
            for (name, text) in &TEMPLATE.strict {
                let loose = text.replace(" STRICT, WITHOUT", " WITHOUT").replace(" STRICT", "");
                drop(sql.execute(
                    "UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1",
                    [name, if on { text } else { &loose }],
                ));
            }
            drop(sql.execute_batch("PRAGMA writable_schema = RESET"));
        };
    strict(&sql, false);
    for edit in edits {
        let table = |n: u8| TEMPLATE.tables[usize::from(n) % TEMPLATE.tables.len()].clone();
        match edit {
            Step::Set(n, column, value) => {
                let (table, columns) = table(n);
                let column = &columns[usize::from(column) % columns.len()];
                let set = format!("UPDATE OR REPLACE \"{table}\" SET \"{column}\" = ?1");
                drop(sql.execute(&set, [cell(value)]));
            }
            Step::Empty(n) => drop(sql.execute(&format!("DELETE FROM \"{}\"", table(n).0), [])),
            Step::Run(n) => drop(sql.execute_batch(STATEMENTS[usize::from(n) % STATEMENTS.len()])),
            _ => {}
        }
    }
    strict(&sql, true);
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(n) => Cell::Integer(n),
        Value::Real(x) => Cell::Real(x),
        Value::Text(text) => Cell::Text(text),
        Value::Blob(bytes) => Cell::Blob(bytes),
    }
}

/// Everything that an application asks of a store.
fn ask(store: &Store) {
    drop(store.warnings().iter().map(ToString::to_string).collect::<Vec<_>>());
    drop((store.status(), store.pending(), store.pending_marker(), store.changelog(), store.refused()));
    drop((store.query::<Farm>("", []), store.query::<Plot>("", []), store.query::<Visit>("", [])));
    if let Ok(conflicts) = store.conflicts() {
        for conflict in &conflicts {
            drop(store.resolve(conflict, windrow::store::Answer::Keep));
        }
    }
    drop(store.confirm_deletion());
    drop(store.prune(Timestamp::from_millis(NOON), Duration::from_secs(1)));
}

/// The application's own work.
fn write(store: &Store) {
    if let Ok(Some(mut farm)) = store.get::<Farm>(Id::from(id(1))) {
        farm.cattle = farm.cattle.wrapping_add(1);
        farm.name.push('!');
        drop(store.update(&mut farm));
    }
    drop(store.insert(&Worker { id: Id::from(id(77)), name: "Ode".into(), boss: None }));
    drop(store.delete::<Plot>(Id::from(id(3))));
}

/// A session, until the answers are used up.
fn sync<'a>(store: &Store, answers: impl Iterator<Item = &'a Answer>) {
    let mut answers = answers.cloned();
    let (actions, (mut session, mut action)) = (store.session(), Session::start(Pace::default()));
    // A session that goes on for ever is a fault as well.
    for _ in 0..1_000 {
        let event = match actions.perform(action) {
            Ok(Next::Event(event)) => event,
            Ok(Next::Send(_)) => match answers.next() {
                Some(answer) => Event::Answered(named(answer)),
                None => return,
            },
            Ok(Next::Finish(_)) | Err(_) => return,
        };
        match session.on(event) {
            Ok(next) => action = next,
            Err(_) => return,
        }
    }
    panic!("a session without an end");
}

/// A fuzzer can't guess the digest that a page names: it is put in.
fn named(mut answer: Answer) -> Answer {
    if let Answer::Committed { page, .. } | Answer::News(page) = &mut answer
        && let Some(digest) = page.get_mut(3..11)
    {
        digest.copy_from_slice(&TEMPLATE.schema.digest());
    }
    answer
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(Template::new);

/// A device's file in the middle of its work, and what the hub would say.
struct Template {
    schema: Schema,
    file: Vec<u8>,
    /// Its tables and their columns.
    tables: Vec<(String, Vec<String>)>,
    /// Its strict tables as they were declared.
    strict: Vec<(String, String)>,
    answers: Vec<Answer>,
    /// What a hub would say that was restored, or is another.
    recoveries: Vec<(&'static str, Vec<Answer>)>,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Template {
    fn new() -> Template {
        let folder = folder();
        let path = folder.path().join("device.db");
        let (schema, answers) = make(folder.path(), &path);
        let recoveries = recoveries(&schema, checkpoint(&path));
        let sql = Connection::open(&path).expect("the file");
        let strict = pairs(&sql, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'");
        let columns = "SELECT s.name, group_concat(c.name, char(10)) FROM sqlite_schema s, pragma_table_info(s.name) c
            WHERE s.type = 'table' GROUP BY s.name ORDER BY s.name";
        let split = |(table, columns): (String, String)| (table, columns.lines().map(str::to_owned).collect());
        let tables = pairs(&sql, columns).into_iter().map(split).collect();
        drop(sql);
        let file = std::fs::read(&path).expect("the file");
        Template { schema, file, tables, strict, answers, recoveries, path, _folder: folder }
    }

    fn with_file(&self, f: impl FnOnce(&Path)) {
        f(&self.path);
    }
}

fn pairs(sql: &Connection, query: &str) -> Vec<(String, String)> {
    let mut query = sql.prepare(query).expect("SQL");
    let rows = query.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).expect("SQL");
    rows.map(|row| row.expect("a row")).collect()
}

/// The hub in this process.
struct Direct(std::sync::Arc<dyn HubStore>);

#[async_trait::async_trait]
impl Transport for Direct {
    async fn send(&self, request: &Request, _: &Notes) -> Result<Answer, Failure> {
        let answer = self.0.answer(request.clone()).await;
        answer.map_err(|e| Failure::new(FailureKind::Rejected, e.to_string()))
    }

    async fn probe(&self, _: &Notes) -> bool {
        true
    }
}

/// Makes the file: synced, with a conflict, a refused change, work that waits, a changeset under way, half an answer.
fn make(folder: &Path, path: &Path) -> (Schema, Vec<Answer>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let hub = SqliteHub::open(folder.join("hub.db")).expect("a hub").clock(|| NOON).open_for(&SURVEY).expect("a hub");
    let (store, direct) = (Store::open(path, &SURVEY).expect("a store"), Direct(hub.clone()));
    let farm = |n, name: &str| Farm { id: Id::from(id(n)), name: name.into(), phone: None, cattle: 3, code: None };
    [farm(1, "Kongo"), farm(2, "Elbe")].iter().for_each(|f| store.insert(f).expect("a farm"));
    store.insert(&Plot { id: Id::from(id(3)), farm_id: Id::from(id(1)), best: Some(1.5) }).expect("a plot");
    let awa = Worker { id: Id::from(id(4)), name: "Awa".into(), boss: None };
    store.insert(&awa).expect("a worker");
    runtime.block_on(windrow::sync(&store, &direct)).expect("in sync");
    let mut other = Device::new(2);
    runtime.block_on(other.fetch(&*hub));
    let call = |store: &Store, phone: &str| {
        let mut farm = store.get::<Farm>(Id::from(id(1))).expect("a read").expect("a farm");
        farm.phone = Some(phone.into());
        store.update(&mut farm).expect("an update");
    };
    let theirs = other.set((FARM, id(1)), PHONE, Value::Text("1".into()));
    runtime.block_on(other.sync(&*hub, vec![theirs]));
    call(&store, "2");
    runtime.block_on(windrow::sync(&store, &direct)).expect("in sync");
    assert_eq!(store.conflicts().expect("conflicts").len(), 1);
    // Refused: as the hub would have it.
    store.insert(&farm(5, "Meru")).expect("a farm");
    let refusal = Refusal { key: (FARM, id(5)), field: Some(0), code: RefusalCode::Missing, sentence: "no".into() };
    let actions = store.session();
    actions.load(false, false).expect("a changeset");
    actions.refuse(&[refusal]).expect("refused");
    // The hub lacks a record that was synced, and one that was not.
    actions.take_over(&[], &[(FARM, id(2)), (WORKER, id(50))]).expect("taken over");
    // What waits, what is under way, half an answer.
    call(&store, "3");
    store.delete::<Worker>(Id::from(id(4))).expect("a delete");
    let actions = store.session();
    let loaded = actions.load(false, false).expect("a changeset");
    let schema = hub.schema().clone();
    let (half, rest) = (page(&schema, true), page(&schema, false));
    actions.keep(&half).expect("a page");
    store.insert(&Visit { id: Id::from(id(9)), worker_id: None, plot_id: Id::from(id(3)) }).expect("a visit");
    drop(loaded);
    drop((actions, store));
    let at = Some(Point { seq: Seq::from_bits(9).expect("a seq"), mark: Mark(9) });
    let answers = vec![
        Answer::Prepared,
        Answer::Committed { at, page: half },
        Answer::News(rest),
        Answer::UnknownSession,
        Answer::WholeIds,
        Answer::Refused(vec![Refusal {
            key: (FARM, id(1)),
            field: None,
            code: RefusalCode::TooDeep,
            sentence: "no".into(),
        }]),
    ];
    (schema, answers)
}

/// Of an answer in two pages.
fn page(schema: &Schema, first: bool) -> Vec<u8> {
    let point = |n| Point { seq: Seq::from_bits(n).expect("a seq"), mark: Mark(n) };
    let told = |key: (usize, _), held, what| Told { table: key.0, id: key.1, held, what, conflicts: None };
    let named = Value::Blob(id(2).0.to_vec());
    let here = vec![
        told((FARM, id(2)), true, News::Patch(vec![(0, Value::Text("Oder".into()))])),
        told((PLOT, id(6)), false, News::Whole(vec![named, Value::Real(2.0)])),
    ];
    let (told, next) = match first {
        true => (here, Some(Reached { seq: point(5).seq, table: PLOT, id: id(6) })),
        false => (vec![told((PLOT, id(3)), false, News::Gone)], None),
    };
    let highest = Hlc::from_millis(NOON);
    encode_page(schema, &Page { told, at: point(10), next, highest, digests: None }, &[], Effort::Page)
}

/// The file's checkpoint and its origin.
fn checkpoint(path: &Path) -> (Point, Origin) {
    let sql = Connection::open(path).expect("the file");
    let number = |query: &str| sql.query_row(query, [], |r| r.get::<_, i64>(0)).expect("a number");
    let seq = Seq::from_bits(number("SELECT checkpoint FROM windrow_device") as u64).expect("a seq");
    let point = Point { seq, mark: Mark(number("SELECT mark FROM windrow_device") as u64) };
    (point, Origin(number("SELECT origin FROM windrow_origins") as u64))
}

/// What a hub says that was restored, or is another, to the device's changeset that is under way.
fn recoveries(schema: &Schema, (checkpoint, origin): (Point, Origin)) -> Vec<(&'static str, Vec<Answer>)> {
    let known = |upto: i64, missing: &[(usize, u8)]| Answer::Known {
        covers: vec![(origin, Hlc::from_millis(upto)), (Origin(7), Hlc::from_millis(NOON))],
        missing: missing.iter().map(|(table, n)| (*table, id(*n))).collect(),
    };
    let digests = |rows: u64, sum| vec![TableDigest { rows, sum }; schema.tables().len()];
    let lies = |digests| {
        let Ok(page) = decode_page(schema, &page(schema, false), &Limits::default()) else { unreachable!() };
        encode_page(schema, &Page { digests: Some(digests), ..page.unresolved().clone() }, &[], Effort::Page)
    };
    let committed = |page| [Answer::Prepared, Answer::Committed { at: None, page }];
    let news = |digests| Answer::News(lies(digests));
    let (start, elsewhere) = (Point::START, Point { mark: Mark(7), ..checkpoint });
    let all = [(FARM, 1), (FARM, 2), (PLOT, 3), (WORKER, 4), (FARM, 5), (VISIT, 9), (VISIT, 99)];
    let then = |answers: &[Answer]| {
        let rest = committed(lies(digests(0, 0)));
        [answers, &rest, &[news(digests(u64::MAX, u128::MAX)), news(digests(2, 0))]].concat()
    };
    vec![
        ("known", then(&[known(0, &all)])),
        ("known-nothing", then(&[known(i64::MAX >> 20, &[]), known(0, &all[2..])])),
        ("known-no-table", vec![known(NOON, &[(77, 1), (usize::MAX, 2)])]),
        ("rewind", then(&[Answer::Astray, Answer::Rewind(checkpoint), known(0, &all[..3])])),
        ("rewind-start", then(&[Answer::Astray, Answer::Rewind(start), known(0, &all)])),
        ("rewind-elsewhere", vec![Answer::Astray, Answer::Rewind(elsewhere)]),
        ("astray", vec![Answer::Astray; 20]),
        ("digests", then(&[])),
    ]
}

/// What a hub answers: seeds for whoever reads it.
pub fn answers() -> impl Iterator<Item = &'static Answer> {
    TEMPLATE.answers.iter().chain(TEMPLATE.recoveries.iter().flat_map(|(_, answers)| answers))
}
