//! The program as scripts use it, and other programs that write to its files.
// Each test file uses a part.
#![allow(dead_code)]

pub(crate) mod programs;

use serde_json::Value as Json;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, OpenFlags};

/// The tables of the survey.
pub(crate) const TABLES: [&str; 4] = ["farm", "plot", "worker", "visit"];

/// The program, to be given arguments.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farm-survey"));
    command.stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    program().args(args).output().unwrap()
}

/// The exit status, and the one JSON document that the program wrote.
pub(crate) fn run_json<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> (i32, Json) {
    let output = program().args(args).arg("--json").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text:?}"));
    (output.status.code().unwrap(), document)
}

/// The names of an object's fields, in order.
pub(crate) fn keys(document: &Json) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A folder with the files of a test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A new device.
    pub(crate) fn device(&self, name: &str) -> Device {
        let device = Device { file: self.file(&format!("{name}.db")) };
        device.ok(["init"]);
        device
    }

    /// A hub that serves.
    pub(crate) fn hub(&self) -> Hub {
        Hub::start(&self.file("hub.db"), "127.0.0.1:0")
    }
}

/// The trial's file.
pub(crate) fn barley() -> String {
    format!("{}/data/barley.json", env!("CARGO_MANIFEST_DIR"))
}

/// A device's file, worked with from outside.
pub(crate) struct Device {
    pub(crate) file: PathBuf,
}

impl Device {
    /// The exit status and the document of a command.
    pub(crate) fn does<const N: usize>(&self, args: [&str; N]) -> (i32, Json) {
        run_json(self.args(&args))
    }

    /// The document of a command that succeeds.
    pub(crate) fn ok<const N: usize>(&self, args: [&str; N]) -> Json {
        let (status, document) = self.does(args);
        assert_eq!(status, 0, "{args:?}: {document}");
        document
    }

    /// The message of a command that fails with 1, for this kind of reason.
    pub(crate) fn fails<const N: usize>(&self, args: [&str; N], kind: &str) -> String {
        let (status, document) = self.does(args);
        assert_eq!((status, &document["error"]["kind"]), (1, &Json::from(kind)), "{args:?}: {document}");
        document["error"]["message"].as_str().unwrap().to_owned()
    }

    /// What a command says to a person.
    pub(crate) fn text<const N: usize>(&self, args: [&str; N]) -> String {
        let output = run(self.args(&args));
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Syncs, and enrols before where it has not yet.
    pub(crate) fn sync(&self, hub: &Hub) -> Json {
        if !self.token().exists() {
            hub.enrols(self);
        }
        self.ok(["sync", "--hub", &hub.url])
    }

    /// Where its token is kept.
    pub(crate) fn token(&self) -> PathBuf {
        PathBuf::from(format!("{}.token", self.file.display()))
    }

    pub(crate) fn args<'a>(&'a self, args: &'a [&str]) -> Vec<&'a OsStr> {
        let head = [OsStr::new("device"), OsStr::new("--db"), self.file.as_os_str()];
        head.into_iter().chain(args.iter().map(OsStr::new)).collect()
    }
}

/// A hub that serves, in a process of its own.
pub(crate) struct Hub {
    pub(crate) url: String,
    pub(crate) file: PathBuf,
    pub(crate) announced: Json,
    child: Child,
}

impl Hub {
    pub(crate) fn start(file: &Path, listen: &str) -> Hub {
        let mut command = program();
        command.args(["hub", "--json", "--listen", listen, "--db"]).arg(file).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let announced: Json = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        let url = announced["url"].as_str().unwrap().to_owned();
        Hub { url, file: file.to_owned(), announced, child }
    }

    /// The document of a command about who may speak to it.
    pub(crate) fn ok<const N: usize>(&self, args: [&str; N]) -> Json {
        let head = ["hub", "--db", self.file.to_str().unwrap()];
        let (status, document) = run_json(head.iter().chain(&args));
        assert_eq!(status, 0, "{args:?}: {document}");
        document
    }

    /// A code for a user.
    pub(crate) fn invites(&self, name: &str) -> String {
        self.ok(["invite", name])["code"].as_str().unwrap().to_owned()
    }

    /// A device enrols, for a user who is called as its file.
    pub(crate) fn enrols(&self, device: &Device) {
        let code = self.invites(device.file.file_stem().unwrap().to_str().unwrap());
        device.ok(["enrol", "--hub", &self.url, &code]);
    }

    /// These devices sync, one after the other.
    pub(crate) fn serves(&self, devices: &[&Device]) {
        devices.iter().for_each(|device| drop(device.sync(self)));
    }

    /// Ends it with this signal; its exit status.
    pub(crate) fn stop(mut self, signal: &str) -> Option<i32> {
        send(&self.child, signal);
        wait(&mut self.child)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process of the test's own.
pub(crate) fn send(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// The exit status of a process that ends soon.
pub(crate) fn wait(child: &mut Child) -> Option<i32> {
    let mut ended = None;
    eventually("the process ends", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    ended.and_then(|status| status.code())
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The rows that a query finds in a file, without Windrow.
pub(crate) fn rows(file: &Path, sql: &str) -> Vec<Vec<Value>> {
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut query = conn.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let columns = query.column_count();
    let found = query.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
    found.collect::<Result<_, _>>().unwrap()
}

/// The only number that a query finds.
pub(crate) fn number(file: &Path, sql: &str) -> i64 {
    match rows(file, sql).as_slice() {
        [row] if row.len() == 1 => match row[0] {
            Value::Integer(n) => n,
            ref other => panic!("{sql}: {other:?}"),
        },
        other => panic!("{sql}: {other:?}"),
    }
}

/// All tables of all files are equal.
pub(crate) fn assert_equal(files: &[&Path]) {
    for table in TABLES {
        let all = files.iter().map(|file| rows(file, &format!("SELECT * FROM {table} ORDER BY id")));
        let all: Vec<_> = all.collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{table} differs: {all:?}");
    }
}
