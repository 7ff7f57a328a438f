//! Bundles: a session where there is no link. All that a device would ask goes in one file, all answers come back in another,
//! and whoever passes carries them.
//!
//! A bundle holds what a session would say first: the changeset under way, and how to ask for news. At the hub an [`Errand`]
//! asks that, as the session would, and goes on by itself as far as no word of the device is needed. On the device [`Answers`]
//! give what came back to a [far session](crate::session::Session::far), each to the very question that it answers. So a bundle that is lost,
//! repeated or late does what a request does that is lost, repeated or late: no harm.
//!
//! What is in the files is sealed by the shells, to the hub's key and to the device's.

use crate::codec::{self, DecodeError};
use crate::message::{self, Answer, Commit, Digest, MessageError, Prepare, Pull, SessionId};
use crate::session::{Inbox, Loaded, Request};
use crate::told::Cursor;
use serde::{Deserialize, Serialize};
use std::mem;

/// What a page of a bundle may tell, as [`Pull::page`] says it: 4 MiB.
pub(crate) const FAR_PAGE: u8 = 12;

/// The longest pull of a bundle, in bytes: a list of small numbers takes twelve times that in memory.
const MOST_PULL: usize = 8 << 20;

/// What a bundle asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The changeset under way, to be prepared and committed; none where nothing is pending.
    pub outbox: Option<Prepare>,
    /// How to ask for news.
    pub pull: Pull,
    /// The public key to which the answers are sealed.
    pub reply: [u8; 32],
}

/// The same as it travels: the pull is a message by itself, so that its length is known before it takes memory.
#[derive(Serialize, Deserialize)]
struct Sealed {
    outbox: Option<Prepare>,
    pull: Vec<u8>,
    reply: [u8; 32],
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The answers, in the order in which they were given.
    pub answers: Vec<Answer>,
}

/// What a device keeps of a bundle, to know which question an answer answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The session that it sends, and what its id is bound to.
    pub session: Option<(SessionId, Digest)>,
    /// How it asks for news.
    pub pull: Pull,
}

impl Asked {
    /// What a device whose file says this has to ask.
    pub fn of(loaded: Loaded, reply: [u8; 32]) -> Asked {
        // Pages received before a commit are void.
        let cursor = match (&loaded.outbox, loaded.inbox) {
            (None, Inbox::Partial(cursor)) => Some(cursor),
            _ => None,
        };
        let pull = Pull { cursor, whole_ids: true, page: FAR_PAGE, ..loaded.pull };
        let outbox = loaded.outbox.map(|outbox| Prepare { session: outbox.session, payload: outbox.payload });
        Asked { outbox, pull, reply }
    }

    /// As bytes, to be sealed.
    ///
    /// # Errors
    /// None; the signature is the serialiser's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MessageError> {
        let pull = message::to_bytes(&self.pull)?;
        message::to_bytes(&Sealed { outbox: self.outbox.clone(), pull, reply: self.reply })
    }

    /// What these bytes ask.
    ///
    /// # Errors
    /// Bytes that ask nothing, of an unknown version, cut, or with a pull that is too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Asked, MessageError> {
        let Sealed { outbox, pull, reply } = message::from_bytes(bytes)?;
        if pull.len() > MOST_PULL {
            return Err(MessageError::Damaged(format!("its pull is longer than {MOST_PULL} bytes")));
        }
        Ok(Asked { outbox, pull: message::from_bytes(&pull)?, reply })
    }

    /// What to keep of it.
    pub fn question(&self) -> Question {
        let session = self.outbox.as_ref().map(|outbox| (outbox.session, Digest::of(&outbox.payload)));
        Question { session, pull: self.pull.clone() }
    }
}

/// A bundle at the hub: asks what it asks, one request after the other.
#[derive(Debug)]
pub struct Errand {
    question: Question,
    answers: Vec<Answer>,
    /// Bytes that pages may still take.
    room: usize,
}

/// What a page takes beside its bytes: pages without news have an end too.
const A_PAGE: usize = 1 << 10;

impl Errand {
    /// The errand for this bundle, and what to ask first. The pages that it brings back take about `most` bytes: what is more
    /// the device asks for in its next bundle.
    pub fn start(asked: Asked, most: usize) -> (Errand, Request) {
        let errand = Errand { question: asked.question(), answers: Vec::new(), room: most };
        let first = asked.outbox.map_or(Request::Pull(asked.pull), Request::Prepare);
        (errand, first)
    }

    /// What to ask after this answer; none where the rest is the device's to say, or there is no more.
    ///
    /// # Errors
    /// A page that can't be read.
    pub fn on(&mut self, answer: Answer) -> Result<Option<Request>, DecodeError> {
        let next = match &answer {
            Answer::Prepared => self.commit(),
            Answer::Committed { at, page } => {
                let own = &mut self.question.pull.own;
                own.extend(at.filter(|at| !own.contains(at)));
                own.sort_unstable();
                self.page(page)?
            }
            Answer::News(page) => self.page(page)?,
            _ => None,
        };
        self.answers.push(answer);
        Ok(next)
    }

    fn commit(&self) -> Option<Request> {
        let (session, digest) = self.question.session?;
        Some(Request::Commit(Commit { session, digest, pull: self.question.pull.clone() }))
    }

    fn page(&mut self, page: &[u8]) -> Result<Option<Request>, DecodeError> {
        self.room = self.room.saturating_sub(page.len() + A_PAGE);
        let next = codec::page_cursor(page)?.filter(|_| self.room > 0);
        Ok(next.map(|cursor| Request::Pull(Pull { cursor: Some(cursor), ..self.question.pull.clone() })))
    }

    /// What it brings back.
    pub fn told(self) -> Told {
        Told { answers: self.answers }
    }
}

/// The answers that came back, for a session that asks what the bundle asked. Each is given once.
#[derive(Debug)]
pub struct Answers {
    question: Question,
    prepare: Option<Answer>,
    commit: Option<Answer>,
    /// Answers to pulls, each with the cursor of its pull.
    pulls: Vec<(Option<Cursor>, Answer)>,
}

impl Answers {
    /// To this question.
    ///
    /// # Errors
    /// A page that can't be read.
    pub fn new(question: Question, told: Told) -> Result<Answers, DecodeError> {
        let (mut told, mut cursor, mut pulls) = (told.answers.into_iter(), question.pull.cursor, Vec::new());
        let sent = question.session.is_some();
        let prepare = sent.then(|| told.next()).flatten();
        let commit = sent.then(|| told.next()).flatten();
        if let Some(Answer::Committed { page, .. }) = &commit {
            cursor = codec::page_cursor(page)?;
        }
        for answer in told {
            let next = if let Answer::News(page) = &answer { codec::page_cursor(page)? } else { None };
            let last = next.is_none();
            pulls.push((mem::replace(&mut cursor, next), answer));
            if last {
                break;
            }
        }
        Ok(Answers { question, prepare, commit, pulls })
    }

    /// How many have not been given.
    pub fn left(&self) -> usize {
        usize::from(self.prepare.is_some()) + usize::from(self.commit.is_some()) + self.pulls.len()
    }

    /// The answer to this request; none where the bundle did not ask it, or not so.
    pub fn give(&mut self, request: &Request) -> Option<Answer> {
        match request {
            Request::Prepare(asks) => {
                let asked = self.question.session == Some((asks.session, Digest::of(&asks.payload)));
                self.prepare.take_if(|_| asked)
            }
            Request::Commit(asks) => {
                let session = self.question.session == Some((asks.session, asks.digest));
                let asked = session && same(&asks.pull, &self.question.pull);
                // What is not prepared is answered to a COMMIT as to a PREPARE.
                let unprepared = |answer: &mut Answer| asked && *answer != Answer::Prepared;
                self.commit.take_if(|_| asked).or_else(|| self.prepare.take_if(unprepared))
            }
            Request::Pull(asks) => {
                let at = self.pulls.iter().position(|(cursor, _)| *cursor == asks.cursor)?;
                let asked = match self.question.session.is_none() && asks.cursor == self.question.pull.cursor {
                    true => same(asks, &self.question.pull),
                    // A further page is asked for by its cursor: since the first the device has learnt of its own commit.
                    false => asks.cursor.is_some() && alike(asks, &self.question.pull),
                };
                asked.then(|| self.pulls.remove(at).1)
            }
            Request::Upload(_) => None,
        }
    }
}

/// Whether two pulls ask for the same: how it is told, and whether digests are, may differ.
fn same(a: &Pull, b: &Pull) -> bool {
    alike(a, b) && a.own == b.own && a.covers == b.covers
}

/// Whether they ask for the same but for what the device has committed since.
fn alike(a: &Pull, b: &Pull) -> bool {
    (a.schema, a.device, a.checkpoint) == (b.schema, b.device, b.checkpoint)
        && (&a.refetch, &a.whole) == (&b.refetch, &b.whole)
}
