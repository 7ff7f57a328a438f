//! The threads that own the hub's connections: one that writes, several that read; or none, and callers do the work.
//!
//! Jobs wait in bounded queues; one more than fits is answered `busy` at once. Merging recurses along references, so the
//! threads have a stack that the deepest accepted chain fits in with ease.

use crate::hub::error::HubError;
use crate::lock::lock;
use crate::sqlite::Repeated;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Bytes of a thread's stack. Only what is used takes memory.
const STACK: usize = 64 << 20;
/// Jobs that may wait. That a thousand devices come back at once is nothing unusual, and whoever is turned away comes again.
const QUEUE: usize = 4_096;
/// How many commits, and how long, one transaction gathers before those that wait for it are answered. Each one more writes
/// fewer pages of its own, and pays less of the two syncs.
const GROUP: (usize, Duration) = (256, Duration::from_millis(200));

/// A job for a thread: it is run once, with a connection or the reason why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, HubError>) -> Done + Send>;

/// What came of a job.
struct Done {
    /// Whether what it wrote is to stand.
    stands: bool,
    /// Called with the fate of the transaction that the job ran in, it answers whoever waits.
    answer: Answer,
}

type Answer = Box<dyn FnOnce(Result<(), HubError>) + Send>;

/// What will come of a job that was handed over.
pub(super) type Coming<T> = oneshot::Receiver<Result<T, HubError>>;

/// Whoever does the jobs.
pub(super) struct Threads {
    whose: Whose,
    counts: Arc<Counts>,
}

/// What whoever runs the hub wants to know.
#[derive(Default)]
struct Counts {
    /// Jobs that were handed over, and those that were begun.
    given: AtomicU64,
    begun: AtomicU64,
    /// Transactions that were written.
    transactions: AtomicU64,
}

/// What is done with a job.
type Work = Box<dyn Fn(&Connection, Job) + Send + Sync>;

enum Whose {
    /// Threads with a common queue. Dropping it lets them finish what they have begun, and waits for that.
    Own { queue: Option<SyncSender<Job>>, handles: Vec<JoinHandle<Connection>> },
    /// The thread of whoever asks, one job after the other.
    Callers { connection: Mutex<Connection>, work: Work },
}

impl Threads {
    /// One thread that writes. Waiting jobs share a transaction, and are answered after its COMMIT, of which `committed` hears
    /// first.
    pub(super) fn writer(connection: Connection, committed: impl Fn() + Send + 'static) -> std::io::Result<Threads> {
        let (queue, jobs) = sync_channel::<Job>(QUEUE);
        let counts = Arc::new(Counts::default());
        let counted = counts.clone();
        let handle = spawn("windrow-writer", move || {
            while let Ok(first) = jobs.recv() {
                counted.transactions.fetch_add(1, Ordering::Relaxed);
                group(&connection, first, || jobs.try_recv().ok(), &committed);
            }
            connection
        })?;
        Ok(Threads { whose: Whose::Own { queue: Some(queue), handles: vec![handle] }, counts })
    }

    /// A thread for each connection. Every job reads one snapshot.
    pub(super) fn readers(connections: Vec<Connection>) -> std::io::Result<Threads> {
        let (queue, jobs) = sync_channel(QUEUE);
        let (jobs, mut handles) = (Arc::new(Mutex::new(jobs)), Vec::new());
        for connection in connections {
            let jobs = jobs.clone();
            handles.push(spawn("windrow-reader", move || {
                while let Some(job) = next(&jobs) {
                    read(&connection, job);
                }
                connection
            })?);
        }
        Ok(Threads::of(Whose::Own { queue: Some(queue), handles }))
    }

    /// No thread: callers write.
    pub(super) fn callers_write(connection: Connection, committed: impl Fn() + Send + Sync + 'static) -> Threads {
        Threads::callers(connection, move |c, job| group(c, job, || None, &committed))
    }

    /// No thread: callers read, each one snapshot.
    pub(super) fn callers_read(connection: Connection) -> Threads {
        Threads::callers(connection, read)
    }

    fn callers(connection: Connection, work: impl Fn(&Connection, Job) + Send + Sync + 'static) -> Threads {
        Threads::of(Whose::Callers { connection: Mutex::new(connection), work: Box::new(work) })
    }

    fn of(whose: Whose) -> Threads {
        Threads { whose, counts: Arc::default() }
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> u64 {
        let begun = self.counts.begun.load(Ordering::Relaxed);
        self.counts.given.load(Ordering::Relaxed).saturating_sub(begun)
    }

    /// Transactions that were written, and jobs that were begun, in them or alone.
    pub(super) fn done(&self) -> (u64, u64) {
        (self.counts.transactions.load(Ordering::Relaxed), self.counts.begun.load(Ordering::Relaxed))
    }

    /// Has `job` done. On a writer it is undone where it fails.
    ///
    /// # Errors
    /// Those of the job; a queue that is full; a transaction that could not be committed.
    pub(super) async fn run<T, F>(&self, job: F) -> Result<T, HubError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, HubError> + Send + 'static,
    {
        self.run_if(job, |_| true).await
    }

    /// The same, undone also where what came of it says so.
    ///
    /// # Errors
    /// As [`Threads::run`].
    pub(super) async fn run_if<T, F>(&self, job: F, stands: fn(&T) -> bool) -> Result<T, HubError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, HubError> + Send + 'static,
    {
        self.hand(job, stands)?.await.map_err(|_| HubError::Stopped)?
    }

    /// Hands `job` over, as [`Threads::run`] does, without waiting for what comes of it.
    ///
    /// # Errors
    /// A queue that is full.
    pub(super) fn begin<T, F>(&self, job: F) -> Result<Coming<T>, HubError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, HubError> + Send + 'static,
    {
        self.hand(job, |_| true)
    }

    fn hand<T, F>(&self, job: F, stands: fn(&T) -> bool) -> Result<Coming<T>, HubError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, HubError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let counts = self.counts.clone();
        let job: Job = Box::new(move |connection| {
            counts.begun.fetch_add(1, Ordering::Relaxed);
            let result = connection.and_then(|c| caught(|| job(c)));
            // Nobody may be waiting any longer; the work is done all the same.
            Done {
                stands: result.as_ref().is_ok_and(stands),
                answer: Box::new(move |fate| drop(send.send(fate.and(result)))),
            }
        });
        match &self.whose {
            Whose::Own { queue, .. } => {
                let queue = queue.as_ref().ok_or(HubError::Stopped)?;
                queue.try_send(job).map_err(|e| match e {
                    TrySendError::Full(_) => HubError::Busy,
                    TrySendError::Disconnected(_) => HubError::Stopped,
                })?;
                self.counts.given.fetch_add(1, Ordering::Relaxed);
            }
            Whose::Callers { connection, work } => {
                work(&lock(connection), job);
            }
        }
        Ok(receive)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let Whose::Own { queue, handles } = &mut self.whose else { return };
        *queue = None;
        for handle in handles.drain(..) {
            match handle.join() {
                // One after the other: the last one brings the write-ahead log in, and of two that go at once neither is.
                Ok(connection) => drop(connection),
                Err(_) => tracing::error!("a thread of the hub's has panicked"),
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() -> Connection + Send + 'static) -> std::io::Result<JoinHandle<Connection>> {
    std::thread::Builder::new().name(name.into()).stack_size(STACK).spawn(work)
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().ok()?.recv().ok()
}

/// Runs one job in a transaction that changes nothing.
fn read(connection: &Connection, job: Job) {
    let done = job(connection.run("BEGIN", []).map(|_| connection).map_err(HubError::from));
    (done.answer)(Ok(()));
    undo(connection);
}

/// Runs the jobs that wait in one transaction, then answers them all. A job that fails takes nobody with it: the first one
/// would fail alone, the others run in savepoints.
fn group(connection: &Connection, first: Job, mut more: impl FnMut() -> Option<Job>, committed: &impl Fn()) {
    let since = Instant::now();
    let begun = connection.run("BEGIN IMMEDIATE", []).map_err(HubError::from);
    if let Err(error) = begun {
        return (first(Err(error.clone())).answer)(Err(error));
    }
    let first = first(Ok(connection));
    if !first.stands {
        undo(connection);
        return (first.answer)(Ok(()));
    }
    let mut answers = vec![first.answer];
    // An error of the disk's may have ended the transaction, and everything in it: then nobody else joins.
    while !connection.is_autocommit() && answers.len() < GROUP.0 && since.elapsed() < GROUP.1 {
        let Some(job) = more() else { break };
        answers.push(joins(connection, job));
    }
    let fate = commit(connection);
    if fate.is_ok() {
        committed();
    }
    answers.into_iter().for_each(|answer| answer(fate.clone()));
}

fn commit(connection: &Connection) -> Result<(), HubError> {
    connection.run("COMMIT", []).map(drop).map_err(|error| {
        tracing::error!(%error, "a transaction could not be committed");
        undo(connection);
        HubError::from(error)
    })
}

/// Gives up the transaction, if there still is one.
fn undo(connection: &Connection) {
    if !connection.is_autocommit() {
        let undone = connection.run("ROLLBACK", []);
        undone.map(drop).unwrap_or_else(|error| tracing::error!(%error, "a transaction could not be given up"));
    }
}

/// Runs a job in a transaction that is not its own.
fn joins(connection: &Connection, job: Job) -> Answer {
    if let Err(error) = connection.run("SAVEPOINT joined", []) {
        return job(Err(error.into())).answer;
    }
    let done = job(Ok(connection));
    match released(connection, done.stands) {
        Ok(()) => done.answer,
        // What it wrote may stand or not: nobody may be told that it does.
        Err(error) => Box::new(move |fate| (done.answer)(fate.and(Err(error)))),
    }
}

/// Ends the savepoint of a job, and gives up what came after it unless it is to stand.
fn released(c: &Connection, stands: bool) -> Result<(), HubError> {
    // Where the transaction itself is gone there is nothing left to undo.
    if !stands && c.is_autocommit() {
        return Ok(());
    }
    if !stands {
        c.run("ROLLBACK TO joined", [])?;
    }
    c.run("RELEASE joined", [])?;
    Ok(())
}

/// A panic is our own defect; it must not cost the others their thread.
fn caught<T>(work: impl FnOnce() -> Result<T, HubError>) -> Result<T, HubError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(HubError::Defect("a job panicked; its message is on the standard error stream".into())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn writer() -> (tempfile::TempDir, Threads, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let open = || Connection::open(dir.path().join("t.db")).unwrap();
        let connection = open();
        connection.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let reader = open();
        (dir, Threads::writer(connection, || ()).unwrap(), reader)
    }

    fn insert(n: i64) -> impl FnOnce(&Connection) -> Result<i64, HubError> + Send + 'static {
        move |c| {
            c.execute("INSERT INTO t VALUES (?1)", [n])?;
            Ok(n)
        }
    }

    fn rows(reader: &Connection) -> Vec<i64> {
        let mut all = reader.prepare("SELECT n FROM t ORDER BY n").unwrap();
        all.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Once in a dozen a server that had stopped left a write-ahead log beside its file, which whoever copied it forgot: its
    /// readers' connections were closed in the same moment, each as if the other stayed.
    #[test]
    fn the_last_connection_brings_the_log_in() {
        for round in 0..300 {
            let dir = tempfile::tempdir().unwrap();
            let open = || {
                let connection = Connection::open(dir.path().join("t.db")).unwrap();
                connection.pragma_update(None, "journal_mode", "WAL").unwrap();
                connection
            };
            let writer = open();
            writer.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
            let readers = Threads::readers((0..4).map(|_| open()).collect()).unwrap();
            drop((writer, readers));
            assert!(!dir.path().join("t.db-wal").exists(), "round {round}");
        }
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_takes_nobody_with_it() {
        let (_dir, writer, reader) = writer();
        let fails = |n: i64| {
            move |c: &Connection| {
                insert(n)(c)?;
                Err::<(), _>(HubError::Damaged("so it is".into()))
            }
        };
        let panics = |c: &Connection| -> Result<(), HubError> {
            insert(3)(c)?;
            panic!("on purpose")
        };
        let (a, b, c, d) =
            tokio::join!(writer.run(insert(1)), writer.run(fails(2)), writer.run(panics), writer.run(insert(4)));
        assert_eq!((a.unwrap(), d.unwrap()), (1, 4));
        assert!(matches!((b, c), (Err(HubError::Damaged(_)), Err(HubError::Defect(_)))));
        assert_eq!(rows(&reader), [1, 4]);
    }

    #[tokio::test]
    async fn a_transaction_that_ends_early_fails_whoever_was_in_it() {
        let (_dir, writer, reader) = writer();
        let (held, hold) = std::sync::mpsc::channel::<()>();
        let waits = move |_: &Connection| {
            hold.recv().ok();
            Ok(())
        };
        let ends = |c: &Connection| -> Result<(), HubError> { Ok(c.execute_batch("ROLLBACK")?) };
        let release = async { held.send(()).unwrap() };
        let (first, ended, joined, ()) =
            tokio::join!(writer.run(waits), writer.run(ends), writer.run(insert(5)), release);
        assert!(first.is_err() && ended.is_err());
        assert_eq!(joined.unwrap(), 5, "it ran in the next transaction");
        assert_eq!(rows(&reader), [5]);
    }
}
