//! A hub and devices in this process, without a network between them.

use super::Failure;
use super::clock::Clock;
use super::visit::FIGURES;
use super::workload::Op;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use windrow::Store;
use windrow::hub::{HubStore, OpenHub, SqliteHub};
use windrow::store::Next;
use windrow_protocol::message::Answer;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Event, Request, Session};

/// A hub in this process: what passes between it and a device is no time of the device's.
pub struct Office {
    path: PathBuf,
    hub: Arc<dyn HubStore>,
    runtime: Runtime,
}

impl Office {
    /// Opens a hub's file.
    ///
    /// # Errors
    /// A file that is no hub's of these figures.
    pub fn open(path: &Path) -> Result<Office, Failure> {
        let hub = SqliteHub::open(path)?.open_for(&FIGURES)?;
        Ok(Office { path: path.to_owned(), hub, runtime: Builder::new_current_thread().build()? })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it answers.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn answer(&self, request: Request) -> Result<Answer, Failure> {
        Ok(self.runtime.block_on(self.hub.answer(request))?)
    }

    /// One session. The time that the processor worked for the device.
    ///
    /// # Errors
    /// As [`session`].
    pub fn session(&self, store: &Store) -> Result<Duration, Failure> {
        session(store, |request| self.answer(request))
    }
}

/// One session of a device that is answered so. The time that the processor worked for the device.
///
/// # Errors
/// An answer that can't be had, or can't be applied.
pub fn session(store: &Store, mut answer: impl FnMut(Request) -> Result<Answer, Failure>) -> Result<Duration, Failure> {
    let (actions, (mut session, mut action), mut took) =
        (store.session(), Session::start(Pace::default()), Duration::ZERO);
    loop {
        let (next, time) = Clock::Processor.time(|| actions.perform(action))?;
        took += time;
        let event = match next {
            Next::Event(event) => event,
            Next::Send(request) => {
                let answer = answer(request.clone())?;
                // There is no link: it is as quick as any.
                session.pace.answered(&request, &answer, 0);
                Event::Answered(answer)
            }
            Next::Finish(_) => return Ok(took),
        };
        action = session.on(event)?;
    }
}

/// Does this on a device, a thousand operations a transaction.
///
/// # Errors
/// What SQLite says.
pub fn write(store: &Store, ops: &[Op]) -> Result<(), Failure> {
    let mut conn = store.connection()?;
    for ops in ops.chunks(1_000) {
        let transaction = conn.transaction()?;
        ops.iter().try_for_each(|op| op.write(&transaction))?;
        transaction.commit()?;
    }
    Ok(())
}
