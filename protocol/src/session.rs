//! The device's side of a session, as a state machine.
//!
//! The shell carries out each [`Action`] and reports what came of it as an [`Event`]. All that must outlive a crash is in
//! the device's file: a machine that is started anew goes on from there. Nothing it does is harmful twice.
//!
//! ```text
//! Load ─ outbox ──────────► PREPARE ─ prepared ─► MarkPrepared ─► COMMIT ─ committed ─► Acknowledge ─► (page)
//!   │ (long: UPLOAD, chunk by chunk, of which the last is answered as PREPARE is)
//!   │                          │ refused: Refuse, Load again        │ unknown session: PREPARE
//!   │                          │ whole ids, reused: Discard, Load   │
//!   │                          │ known: TakeOver, Load              │
//!   │                          │ rewind: GoBack, Load               │
//!   │                          │ astray: Discard, Load with past    │
//!   └─ nothing to send ─────► PULL ─ news ─► Keep ─► (page)
//!                               └ astray: as above
//! (page): not the last: PULL with its cursor; the last: Apply ─ applied, waits: Finish
//!                                                         └ collided, ambiguous, more: Load again
//! ```
//!
//! Where more is pending than an outbox says, Load comes again before Finish; and once an answer has collided, before the PULL
//! of a further page.

use crate::bundle::FAR_PAGE;
use crate::change::Key;
use crate::chunk::{Chunk, Gap, Parcel};
use crate::clock::{Hlc, Origin, Point};
use crate::message::{Answer, Commit, Digest, MessageError, Prepare, Pull, Refusal, SessionId, to_bytes};
use crate::pace::{MOST_CHUNK, Pace};
use crate::told::Cursor;

/// A changeset as the device stored it before it sent it. A retry sends the same bytes under the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    /// The session.
    pub session: SessionId,
    /// The encoded changeset.
    pub payload: Vec<u8>,
    /// Whether the hub has it: then COMMIT alone will do.
    pub prepared: bool,
}

/// Pages received and not yet applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbox {
    /// None.
    Empty,
    /// Some; the next is asked for at this place.
    Partial(Cursor),
    /// All.
    Complete,
}

/// What the device's file says at the start of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What is to be sent; none where nothing is pending.
    pub outbox: Option<Outbox>,
    /// Whether an earlier session stored that.
    pub stored_before: bool,
    /// Whether more may be pending behind it: what was written since it was stored, or the rest of a long log.
    pub behind: bool,
    /// What was received.
    pub inbox: Inbox,
    /// How to ask for news; `cursor`, `whole_ids` and `page` are the machine's to set.
    pub pull: Pull,
}

/// What the shell reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// To [`Action::Load`].
    Loaded(Box<Loaded>),
    /// To [`Action::Send`].
    Answered(Answer),
    /// To [`Action::MarkPrepared`], [`Action::Discard`], [`Action::Refuse`], [`Action::TakeOver`] and [`Action::GoBack`].
    Done,
    /// To [`Action::Acknowledge`] and [`Action::Keep`]: the page is stored; what the inbox is now, and how to ask on.
    Kept(Inbox, Box<Pull>),
    /// To [`Action::Apply`]: done.
    Applied,
    /// To [`Action::Apply`]: a write made meanwhile collides with the answer, which is dropped whole.
    Collided,
    /// To [`Action::Apply`], [`Action::Acknowledge`] and [`Action::Keep`]: a shortened id was ambiguous; the pages are dropped.
    Ambiguous,
    /// To [`Action::Apply`]: done, but a record or a table is not as the hub believes it to be here, and is to be told whole.
    More,
    /// To [`Action::Apply`]: the answer would delete so much that a person must confirm it first. It is kept.
    Waits,
}

/// What the shell is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the outbox; where there is none, fold what is pending, store it with a new session id, safe from a power cut.
    Load {
        /// Whether ids must not be shortened.
        whole_ids: bool,
        /// Whether the changeset must say the device's past, and be sent even if nothing is pending.
        past: bool,
    },
    /// Send this and wait for the answer.
    Send(Request),
    /// Note in the outbox that the hub has it.
    MarkPrepared,
    /// Forget the outbox: what it says is folded anew. Forget the pages too: they may be of a past that the hub lost.
    Discard,
    /// Take over what the hub has of these origins' entries, and which records it does not know; forget outbox and pages.
    TakeOver {
        /// Up to where it has the entries of each origin.
        covers: Vec<(Origin, Hlc)>,
        /// The records that it does not know.
        missing: Vec<Key>,
    },
    /// Go back to this checkpoint: what came after it the hub has lost. Forget outbox and pages.
    GoBack(Point),
    /// Move these changes, and what depends on them, to `windrow_refused`; forget the outbox.
    Refuse(Vec<Refusal>),
    /// In one transaction: the log is acknowledged up to the outbox's stamp, the commit is the file's own, the outbox and
    /// earlier pages are forgotten, this page is kept.
    Acknowledge {
        /// The commit; none where it changed nothing.
        at: Option<Point>,
        /// The first page.
        page: Vec<u8>,
    },
    /// Keep this page.
    Keep(Vec<u8>),
    /// Apply all pages in one transaction, under the writes made since.
    Apply,
    /// The session is over.
    Finish(Finish),
}

/// A request of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// PREPARE.
    Prepare(Prepare),
    /// UPLOAD: a part of what PREPARE would carry.
    Upload(Chunk),
    /// COMMIT.
    Commit(Commit),
    /// A pull.
    Pull(Pull),
}

impl Request {
    /// What goes over the wire.
    ///
    /// # Errors
    /// A message that can't be encoded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MessageError> {
        match self {
            Request::Prepare(prepare) => to_bytes(prepare),
            Request::Upload(chunk) => chunk.to_bytes(),
            Request::Commit(commit) => to_bytes(commit),
            Request::Pull(pull) => to_bytes(pull),
        }
    }

    /// How many bytes its question for news takes, which is never cut: it names all that the device wants to know of. What carries
    /// a changeset carries as much of it as the [pace](Pace) says, and asks nothing.
    ///
    /// # Errors
    /// A message that can't be encoded.
    pub fn question(&self) -> Result<u64, MessageError> {
        match self {
            Request::Prepare(_) | Request::Upload(_) => Ok(0),
            Request::Commit(Commit { pull, .. }) | Request::Pull(pull) => Ok(to_bytes(pull)?.len() as u64),
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Everything that was pending when it began is at the hub, and all news is applied.
    InSync,
    /// Writes kept colliding with the answers; nothing is lost, another session will do.
    Unsettled,
    /// Everything that was pending is at the hub. Its answer would delete so much that a person must confirm it first.
    Waits,
}

/// An answer that does not fit its question: the peer is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hub gave an answer that does not fit the question; update the server or this program")]
pub struct Unexpected;

/// How far a long changeset has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that the hub has acknowledged.
    pub sent: u32,
    /// Of so many.
    pub total: u32,
}

/// The machine. Make one for each session.
#[derive(Debug)]
pub struct Session {
    /// How much it sends and asks for at once. Whoever sends its requests tells it what came of them.
    pub pace: Pace,
    state: State,
    whole_ids: bool,
    /// Whether the hub asked for the device's past.
    past: bool,
    /// Whether answers come by courier: then nothing is asked that is only good for another question.
    far: bool,
    /// Whether more is pending than what it sends: that is to be sent too.
    behind: bool,
    /// Whether an answer collided, or waits for a person, while more was pending. The next ones would too, as likely as not: they are
    /// not asked for to their end until the rest is sent.
    collided: bool,
    /// How often it has begun anew since a slice was taken.
    rounds: u32,
    /// Where the page that is under way goes on; none where it is an answer's first.
    asked: Option<Cursor>,
}

#[derive(Debug)]
/// What the machine waits for.
enum State {
    Loading,
    /// What was stored is done: is more pending?
    Catching,
    Preparing(Outbox, Pull),
    /// Of this long changeset the hub has said to have so many bytes from the start; others are on the way.
    Uploading(Outbox, Pull, Parcel, u32),
    Marking(Outbox, Pull),
    Committing(Outbox, Pull),
    Reloading,
    Pulling,
    Keeping,
    Applying,
    Finished,
}

impl Session {
    /// How often a session may begin anew before it gives up for this time.
    const ROUNDS: u32 = 12;
    /// Of a changeset of an earlier session that has more bytes than this it is asked first what the hub has: a question and
    /// its headers cost less than to send it again.
    const ASKED_ABOVE: usize = 2 << 10;
    /// A changeset of more bytes goes in chunks over the best of links too: of a PREPARE that is cut nothing is kept.
    const ALONE: usize = 64 << 10;

    /// A session at this pace, and what to do first.
    pub fn start(pace: Pace) -> (Session, Action) {
        let (whole_ids, past, far, behind, collided) = (false, false, false, false, false);
        let session =
            Session { pace, state: State::Loading, whole_ids, past, far, behind, collided, rounds: 0, asked: None };
        (session, Action::Load { whole_ids: false, past: false })
    }

    /// A session whose answers come by courier, in a [bundle](crate::bundle), and what to do first. An id that is ambiguous, or a
    /// question of what the hub has already, would cost a journey: ids are whole, and a changeset goes in one piece.
    pub fn far() -> (Session, Action) {
        let (session, _) = Session::start(Pace::fixed(MOST_CHUNK, FAR_PAGE));
        (Session { whole_ids: true, far: true, ..session }, Action::Load { whole_ids: true, past: false })
    }

    /// How far a changeset has come that goes in chunks; none where none does.
    pub fn progress(&self) -> Option<Progress> {
        match &self.state {
            State::Uploading(_, _, parcel, has) => Some(Progress { sent: *has, total: parcel.total }),
            _ => None,
        }
    }

    /// What to do after this event.
    ///
    /// # Errors
    /// An answer that does not fit: of the hub, or of the shell.
    pub fn on(&mut self, event: Event) -> Result<Action, Unexpected> {
        match (std::mem::replace(&mut self.state, State::Finished), event) {
            (State::Loading, Event::Loaded(loaded)) => Ok(self.loaded(*loaded)),
            (State::Preparing(outbox, pull), Event::Answered(answer)) => self.prepared(outbox, pull, answer),
            (State::Uploading(outbox, pull, parcel, has), Event::Answered(answer)) => match answer {
                Answer::Received(gaps) => self.received(outbox, pull, (parcel, has), gaps),
                answer => self.prepared(outbox, pull, answer),
            },
            (State::Marking(outbox, pull), Event::Done) => Ok(self.commit(outbox, pull)),
            (State::Committing(outbox, pull), Event::Answered(answer)) => match answer {
                Answer::UnknownSession => Ok(self.again(outbox, pull)),
                Answer::Committed { at, page } => {
                    // Each slice of a long log is a step on, however many there are.
                    if self.behind {
                        self.rounds = 0;
                    }
                    Ok(self.go(State::Keeping, Action::Acknowledge { at, page }))
                }
                Answer::Prepared => Err(Unexpected),
                answer => self.prepared(outbox, pull, answer),
            },
            (State::Reloading, Event::Done) => Ok(self.reload()),
            (State::Pulling, Event::Answered(Answer::News(page))) => Ok(self.go(State::Keeping, Action::Keep(page))),
            (State::Pulling, Event::Answered(Answer::Astray)) => Ok(self.astray()),
            (State::Keeping, Event::Kept(inbox, pull)) => self.kept(inbox, *pull),
            (State::Applying, Event::Applied) if self.behind => Ok(self.go(State::Catching, self.load())),
            (State::Catching, Event::Loaded(loaded)) => Ok(self.catch_up(*loaded)),
            (State::Applying, Event::Applied) => Ok(Action::Finish(Finish::InSync)),
            (State::Applying, Event::Waits) if !self.behind => Ok(Action::Finish(Finish::Waits)),
            // Sending waits for nobody.
            (State::Applying, Event::Collided | Event::More | Event::Waits) => {
                self.collided |= self.behind;
                Ok(self.reload())
            }
            (State::Applying | State::Keeping, Event::Ambiguous) => {
                self.whole_ids = true;
                Ok(self.reload())
            }
            _ => Err(Unexpected),
        }
    }

    fn go(&mut self, state: State, action: Action) -> Action {
        self.state = state;
        action
    }

    fn load(&self) -> Action {
        Action::Load { whole_ids: self.whole_ids, past: self.past }
    }

    fn catch_up(&mut self, loaded: Loaded) -> Action {
        self.behind = false;
        if loaded.outbox.is_none() { Action::Finish(Finish::InSync) } else { self.loaded(loaded) }
    }

    fn loaded(&mut self, loaded: Loaded) -> Action {
        self.behind |= loaded.behind;
        match loaded.outbox {
            Some(outbox) if outbox.prepared => self.commit(outbox, loaded.pull),
            // An earlier session may have sent a part of it, or all, over a link of another pace.
            Some(outbox) if !self.far && loaded.stored_before && self.is_under_way(&outbox) => {
                self.go_on(outbox, loaded.pull)
            }
            Some(outbox) => self.prepare(outbox, loaded.pull),
            None => self.page(loaded.inbox, loaded.pull),
        }
    }

    /// Whether the hub may have a part of it that is not worth to be sent again.
    fn is_under_way(&self, outbox: &Outbox) -> bool {
        outbox.payload.len() > Self::ASKED_ABOVE || self.pace.knows(outbox.session)
    }

    fn is_long(&self, outbox: &Outbox) -> bool {
        !self.far && outbox.payload.len() > self.pace.chunk().min(Self::ALONE)
    }

    fn prepare(&mut self, outbox: Outbox, pull: Pull) -> Action {
        if self.is_long(&outbox) {
            let parcel = parcel(&outbox, &pull);
            self.pace.lacks(parcel.session, vec![Gap::whole(parcel.total)]);
            return self.upload(outbox, pull, parcel, 0);
        }
        let request = Prepare { session: outbox.session, payload: outbox.payload.clone() };
        self.go(State::Preparing(outbox, pull), Action::Send(Request::Prepare(request)))
    }

    /// Goes on with what an earlier session began: with what has not been sent since the hub said that it lacks it. What was sent
    /// and not answered may have arrived. Where nobody remembers, or the way is not known, the hub is asked what it lacks: an
    /// exchange of nothing tells the way.
    fn go_on(&mut self, outbox: Outbox, pull: Pull) -> Action {
        let parcel = parcel(&outbox, &pull);
        if !self.pace.knows_the_way() {
            self.pace.lacks(parcel.session, Vec::new());
        }
        self.upload(outbox, pull, parcel, 0)
    }

    /// Sends the next bytes of it, or none.
    fn upload(&mut self, outbox: Outbox, pull: Pull, parcel: Parcel, has: u32) -> Action {
        let gap = self.pace.next(parcel.session).unwrap_or(Gap { from: 0, to: 0 });
        let bytes = outbox.payload.get(gap.from as usize..gap.to as usize).unwrap_or_default();
        let chunk = Chunk { parcel, offset: gap.from, bytes: bytes.to_vec() };
        self.go(State::Uploading(outbox, pull, parcel, has), Action::Send(Request::Upload(chunk)))
    }

    /// The hub lacks these bytes. One that has no more than before, again and again, is not asked for ever.
    fn received(
        &mut self,
        outbox: Outbox,
        pull: Pull,
        (parcel, had): (Parcel, u32),
        lacks: Vec<Gap>,
    ) -> Result<Action, Unexpected> {
        let has = match lacks.first() {
            Some(first) if Gap::are_of(&lacks, parcel.total) => first.from,
            _ => return Err(Unexpected),
        };
        if has <= had && self.exhausted() {
            return Ok(Action::Finish(Finish::Unsettled));
        }
        self.pace.lacks(parcel.session, lacks);
        Ok(self.upload(outbox, pull, parcel, has))
    }

    /// How this machine asks.
    fn asking(&self, pull: Pull, cursor: Option<Cursor>) -> Pull {
        Pull { whole_ids: self.whole_ids, cursor, page: self.pace.page(), ..pull }
    }

    fn commit(&mut self, outbox: Outbox, pull: Pull) -> Action {
        let pull = self.asking(pull, None);
        self.asked = None;
        let request = Commit { session: outbox.session, digest: Digest::of(&outbox.payload), pull: pull.clone() };
        self.go(State::Committing(outbox, pull), Action::Send(Request::Commit(request)))
    }

    /// An answer to PREPARE, or one to COMMIT that PREPARE may get too.
    fn prepared(&mut self, outbox: Outbox, pull: Pull, answer: Answer) -> Result<Action, Unexpected> {
        match answer {
            Answer::Prepared => Ok(self.go(State::Marking(outbox, pull), Action::MarkPrepared)),
            Answer::Refused(refusals) if refusals.is_empty() => Err(Unexpected),
            Answer::Refused(refusals) => Ok(self.go(State::Reloading, Action::Refuse(refusals))),
            Answer::WholeIds => {
                self.whole_ids = true;
                Ok(self.go(State::Reloading, Action::Discard))
            }
            Answer::Reused => Ok(self.go(State::Reloading, Action::Discard)),
            Answer::Known { covers, missing } => Ok(self.go(State::Reloading, Action::TakeOver { covers, missing })),
            Answer::Rewind(to) => {
                self.past = false;
                Ok(self.go(State::Reloading, Action::GoBack(to)))
            }
            Answer::Astray => Ok(self.astray()),
            Answer::Committed { .. } | Answer::UnknownSession | Answer::News(_) | Answer::Received(_) => {
                Err(Unexpected)
            }
        }
    }

    /// The hub does not know the past that the device spoke of: what it says next, it says with its whole past.
    fn astray(&mut self) -> Action {
        self.past = true;
        self.go(State::Reloading, Action::Discard)
    }

    /// The hub lost what it had prepared: the same once more, from the outbox.
    fn again(&mut self, outbox: Outbox, pull: Pull) -> Action {
        if self.exhausted() { Action::Finish(Finish::Unsettled) } else { self.prepare(outbox, pull) }
    }

    fn reload(&mut self) -> Action {
        if self.exhausted() {
            return Action::Finish(Finish::Unsettled);
        }
        // What was stored before is forgotten, or folded anew together with the rest.
        self.behind = false;
        self.go(State::Loading, self.load())
    }

    fn exhausted(&mut self) -> bool {
        self.rounds += 1;
        self.rounds > Self::ROUNDS
    }

    /// Each page leads on in the order of the scan: a hub whose pages led back would be asked for ever.
    fn kept(&mut self, inbox: Inbox, pull: Pull) -> Result<Action, Unexpected> {
        match (self.asked, inbox) {
            (Some(asked), Inbox::Partial(next)) if next.reached <= asked.reached => Err(Unexpected),
            _ => Ok(self.page(inbox, pull)),
        }
    }

    fn page(&mut self, inbox: Inbox, pull: Pull) -> Action {
        self.asked = match inbox {
            Inbox::Complete => return self.go(State::Applying, Action::Apply),
            _ if self.collided && self.behind => return self.reload(),
            Inbox::Partial(cursor) => Some(cursor),
            Inbox::Empty => None,
        };
        let pull = self.asking(pull, self.asked);
        self.go(State::Pulling, Action::Send(Request::Pull(pull)))
    }
}

/// What the chunks of this changeset are parts of.
fn parcel(outbox: &Outbox, pull: &Pull) -> Parcel {
    // None is as long as four gigabytes: what may be decoded of one is bounded far below.
    let total = u32::try_from(outbox.payload.len()).unwrap_or(u32::MAX);
    Parcel { device: pull.device, session: outbox.session, digest: Digest::of(&outbox.payload), total }
}
