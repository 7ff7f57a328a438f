//! A device and a hub with a link between them.

use super::{Failure, Link, Quality};
use crate::figures::office;
use crate::figures::rows::Rows;
use crate::figures::visit::FIGURES;
use crate::figures::workload::Op;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use windrow::Store;
use windrow::hub::{HubStore, OpenHub, SqliteHub};
use windrow::store::Next;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::message::Answer;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Event, Finish, Request, Session};

/// What a sync over a link came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Came {
    /// Bytes of the changeset, or of the pages.
    pub payload: u64,
    /// Bytes on the link, both ways, headers and all that was lost included.
    pub bytes: u64,
    /// Contacts.
    pub contacts: u64,
    /// Contacts after which nothing more had been stored on the other side than before.
    pub idle: u64,
    /// Of them those in which a part of the changeset, or a page, did come through.
    pub futile: u64,
    /// Parts of changesets that came through, and answers to other requests.
    through: u64,
    /// Sessions that broke off.
    pub broken: u64,
    /// How long it took, in milliseconds.
    pub took: u64,
}

impl Came {
    /// How many times the bytes that the losses alone demand, at the best: the payload by what arrives of a hundred.
    pub fn over(&self, quality: Quality) -> f64 {
        let demanded = self.payload as f64 / (1.0 - f64::from(quality.lost) / 100.0);
        self.bytes as f64 / demanded
    }
}

/// A hub and devices in one folder.
pub struct Place<'a> {
    folder: &'a Path,
    hub: Arc<dyn HubStore>,
    runtime: Runtime,
}

impl Place<'_> {
    /// A new hub.
    ///
    /// # Errors
    /// What the product says.
    pub fn new(folder: &Path) -> Result<Place<'_>, Failure> {
        let hub = SqliteHub::open(folder.join("hub.db"))?.in_callers_thread().open_for(&FIGURES)?;
        Ok(Place { folder, hub, runtime: Builder::new_current_thread().build()? })
    }

    /// A device of this name.
    ///
    /// # Errors
    /// What the product says.
    pub fn device(&self, name: &str) -> Result<Store, Failure> {
        Ok(Store::open(self.folder.join(name), &FIGURES)?)
    }

    /// A backlog of so many records.
    ///
    /// # Errors
    /// What the product says.
    pub fn write(&self, store: &Store, records: usize) -> Result<(), Failure> {
        let rows: Vec<Op> = Rows::new(1).take(records).map(|row| Op::insert(&row)).collect();
        office::write(store, &rows)
    }

    /// Syncs over a link, session after session, until all is there.
    ///
    /// # Errors
    /// What the product says; a device that gets nowhere.
    pub fn sync(&self, store: &Store, quality: Quality, seed: u64) -> Result<Came, Failure> {
        let (mut link, mut pace, mut came) = (Link::new(quality, seed), Pace::default(), Came::default());
        let mut stood = (1, 0, 0);
        loop {
            let finished = self.session(store, &mut link, &mut pace, &mut came)?;
            if link.contacts > stood.0 {
                let stored = self.stored(store)?;
                if stored <= stood.1 {
                    came.idle += 1;
                    came.futile += u64::from(came.through > stood.2);
                }
                stood = (link.contacts, stored, came.through);
            }
            if finished == Some(Finish::InSync) {
                return Ok(Came { bytes: link.bytes, contacts: link.contacts, took: link.now, ..came });
            }
            came.broken += 1;
            if came.broken > 100_000 {
                return Err(format!("it gets nowhere: {came:?}").into());
            }
        }
    }

    fn session(
        &self,
        store: &Store,
        link: &mut Link,
        pace: &mut Pace,
        came: &mut Came,
    ) -> Result<Option<Finish>, Failure> {
        let (actions, (mut session, mut action)) = (store.session(), Session::start(pace.clone()));
        loop {
            let event = match actions.perform(action)? {
                Next::Event(event) => event,
                Next::Finish(finish) => return Ok(Some(finish)),
                Next::Send(request) => {
                    let since = link.now;
                    let Ok(answer) = self.send(link, &request, came)? else {
                        session.pace.unanswered(&request);
                        pace.clone_from(&session.pace);
                        return Ok(None);
                    };
                    session.pace.answered(&request, &answer, link.now - since);
                    pace.clone_from(&session.pace);
                    came.payload += match (&request, &answer) {
                        (Request::Upload(chunk), Answer::Prepared) => chunk.parcel.total.into(),
                        (Request::Prepare(prepare), Answer::Prepared) => prepare.payload.len() as u64,
                        (_, Answer::Committed { page, .. } | Answer::News(page)) => page.len() as u64,
                        _ => 0,
                    };
                    Event::Answered(answer)
                }
            };
            action = session.on(event)?;
        }
    }

    /// A request as the server takes it: of a chunk what arrives, of the others all or nothing.
    fn send(
        &self,
        link: &mut Link,
        request: &Request,
        came: &mut Came,
    ) -> Result<Result<Answer, super::Broken>, Failure> {
        let body = request.to_bytes()?;
        let (mut failed, carries) = (None, matches!(request, Request::Upload(chunk) if !chunk.bytes.is_empty()));
        let answered = link.exchange(&body, |arrived, whole| {
            came.through += u64::from(whole && carries);
            let heard = match request {
                Request::Upload(_) => Request::Upload(Chunk::arrived(arrived).ok()?),
                other if whole => other.clone(),
                _ => return None,
            };
            self.runtime.block_on(self.hub.answer(heard)).map_err(|error| failed = Some(error)).ok()
        });
        came.through += u64::from(answered.is_ok() && !matches!(request, Request::Upload(_)));
        failed.map_or(Ok(answered), |error| Err(error.into()))
    }

    /// Bytes that are safe on the other side: chunks at the hub, pages on the device; and much for each commit.
    fn stored(&self, store: &Store) -> Result<u64, Failure> {
        let hub = windrow::rusqlite::Connection::open(self.folder.join("hub.db"))?;
        let sql = "SELECT (SELECT coalesce(sum(length(bytes)), 0) FROM windrow_upload_parts) + (SELECT count(*) << 40 FROM windrow_sessions)";
        let there: i64 = hub.query_row(sql, [], |row| row.get(0))?;
        let here: i64 = store.connection()?.query_row("SELECT count(*) FROM windrow_inbox", [], |row| row.get(0))?;
        let applied = store.status()?.checkpoint.seq.bits() << 30;
        Ok((there + here) as u64 + applied)
    }
}
