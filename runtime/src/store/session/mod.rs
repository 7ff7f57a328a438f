//! The device's side of a session, as far as it is the file's: what [`Action`] asks, done in transactions.
//!
//! Each step is one transaction, so that a crash at any point leaves the file as it was before the step or after it, and
//! a new session goes on from there.

mod acknowledge;
mod ahead;
mod apply;
mod brake;
mod dangling;
mod load;
mod outbox;
mod overlay;
mod pages;
mod recover;
mod refuse;
pub(crate) mod slices;
mod weights;

use super::error::StoreError;
use super::plan::Plan;
use super::traffic::{self, Way};
use super::{Store, bundles, migrate, state};
use crate::bundle::{Id, Secret};
use crate::lock::lock;
use crate::sqlite::Repeated;
use apply::Stop;
use load::Folded;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use slices::Slicing;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use weights::Weights;
use windrow_protocol::bundle::Question;
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Hlc, Origin, Point};
use windrow_protocol::fault;
use windrow_protocol::message::{Pull, Refusal, SessionId};
use windrow_protocol::session::{Action, Event, Finish, Inbox, Loaded, Outbox, Request};

/// What to do after a step: feed the machine, ask the hub, or stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Report this to the machine.
    Event(Event),
    /// Send this, and report the answer to the machine.
    Send(Request),
    /// The session is over.
    Finish(Finish),
}

/// How the answer went in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// All of it.
    Applied,
    /// A write made meanwhile collides with it: none of it, and the answer is forgotten.
    Collided,
    /// A shortened id names no record here, or several: none of it, and the answer is forgotten.
    Ambiguous,
    /// It would delete so much that somebody must confirm it first ([`Store::confirm_deletion`]): none of it yet.
    Waits,
    /// All of it; but a table is not equal to the hub's, or lacks a record that the hub believes to be here, and the next
    /// pull must say more.
    More,
}

/// Carries out the actions of one session on a device's file. From [`Store::session`]; clones are the same session.
///
/// One session at a time goes on with a file. Where another one came between, of this program or another, the later step
/// of the two fails with [`StoreError::Overtaken`], and nothing is harmed.
#[derive(Debug, Clone)]
pub struct Actions {
    store: Store,
    /// The count of steps that this session has seen last; none before [`Actions::load`].
    turn: Arc<Mutex<Option<i64>>>,
    /// The kind of link it runs over, by its name in `windrow_traffic`; none where nobody counts.
    link: Option<&'static str>,
    slicing: Arc<Slicing>,
    /// Of which tables the changeset is that this session has stored last.
    folded: Arc<Mutex<Option<(SessionId, Weights)>>>,
    /// The changeset behind the one under way, once it is folded.
    ahead: Arc<Mutex<Option<Folded>>>,
}

impl Actions {
    pub(super) fn new(store: Store) -> Actions {
        let slicing = Arc::new(Slicing::new(slices::MOST));
        Actions { store, turn: Arc::default(), link: None, slicing, folded: Arc::default(), ahead: Arc::default() }
    }

    /// A changeset is folded of no more than about so many bytes of what is pending, 4 MiB unless said otherwise. What is left
    /// follows in others.
    pub fn in_slices(mut self, bytes: usize) -> Actions {
        self.slicing = Arc::new(Slicing::new(bytes));
        self
    }

    /// Over a link of this kind, whose bytes are counted.
    pub(crate) fn over(mut self, link: &'static str) -> Actions {
        self.link = Some(link);
        self
    }

    /// Does what the machine asks, unless it is the network's to do.
    ///
    /// # Errors
    /// The file's; see each action.
    pub fn perform(&self, action: Action) -> Result<Next, StoreError> {
        Ok(Next::Event(match action {
            Action::Send(request) => return Ok(Next::Send(request)),
            Action::Finish(finish) => return Ok(Next::Finish(finish)),
            Action::Load { whole_ids, past } => Event::Loaded(Box::new(self.load(whole_ids, past)?)),
            Action::MarkPrepared => self.mark_prepared().map(|()| Event::Done)?,
            Action::Discard => self.discard().map(|()| Event::Done)?,
            Action::TakeOver { covers, missing } => self.take_over(&covers, &missing).map(|()| Event::Done)?,
            Action::GoBack(to) => self.go_back(to).map(|()| Event::Done)?,
            Action::Refuse(refusals) => self.refuse(&refusals).map(|()| Event::Done)?,
            Action::Acknowledge { at, page } => self.acknowledge(at, &page).map(kept)?,
            Action::Keep(page) => self.keep(&page).map(kept)?,
            Action::Apply => match self.apply()? {
                Applied::Applied => Event::Applied,
                Applied::Collided => Event::Collided,
                Applied::Ambiguous => Event::Ambiguous,
                Applied::Waits => Event::Waits,
                Applied::More => Event::More,
            },
        }))
    }

    /// What the file holds at the start of a round. Where entries are pending and no changeset is under way, they are
    /// folded into one, which is stored, safe from a power cut, before anybody sees it.
    ///
    /// `whole_ids`: ids must not be shortened. `past`: the changeset says the device's past, even if nothing is pending.
    ///
    /// # Errors
    /// The file's.
    pub fn load(&self, whole_ids: bool, past: bool) -> Result<Loaded, StoreError> {
        self.store.keep_newest()?;
        let ahead = Option::zip(*lock(&self.turn), lock(&self.ahead).take());
        let (turn, folded) = self.store.snapshot(|conn, plan| {
            migrate::behind(conn, self.store.path(), plan)?;
            load::fold(conn, plan, (whole_ids, past), &self.slicing, ahead)
        })?;
        *lock(&self.turn) = Some(turn);
        let more = folded.map(|folded| self.store_folded(folded)).transpose()?;
        let loaded = self.store.snapshot(|conn, plan| load::loaded(conn, plan, more))?;
        self.safe(loaded)
    }

    fn store_folded(&self, folded: Folded) -> Result<bool, StoreError> {
        let weighed = folded.weighed();
        let more = self.durable_step(|conn, plan| load::store(conn, plan, folded))?;
        *lock(&self.folded) = Some(weighed);
        Ok(more)
    }

    /// Folds what follows the changeset under way, for which the hub's answer is not needed: for the time in which a long log's hub
    /// commits one slice. The next [`Actions::load`] stores it, or folds anew where it no longer fits.
    ///
    /// # Errors
    /// The file's. The session may go on all the same.
    pub fn fold_ahead(&self) -> Result<(), StoreError> {
        let Some(seen) = lock(&self.turn).filter(|_| self.slicing.is_cut()) else { return Ok(()) };
        let ahead = self.store.snapshot(|conn, plan| load::behind(conn, plan, &self.slicing, seen))?;
        *lock(&self.ahead) = ahead;
        Ok(())
    }

    /// What was stored before, safe from a power cut: whoever stored it may have died before it was on the disk.
    fn safe(&self, loaded: Loaded) -> Result<Loaded, StoreError> {
        if loaded.stored_before {
            self.durable_step(|_, _| Ok(()))?;
        }
        Ok(loaded)
    }

    /// What the file holds, and nothing new: what is pending and not stored stays as it is.
    ///
    /// # Errors
    /// The file's.
    pub fn stored(&self) -> Result<Loaded, StoreError> {
        self.store.keep_newest()?;
        let (turn, loaded) = self.store.snapshot(|conn, plan| {
            migrate::behind(conn, self.store.path(), plan)?;
            Ok((state::read(conn)?.turn, load::loaded(conn, plan, None)?))
        })?;
        *lock(&self.turn) = Some(turn);
        self.safe(loaded)
    }

    /// A bundle leaves that asks this, for whose answer these are needed.
    ///
    /// # Errors
    /// The file's.
    pub(crate) fn note_bundle(
        &self,
        id: Id,
        secret: &Secret,
        reply: &[u8; 32],
        question: &Question,
    ) -> Result<(), StoreError> {
        self.durable_step(|conn, _| bundles::note(conn, id, secret, reply, question))
    }

    /// The hub has the changeset.
    ///
    /// # Errors
    /// The file's.
    pub fn mark_prepared(&self) -> Result<(), StoreError> {
        // Looked through before the file is held: nothing but a session changes it.
        let sent = self.store.snapshot(|conn, plan| {
            let outbox = outbox::read(conn)?.filter(|_| self.link.is_some());
            Ok(outbox.map(|outbox| (outbox.payload.len(), self.weights(plan, &outbox))))
        })?;
        self.step("prepared", |conn, plan| {
            if let (Some(link), Some((bytes, weights))) = (self.link, &sent) {
                traffic::attribute(conn, plan, link, Way::Sent, (*bytes, weights))?;
            }
            outbox::mark_prepared(conn)
        })
    }

    /// Of which tables a changeset is: this session knows it of its own without reading it again.
    fn weights(&self, plan: &Plan, outbox: &Outbox) -> Weights {
        let own = lock(&self.folded).take().filter(|(session, _)| *session == outbox.session);
        own.map_or_else(|| weights::of_changeset(plan, &outbox.payload), |(_, weights)| weights)
    }

    /// The changeset is forgotten; what it said stays pending. So are pages: they may be of a past that the hub lost.
    ///
    /// # Errors
    /// The file's.
    pub fn discard(&self) -> Result<(), StoreError> {
        self.step("discard", |conn, _| Ok(outbox::clear(conn).and_then(|()| pages::clear(conn))?))
    }

    /// Takes over what the hub has of some origins' entries, and which records it does not know.
    ///
    /// # Errors
    /// Records of tables that there are not; the file's.
    pub fn take_over(&self, covers: &[(Origin, Hlc)], missing: &[Key]) -> Result<(), StoreError> {
        self.step("take over", |conn, plan| recover::take_over(conn, plan, covers, missing))
    }

    /// Goes back to an earlier checkpoint: the hub has lost what came after it.
    ///
    /// # Errors
    /// A checkpoint that this file never had; the file's.
    pub fn go_back(&self, to: Point) -> Result<(), StoreError> {
        self.step("go back", |conn, _| recover::go_back(conn, to))
    }

    /// Moves refused changes, and those that depend on them, to `windrow_refused`; their records are asked for again.
    ///
    /// # Errors
    /// The file's.
    pub fn refuse(&self, refusals: &[Refusal]) -> Result<(), StoreError> {
        self.step("refuse", |conn, plan| refuse::refuse(conn, plan, refusals))
    }

    /// The hub has committed the changeset, at this point of its history, and sent the first page of its answer. What
    /// the inbox is then, and how to ask on.
    ///
    /// # Errors
    /// A page that can't be read: nothing is noted then, and the next session asks for the outcome again. The file's.
    pub fn acknowledge(&self, at: Option<Point>, page: &[u8]) -> Result<(Inbox, Pull), StoreError> {
        let page = self.received(page)?;
        self.step("acknowledge", |conn, plan| {
            acknowledge::acknowledge(conn, at)?;
            self.keep_page(conn, plan, &page)
        })
    }

    /// Keeps a page of the answer. What the inbox is then, and how to ask on.
    ///
    /// # Errors
    /// A page that can't be read; the file's.
    pub fn keep(&self, page: &[u8]) -> Result<(Inbox, Pull), StoreError> {
        let page = self.received(page)?;
        self.step("keep", |conn, plan| self.keep_page(conn, plan, &page))
    }

    /// A page is decoded and checked before the file is held.
    fn received<'a>(&self, body: &'a [u8]) -> Result<Received<'a>, StoreError> {
        let page = pages::decode(self.store.plan(), body)?;
        Ok(Received { body, next: pages::next(&page)?, weights: weights::of_told(&page.unresolved().told) })
    }

    fn keep_page(&self, conn: &Connection, plan: &Plan, page: &Received<'_>) -> Result<(Inbox, Pull), StoreError> {
        if let Some(link) = self.link {
            traffic::attribute(conn, plan, link, Way::Received, (page.body.len(), &page.weights))?;
        }
        pages::keep(conn, plan, page.body, page.next.as_deref())
    }

    /// Applies all pages under the writes made since.
    ///
    /// # Errors
    /// An answer that does not fit what is here: it is kept, and nothing is applied. The file's.
    pub fn apply(&self) -> Result<Applied, StoreError> {
        let forget = |conn: &Connection| Ok::<_, StoreError>(pages::clear(conn)?);
        fault!(ApplyingAlone: state::set_applying(&self.store.sync_connection(), true)?);
        let step = self.step("apply", apply::apply);
        fault!(ApplyingAlone: state::set_applying(&self.store.sync_connection(), false)?);
        let applied = match step {
            Ok(went) => {
                self.store.announce();
                if !went.pending_stands {
                    *lock(&self.ahead) = None;
                }
                if went.all { Applied::Applied } else { Applied::More }
            }
            Err(Stop::Collided) => self.step("forget", |conn, _| forget(conn)).map(|()| Applied::Collided)?,
            Err(Stop::Ambiguous) => self.step("forget", |conn, _| forget(conn)).map(|()| Applied::Ambiguous)?,
            Err(Stop::Lacks(key)) => self.step("want", |conn, plan| {
                pages::want(conn, plan, key)?;
                forget(conn).map(|()| Applied::More)
            })?,
            Err(Stop::Waits) => {
                self.step("wait", |conn, _| Ok::<_, StoreError>(brake::wait(conn)?)).map(|()| Applied::Waits)?
            }
            Err(Stop::Failed(error)) => return Err(error),
        };
        Ok(applied)
    }

    /// One transaction of this session, unless another session came between.
    fn step<R, E: From<StoreError>>(
        &self,
        name: &'static str,
        f: impl FnOnce(&Connection, &Plan) -> Result<R, E>,
    ) -> Result<R, E> {
        self.step_on(&self.store.sync_connection(), name, f)
    }

    /// No other program can write meanwhile: how long that was is told.
    fn step_on<R, E: From<StoreError>>(
        &self,
        conn: &Connection,
        name: &'static str,
        f: impl FnOnce(&Connection, &Plan) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut seen = lock(&self.turn);
        let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let since = Instant::now();
        let turn = state::read(conn)?.turn;
        if seen.is_some_and(|seen| seen != turn) {
            return Err(StoreError::Overtaken.into());
        }
        let done = f(conn, self.store.plan())?;
        let next = "UPDATE windrow_device SET turn = ?1";
        // Compared for equality alone, so that it may begin anew.
        let turned = turn.wrapping_add(1);
        conn.run(next, [turned]).and_then(|_| transaction.commit()).map_err(StoreError::from)?;
        *seen = Some(turned);
        let held = self.store.inner.release.after(since);
        tracing::debug!(step = name, held_us = held.as_micros() as u64, "a session has held the file");
        Ok(done)
    }

    /// The same, and it survives a power cut, as does all that was written before it. The connection is held throughout: a
    /// session beside this one must not end that promise early.
    fn durable_step<R>(&self, f: impl FnOnce(&Connection, &Plan) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let conn = self.store.sync_connection();
        conn.pragma_update(None, "synchronous", fault!(SentUnsynced: "NORMAL", "FULL"))?;
        let done = self.step_on(&conn, "store", f);
        let restored = conn.pragma_update(None, "synchronous", "NORMAL");
        let done = done?;
        restored?;
        Ok(done)
    }
}

/// Forgets what was encoded by another schema and can be had again: pages are asked for anew, and what the hub was not
/// asked to commit is folded anew. Another program's session that is under way notices it at its next step.
pub(super) fn forget_encoded(conn: &Connection) -> Result<(), StoreError> {
    conn.run("UPDATE windrow_device SET turn = ?1", [state::read(conn)?.turn.wrapping_add(1)])?;
    pages::clear(conn)?;
    outbox::clear_unprepared(conn)
}

/// Forgets also what the hub may have committed, when the file migrates: its answer would speak of places that are others
/// now. The hub says then what it has, as it does to a copy of a file.
pub(super) fn forget_sent(conn: &Connection) -> rusqlite::Result<()> {
    outbox::clear(conn)
}

fn kept((inbox, pull): (Inbox, Pull)) -> Event {
    Event::Kept(inbox, Box::new(pull))
}

/// A page that was received, and is sound.
struct Received<'a> {
    body: &'a [u8],
    /// Where the one after it goes on; none in the last.
    next: Option<Vec<u8>>,
    /// About how much of it each table is.
    weights: Weights,
}
