//! The two programs whose plug is pulled: a device and a hub, on the public API, over real sockets.
//!
//! Each obeys a line of its standard input at a time and answers on its standard output: `ok ...` for what was done, `no
//! again ...` or `no never ...` for what was not, as the error itself says whether to try again. An answer that can be read
//! in the pipe was given, whatever became of the program since.

use super::Fault;
use super::domain::PLUG;
use super::work::{self, Device, Number};
use std::io::{BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use windrow::protocol::message::Answer;
use windrow::protocol::session::{Finish, Request};
use windrow::rusqlite::{self, Connection};
use windrow::store::StoreError;
use windrow::sync::{Failure, FailureKind, Notes, SyncError, Transport};
use windrow::{Endpoint, Server, SqliteHub, Store};

/// Records in a page: so few that an answer has several.
pub const PAGE: usize = 4;

/// Says a line, in one piece.
fn say(line: &str) -> Result<(), Fault> {
    let mut out = stdout().lock();
    out.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes())?;
    Ok(out.flush()?)
}

/// The lines to obey, but for the first, `go`.
fn commands() -> Result<impl Iterator<Item = String>, Fault> {
    say("ready")?;
    let mut lines = stdin().lock().lines().map_while(Result::ok);
    lines.next().ok_or("nobody said go")?;
    Ok(lines)
}

/// The hub: serves until its input ends.
///
/// # Errors
/// A pipe that broke.
pub fn hub(db: &Path) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut running = None;
    for command in commands()? {
        match command.as_str() {
            "serve" => match runtime.block_on(serve(db)) {
                Ok(server) => {
                    say(&format!("ok http://{}", server.local_addr()))?;
                    running = Some(server);
                }
                Err(error) => say(&format!("no again {error}"))?,
            },
            "ping" => say("ok ping")?,
            // Another program that reads reports.
            _ => match checkpoint(db, "PASSIVE") {
                Ok(()) => say("ok checkpoint")?,
                Err(error) => say(&format!("no again {error}"))?,
            },
        }
    }
    runtime.block_on(async {
        if let Some(server) = running {
            server.shutdown().await;
        }
    });
    Ok(())
}

async fn serve(db: &Path) -> Result<windrow::server::Running, Fault> {
    let hub = SqliteHub::open(db)?.page_records(PAGE);
    Ok(Server::new(&PLUG).store(hub).open_to_all().bind("127.0.0.1:0").await?)
}

/// A device: obeys until its input ends.
///
/// # Errors
/// A pipe that broke.
pub fn device(db: &Path, d: Device) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut device = Running { db: db.to_owned(), d, open: None };
    for command in commands()? {
        let words: Vec<&str> = command.split(' ').collect();
        match runtime.block_on(device.obey(&words)) {
            Ok(()) => say(&format!("ok {command}"))?,
            Err(Not { again, what }) => {
                let again = if again { "again" } else { "never" };
                say(&format!("no {again} {command}: {what}"))?;
            }
        }
    }
    Ok(())
}

struct Running {
    db: PathBuf,
    d: Device,
    /// The store, and the application's connection.
    open: Option<(Store, Connection)>,
}

/// What was not done.
struct Not {
    again: bool,
    what: String,
}

impl From<SyncError> for Not {
    fn from(error: SyncError) -> Not {
        Not { again: error.is_retryable(), what: error.to_string() }
    }
}

impl From<StoreError> for Not {
    fn from(error: StoreError) -> Not {
        Not { again: error.is_retryable(), what: error.to_string() }
    }
}

impl From<rusqlite::Error> for Not {
    fn from(error: rusqlite::Error) -> Not {
        // The store's own judgement of what SQLite says.
        Not::from(StoreError::from(error))
    }
}

impl From<Fault> for Not {
    fn from(error: Fault) -> Not {
        Not { again: false, what: error.to_string() }
    }
}

impl Running {
    async fn obey(&mut self, words: &[&str]) -> Result<(), Not> {
        match words {
            ["open"] => {
                let store = Store::open(&self.db, &PLUG)?;
                let conn = store.connection()?;
                self.open = Some((store, conn));
                Ok(())
            }
            ["write", k] => Ok(work::write(&self.open()?.1, self.d, number(k)?)?),
            ["sync", hub, first, last] => self.sync(hub, number(first)?, number(last)?).await,
            ["checkpoint", mode] => Ok(checkpoint(&self.db, mode)?),
            ["close"] => {
                self.open = None;
                Ok(())
            }
            _ => Err(Fault::from("an unknown command").into()),
        }
    }

    fn open(&self) -> Result<&(Store, Connection), Fault> {
        self.open.as_ref().ok_or_else(|| "the store is not open".into())
    }

    /// A session. Before each request but the first the application writes, from number `first` up to before `last`.
    async fn sync(&self, hub: &str, first: Number, last: Number) -> Result<(), Not> {
        let (store, _) = self.open()?;
        let endpoint = Endpoint::new(hub).map_err(SyncError::from)?;
        let next = AtomicU32::new(first);
        let busy = Busy { endpoint, conn: store.connection()?.into(), d: self.d, next, last, sent: AtomicU32::new(0) };
        match windrow::sync(store, &busy).await? {
            Finish::InSync => Ok(()),
            finish => Err(Not { again: finish == Finish::Unsettled, what: format!("{finish:?}") }),
        }
    }
}

fn number(word: &str) -> Result<Number, Fault> {
    Ok(word.parse()?)
}

/// What any other program may do to a database.
fn checkpoint(db: &Path, mode: &str) -> rusqlite::Result<()> {
    Connection::open(db)?.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
}

/// A device and a hub that no longer have a common past are mended by such answers. That is for copies and backups: no kill,
/// no power cut and no failing disk may ever need it.
pub(super) fn needs_no_mending(answer: Answer) -> Result<Answer, Failure> {
    match answer {
        Answer::Known { .. } | Answer::Astray | Answer::Rewind(_) => {
            Err(Failure::new(FailureKind::Rejected, format!("the past must be mended: {answer:?}")))
        }
        answer => Ok(answer),
    }
}

/// The way to the hub, beside an application that goes on writing.
struct Busy {
    endpoint: Endpoint,
    conn: std::sync::Mutex<Connection>,
    d: Device,
    next: AtomicU32,
    last: Number,
    sent: AtomicU32,
}

#[async_trait::async_trait]
impl Transport for Busy {
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
        let is_first = self.sent.fetch_add(1, Ordering::Relaxed) == 0;
        let k = self.next.load(Ordering::Relaxed);
        // A poisoned lock has seen a panic of ours, and this program is at its end.
        if let (false, true, Ok(conn)) = (is_first, k < self.last, self.conn.lock()) {
            let written = work::write(&conn, self.d, k);
            let said = written.map_err(Fault::from).and_then(|()| say(&format!("ok write {k}")));
            if said.is_ok() {
                self.next.store(k + 1, Ordering::Relaxed);
            }
        }
        self.endpoint.send(request, notes).await.and_then(needs_no_mending)
    }

    async fn probe(&self, notes: &Notes) -> bool {
        self.endpoint.probe(notes).await
    }
}
