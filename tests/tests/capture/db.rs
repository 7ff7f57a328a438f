//! A database with the tables and triggers of some structs, written to by one of two programs.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use windrow::rusqlite::Connection;
use windrow::rusqlite::types::Value;
use windrow::store::changelog_view;
use windrow_schema::sql::{Device, quoted};
use windrow_schema::{Domain, Model, Variants};
use windrow_tests::product::log;

/// The structs of most cases.
pub(crate) const FARMS: &[&str] = &[
    "struct Farm { id: Id<Farm>, name: String, #[merge(sum)] cattle: i64, phone: Option<String> }",
    "struct Worker { id: Id<Worker>, name: String, #[unique] code: Option<String> }",
    "struct Plot { id: Id<Plot>,
        #[parent(Farm, on_delete = cascade)] farm_id: Option<Id<Farm>>,
        #[parent(Worker, on_delete = set_null)] worker_id: Option<Id<Worker>>,
        #[merge(sum)] bags: i64, crop: Option<String> }",
    "struct Visit { id: Id<Visit>, #[parent(Plot)] plot_id: Option<Id<Plot>>, notes: String }",
    "struct Unit { id: Id<Unit>,
        #[parent(Unit, on_delete = cascade)] part_of: Option<Id<Unit>>,
        #[parent(Unit, on_delete = set_null)] next: Option<Id<Unit>> }",
    "struct Link { id: Id<Link>,
        #[parent(Link, on_delete = cascade)] after: Option<Id<Link>>,
        #[parent(Farm, on_delete = cascade)] farm_id: Option<Id<Farm>> }",
    "#[merge(lww)] struct Price { id: Id<Price>, amount: i64, per: Option<String>,
        #[parent(Worker, on_delete = set_null)] by_id: Option<Id<Worker>> }",
];

/// The device store's own tables, as far as triggers and the changelog read them, but for the log.
const SYSTEM: &str =
    "CREATE TABLE windrow_state (device INTEGER NOT NULL, base INTEGER NOT NULL, applying INTEGER NOT NULL) STRICT;
CREATE TABLE windrow_origins (first INTEGER NOT NULL PRIMARY KEY, origin INTEGER NOT NULL) STRICT;
INSERT INTO windrow_state VALUES (7, 3, 0);
INSERT INTO windrow_origins VALUES (0, -5);
";

/// The number of the last entry of the log.
pub(crate) const LAST: &str = "SELECT coalesce(max(number), 0) FROM windrow_log";

/// A program that writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Program {
    /// rusqlite, with the bundled SQLite.
    Bundled,
    /// The `sqlite3` shell.
    Shell,
}

/// A database, and how each script finds it set up.
pub(crate) struct Db {
    dir: tempfile::TempDir,
    connection: Connection,
    pub(crate) program: Program,
    pub(crate) models: Vec<Model>,
    seen: Cell<i64>,
    /// Drops Windrow's triggers and creates them again.
    renewal: String,
    /// `PRAGMA foreign_keys`.
    pub(crate) foreign_keys: bool,
    /// `PRAGMA recursive_triggers`.
    pub(crate) recursive: bool,
}

/// Runs a case on every program, with foreign keys and without recursive triggers unless it says otherwise.
pub(crate) fn each(structs: &[&str], enums: &[&str], case: impl Fn(&mut Db)) {
    let shell = Command::new("sqlite3").arg("--version").output().is_ok();
    for program in [Program::Bundled, Program::Shell].into_iter().take(1 + usize::from(shell)) {
        case(&mut Db::new(program, structs, enums));
    }
}

/// Runs a case on the farms, on every program.
pub(crate) fn farms(case: impl Fn(&mut Db)) {
    each(FARMS, &[], case);
}

impl Db {
    pub(crate) fn new(program: Program, structs: &[&str], enums: &[&str]) -> Db {
        let models = structs.iter().map(|s| Model::read_str(s).unwrap()).collect();
        let domain = Domain::new(models).unwrap();
        let enums: BTreeMap<_, _> = enums
            .iter()
            .map(|e| Variants::read_str(e).unwrap())
            .map(|v| (v.name().to_string(), v.sql_list()))
            .collect();
        let dir = tempfile::tempdir().unwrap();
        let objects = domain.models().iter().flat_map(|model| {
            let device = Device::of(model);
            let leave = if domain.takes_along(model) { device.leave } else { Vec::new() };
            device.objects.into_iter().chain(device.triggers).chain(leave)
        });
        let objects: Vec<_> =
            objects.map(|o| (o.name, domain.render(&o.sql, |name| enums[name].clone()) + ";\n")).collect();
        let triggers = || objects.iter().filter(|(_, sql)| sql.starts_with("CREATE TRIGGER"));
        let drops: String = triggers().map(|(name, _)| format!("DROP TRIGGER {};\n", quoted(name))).collect();
        let renewal = drops + &triggers().map(|(_, sql)| sql.as_str()).collect::<String>();
        let db = Db {
            connection: Connection::open(dir.path().join("device.db")).unwrap(),
            dir,
            program,
            models: domain.models().to_vec(),
            seen: Cell::new(0),
            renewal,
            foreign_keys: true,
            recursive: false,
        };
        let script: String = objects.into_iter().map(|(_, sql)| sql).collect();
        let parts = domain.models().iter().map(|model| domain.render(&Device::of(model).changelog, |_| unreachable!()));
        let changelog = changelog_view(&parts.collect::<Vec<_>>());
        db.run(&(SYSTEM.to_owned() + &log::tables(domain.widest()) + &script + &changelog));
        db
    }

    /// As the store does once the application has made a trigger.
    pub(crate) fn renew_triggers(&self) {
        self.run(&self.renewal);
    }

    /// Runs a script; `#7` in it stands for the id that ends in 7.
    pub(crate) fn run(&self, script: &str) {
        self.attempt(script).unwrap_or_else(|e| panic!("{:?}: {e}\n{script}", self.program));
    }

    /// Runs a script that is refused, and gives the reason.
    pub(crate) fn refused(&self, script: &str) -> String {
        self.attempt(script).expect_err(script)
    }

    /// Runs a script, up to the first statement that fails.
    pub(crate) fn attempt(&self, script: &str) -> Result<(), String> {
        let on = |yes| if yes { "ON" } else { "OFF" };
        let pragmas = format!(
            "PRAGMA foreign_keys = {}; PRAGMA recursive_triggers = {}; PRAGMA synchronous = OFF;\n",
            on(self.foreign_keys),
            on(self.recursive)
        );
        let script = pragmas + &ids(script);
        match self.program {
            Program::Bundled => self.bundled(&script).map_err(|e| e.to_string()),
            Program::Shell => self.shell(&script),
        }
    }

    fn bundled(&self, script: &str) -> windrow::rusqlite::Result<()> {
        let result = self.connection.execute_batch(script);
        if !self.connection.is_autocommit() {
            // As when a program ends in the middle of a transaction.
            self.connection.execute_batch("ROLLBACK")?;
        }
        result
    }

    fn shell(&self, script: &str) -> Result<(), String> {
        let mut shell = Command::new("sqlite3");
        shell.args(["-batch", "-bail", "-init", "/dev/null"]).arg(self.dir.path().join("device.db"));
        let mut child =
            shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the shell starts");
        let wrote = child.stdin.take().unwrap().write_all(script.as_bytes());
        let output = child.wait_with_output().unwrap();
        match output.status.success() {
            true => wrote.map_err(|e| e.to_string()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The rows of a query, their values as SQL literals.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        self.values(sql).iter().map(|row| row.iter().map(literal).collect()).collect()
    }

    /// The rows of a query.
    pub(crate) fn values(&self, sql: &str) -> Vec<Vec<Value>> {
        let mut statement = self.connection.prepare(&ids(sql)).unwrap();
        let count = statement.column_count();
        let rows = statement.query_map([], |row| (0..count).map(|i| row.get(i)).collect()).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The first value of a query.
    pub(crate) fn one(&self, sql: &str) -> String {
        self.rows(sql).first().map(|row| row[0].clone()).unwrap_or_default()
    }

    /// What was logged since the last call, in order of stamps: `update plot #1 bags=3`.
    pub(crate) fn logged(&self) -> Vec<String> {
        let mut entries: Vec<(i64, String)> = self.models.iter().flat_map(|m| self.entries(m)).collect();
        entries.sort();
        self.stamps_are_right();
        self.seen.set(entries.last().map_or(self.seen.get(), |(number, _)| *number));
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The changelog's stamps rise and follow from the log; none is of before its entry was written, which was just now.
    fn stamps_are_right(&self) {
        log::shown_by_the_changelog(&self.connection).unwrap();
        let column = |sql: &str| self.values(sql).iter().map(|row| integer(&row[0])).collect::<Vec<_>>();
        let (stamps, times) =
            (column("SELECT stamp FROM windrow_changelog"), column("SELECT at FROM windrow_log ORDER BY number"));
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "two entries of one stamp: {stamps:?}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        assert_eq!(stamps.len(), times.len());
        for (stamp, at) in stamps.into_iter().zip(times) {
            assert!(stamp >= at << 15, "{stamp} is before {at}");
            assert!((now - at).abs() < 60_000, "written at {at}, and it is {now}");
        }
    }

    fn entries(&self, model: &Model) -> Vec<(i64, String)> {
        let columns: String = (0..model.fields().len()).map(|at| format!(", value{at}")).collect();
        let sql = format!(
            "SELECT number, operation, record, base, mask0{columns} FROM windrow_log
              WHERE number > {} AND \"table\" = '{}'",
            self.seen.get(),
            model.table().replace('\'', "''")
        );
        let entry = |row: Vec<String>| {
            assert_eq!(row[3], "3", "the base");
            (row[0].parse().unwrap(), describe(model, &row))
        };
        self.rows(&sql).into_iter().map(entry).collect()
    }
}

fn describe(model: &Model, row: &[String]) -> String {
    let mask: i64 = row[4].parse().unwrap();
    let (op, all) = match row[1].as_str() {
        "1" => ("insert", true),
        "2" => ("update", false),
        "3" => ("delete", true),
        "4" => ("cascade", true),
        "5" => ("stale", false),
        other => panic!("operation {other}"),
    };
    let fields = model.fields().iter().enumerate();
    let said = |i: usize| mask & 1 << i != 0 || row[1] == "2" && row[5 + i] != "NULL";
    for (i, value) in row[5..].iter().enumerate() {
        assert!(all || said(i) || value == "NULL", "a value that is not in the mask: {row:?}");
    }
    let values =
        fields.clone().filter(|(i, _)| all || said(*i)).map(|(i, f)| format!(" {}={}", f.column(), row[5 + i]));
    let via = fields.filter(|(i, _)| all && said(*i)).map(|(_, f)| format!(" via {}", f.column()));
    format!("{op} {} {}{}{}", model.table(), row[2], values.collect::<String>(), via.collect::<String>())
}

pub(crate) fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(n) => *n,
        other => panic!("{other:?}"),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Integer(n) => n.to_string(),
        Value::Real(x) => format!("{x:?}"),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(bytes) => match &bytes[..] {
            [0, .., last] if bytes.len() == 16 => format!("#{last}"),
            _ => bytes.iter().fold("x".to_owned(), |text, b| text + &format!("{b:02x}")),
        },
    }
}

/// Writes `#7` out as an id.
fn ids(script: &str) -> String {
    let mut pieces = script.split('#');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match piece[..digits].parse::<u8>() {
            Ok(n) => out += &format!("x'{n:032x}'{}", &piece[digits..]),
            Err(_) => out += &format!("#{piece}"),
        }
    }
    out
}
