//! Requests and answers, the envelopes around changesets and pages.
//!
//! A body is two bytes of magic, one of version, the message in [postcard](https://postcard.jamesmunns.com/wire-format)'s
//! format, whose decoder checks every length against what remains, and four bytes of the SHA-256 of all that: where no TLS does,
//! they tell what was damaged on the way. Tags are the order of the variants: only ever added to.

use crate::change::{Changeset, Key};
use crate::chunk::Gap;
use crate::clock::{DeviceId, Hlc, Origin, Point, Span};
use crate::digest;
use crate::model::{FieldIx, TableIx};
use crate::told::Cursor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// 128 random bits that name a session; bound to the digest of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub [u8; 16]);

/// What a session id is bound to: 128 bits of the SHA-256 of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// Of an encoded changeset.
    pub fn of(payload: &[u8]) -> Digest {
        Digest(digest::of([payload]))
    }
}

/// PREPARE: check all of this, apply nothing yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepare {
    /// The session.
    pub session: SessionId,
    /// The encoded [`Changeset`].
    pub payload: Vec<u8>,
}

/// COMMIT: apply what was prepared, exactly once, and tell what is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The session.
    pub session: SessionId,
    /// Of its payload.
    pub digest: Digest,
    /// For the first page of the answer. Its `own` need not name this commit.
    pub pull: Pull,
}

/// What changed after the checkpoint?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// The schema that table numbers in `refetch` and `cursor` refer to.
    pub schema: [u8; 8],
    /// Who asks.
    pub device: DeviceId,
    /// Up to where it has applied everything.
    pub checkpoint: Point,
    /// Commits of this file above the lowest of its checkpoint and its pending bases.
    pub own: Vec<Point>,
    /// What it believes the hub has, of origins that no mark vouches for yet.
    pub covers: Vec<(Origin, Hlc)>,
    /// Records that it wants whole.
    pub refetch: Vec<Key>,
    /// Where the last page stopped.
    pub cursor: Option<Cursor>,
    /// Whether ids must not be shortened: a shortened one was ambiguous.
    pub whole_ids: bool,
    /// Tables of which it wants every living record; what is not told of them is gone. In order.
    pub whole: Vec<TableIx>,
    /// Whether the last page is to say the tables' digests.
    pub verify: bool,
    /// A page may tell `1 KiB << page` of values, before compression: what the link is good for. The hub has a bound of its
    /// own.
    pub page: u8,
}

/// What the hub answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To PREPARE: all of it would be, or was, accepted.
    Prepared,
    /// To PREPARE or COMMIT: these changes can't be; the rest may come again without them.
    Refused(Vec<Refusal>),
    /// To PREPARE or COMMIT: a shortened id was ambiguous; the same again with whole ids.
    WholeIds,
    /// To COMMIT: never prepared, or expired.
    UnknownSession,
    /// To PREPARE or COMMIT: this session id stands for another payload.
    Reused,
    /// To COMMIT, however often. (PREPARE of a session that is committed already is answered [`Answer::Prepared`].)
    Committed {
        /// The commit's place in the hub's history; none where it changed nothing.
        at: Option<Point>,
        /// The encoded first [`Page`](crate::told::Page).
        page: Vec<u8>,
    },
    /// To a pull: an encoded [`Page`](crate::told::Page).
    News(Vec<u8>),
    /// To PREPARE or COMMIT: the spans begin elsewhere, or other records are missing, than the device believes. The device
    /// takes this over and folds anew.
    Known {
        /// Up to where the hub has the entries of the origins that were named.
        covers: Vec<(Origin, Hlc)>,
        /// Those of the records asked about that it does not know, ascending.
        missing: Vec<Key>,
    },
    /// To PREPARE or COMMIT that says the device's past: the hub never gave one of the marks, so it was restored, or is
    /// another. The device goes back to here, the last of its checkpoints that the hub knows.
    Rewind(Point),
    /// To anything: the hub never gave one of the marks, or lacks what it acknowledged. The device is to say its past.
    Astray,
    /// To an upload that is not whole: which of the changeset's bytes the hub lacks, the first
    /// [`MOST_GAPS`](crate::chunk::MOST_GAPS) stretches of them. Once it has all, it answers as to PREPARE.
    Received(Vec<Gap>),
}

/// Why one change can't be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The record.
    pub key: Key,
    /// The field at fault, where it is one.
    pub field: Option<FieldIx>,
    /// The rule.
    pub code: RefusalCode,
    /// A sentence for people: the record, the rule and the remedy.
    pub sentence: String,
}

/// Rules that refuse a change. Their numbers are on the wire and in `windrow_refused` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum RefusalCode {
    /// The record is not known here.
    UnknownRecord = 1,
    /// A reference names a record that nobody knows.
    UnknownParent = 2,
    /// A value is not of the field's type or range.
    WrongType = 3,
    /// A required field is NULL or, in an insert, missing.
    Missing = 4,
    /// A sum would leave the range of its type.
    Overflow = 5,
    /// A write of another kind than the field's strategy takes.
    WrongStrategy = 6,
    /// Records hang on each other in too long a chain.
    TooDeep = 7,
}

impl RefusalCode {
    /// The code as it is named in messages and tables.
    pub fn name(self) -> &'static str {
        match self {
            RefusalCode::UnknownRecord => "unknown-record",
            RefusalCode::UnknownParent => "unknown-parent",
            RefusalCode::WrongType => "wrong-type",
            RefusalCode::Missing => "missing",
            RefusalCode::Overflow => "overflow",
            RefusalCode::WrongStrategy => "wrong-strategy",
            RefusalCode::TooDeep => "too-deep",
        }
    }
}

/// An error for the other side: a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{title}: {detail}")]
pub struct Problem {
    /// What kind of problem, a stable name.
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This case in words: what is wrong, and what to do. Never a field's value.
    pub detail: String,
    /// Whether to try again.
    pub retry: Retry,
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A body that is none.
    Malformed,
    /// A body that was cut or damaged on the way.
    Damaged,
    /// A body of a version, or for a schema, that the hub does not know.
    UnknownVersion,
    /// More than the hub takes at once.
    TooLarge,
    /// No such address.
    NotFound,
    /// The hub is busy.
    Busy,
    /// The hub's own fault.
    Internal,
    /// Nobody who is known here: no token, or none that the hub gave.
    Unauthenticated,
    /// A token that was revoked.
    Revoked,
    /// Known, and not allowed.
    Forbidden,
}

/// Whether a request that failed may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// At once.
    Now,
    /// After a while.
    Later,
    /// Not as it stands.
    Never,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Problem {
        let (title, status, retry) = match kind {
            ProblemKind::Malformed => ("the request can't be read", 400, Retry::Never),
            ProblemKind::Damaged => ("the request was damaged on the way", 400, Retry::Now),
            ProblemKind::UnknownVersion => ("the hub does not know this version", 409, Retry::Later),
            ProblemKind::TooLarge => ("the request is too large", 413, Retry::Never),
            ProblemKind::NotFound => ("there is nothing here", 404, Retry::Never),
            ProblemKind::Unauthenticated => ("the hub does not know who asks", 401, Retry::Never),
            ProblemKind::Revoked => ("the hub turns this device away", 401, Retry::Never),
            ProblemKind::Forbidden => ("this is not allowed", 403, Retry::Never),
            ProblemKind::Busy => ("the hub is busy", 503, Retry::Later),
            ProblemKind::Internal => ("the hub failed", 500, Retry::Later),
        };
        Problem { kind, title: title.into(), status, detail: detail.into(), retry }
    }
}

/// Bytes that are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// They do not begin as ours do.
    #[error("these bytes are not a Windrow message")]
    Magic,
    /// A version that this program does not know.
    #[error("message version {0} is not known here: update this program")]
    Version(u8),
    /// They mean nothing.
    #[error("the message is damaged: {0}")]
    Damaged(String),
    /// They end early, or are not those that were sent.
    #[error("the message was cut or damaged on the way")]
    Corrupt,
}

const MAGIC: [u8; 2] = *b"WR";
/// Also tells which format of pages its sender can read: another format of those is another version here.
const VERSION: u8 = 3;
/// Bytes of a checksum.
const SUM: usize = 4;

/// The bytes of a message.
///
/// # Errors
/// None for the messages of this module; the signature is the serialiser's.
pub fn to_bytes<T: Serialize>(message: &T) -> Result<Vec<u8>, MessageError> {
    Ok(sealed(encode(message)?))
}

/// These bytes and their checksum: for whoever says what no sender says, a test or a fuzzer.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum: [u8; SUM] = digest::of([&bytes]);
    bytes.extend(sum);
    bytes
}

/// The bytes of a message without their checksum.
pub(crate) fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, MessageError> {
    let head = [MAGIC[0], MAGIC[1], VERSION];
    postcard::to_extend(message, head.to_vec()).map_err(|e| MessageError::Damaged(e.to_string()))
}

/// The message in these bytes.
///
/// # Errors
/// Bytes that are none, of an unknown version, cut, damaged, or too long.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MessageError> {
    let content = content(bytes)?;
    let (message, sum) = content.split_last_chunk::<SUM>().ok_or(MessageError::Corrupt)?;
    if digest::of::<SUM>([&bytes[..bytes.len() - SUM]]) != *sum {
        return Err(MessageError::Corrupt);
    }
    match decode(message)? {
        (message, []) => Ok(message),
        _ => Err(MessageError::Damaged("bytes are left over".into())),
    }
}

fn decode<T: DeserializeOwned>(content: &[u8]) -> Result<(T, &[u8]), MessageError> {
    postcard::take_from_bytes(content).map_err(|e| MessageError::Damaged(e.to_string()))
}

/// The message at the beginning of these bytes, without a checksum, and the rest.
pub(crate) fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), MessageError> {
    decode(content(bytes)?)
}

/// What follows the version.
fn content(bytes: &[u8]) -> Result<&[u8], MessageError> {
    match bytes {
        [a, b, VERSION, rest @ ..] if [*a, *b] == MAGIC => Ok(rest),
        [a, b, version, ..] if [*a, *b] == MAGIC => Err(MessageError::Version(*version)),
        _ => Err(MessageError::Magic),
    }
}

/// How many commits, origins and records one request may name. Each is looked up: this many take a hub about a second.
pub const MOST_NAMED: usize = 1 << 18;

/// Refuses a request that names more than the hub looks up at once.
///
/// # Errors
/// More than [`MOST_NAMED`].
pub fn names_few(named: usize) -> Result<(), Problem> {
    if named <= MOST_NAMED {
        return Ok(());
    }
    let detail = format!("The request names {named} commits, origins and records; the hub takes {MOST_NAMED} at once.");
    Err(Problem::new(ProblemKind::TooLarge, detail))
}

/// The seqs that a device names, which the hub must know by their marks.
pub fn points(checkpoint: Point, own: &[Point]) -> impl Iterator<Item = Point> + '_ {
    std::iter::once(checkpoint).chain(own.iter().copied()).filter(|p| *p != Point::START)
}

/// What a hub must look up before it can judge what a device says of their common past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// Those of the seqs that the device named that it gave under these very marks.
    pub given: HashSet<Point>,
    /// The covers it has for the origins that the device named; none where it knows nothing of them.
    pub covers: HashMap<Origin, Hlc>,
    /// Those of the records that the device asks about that it does not know, ascending.
    pub missing: Vec<Key>,
}

impl Past {
    fn cover(&self, origin: Origin) -> Hlc {
        self.covers.get(&origin).copied().unwrap_or(Hlc::ZERO)
    }

    fn gave(&self, point: Point) -> bool {
        fault!(MarkUnchecked: true, point == Point::START || self.given.contains(&point))
    }

    /// Whether the changeset continues this past: every mark is the hub's own, every span begins at its cover and leads
    /// on, the records that it offers whole are those that are missing, and no stamp or base is ahead of what the device
    /// has reached. If not, what to answer.
    ///
    /// # Errors
    /// A changeset that contradicts itself.
    pub fn continues(&self, changeset: &Changeset) -> Result<Option<Answer>, Problem> {
        if !changeset.is_in_order() {
            let detail = "The changeset's spans go back, or it has stamps or bases ahead of the device's own, or offers \
                          what it did not ask for; update the device's program.";
            return Err(Problem::new(ProblemKind::Malformed, detail));
        }
        let recovery = &changeset.recovery;
        if !points(changeset.checkpoint, &changeset.own).all(|p| self.gave(p)) {
            return Ok(Some(recovery.past.as_deref().map_or(Answer::Astray, |past| self.rewind(past))));
        }
        let begins = |s: &Span| fault!(CoverUnchecked: true, self.cover(s.origin) == s.after);
        if changeset.spans.iter().all(begins) && self.missing == recovery.missing {
            return Ok(None);
        }
        let covers = changeset.spans.iter().map(|s| (s.origin, self.cover(s.origin))).collect();
        Ok(Some(Answer::Known { covers, missing: self.missing.clone() }))
    }

    /// The last of a device's checkpoints that this hub has given; before the first contact every hub is the same.
    fn rewind(&self, past: &[Point]) -> Answer {
        Answer::Rewind(past.iter().copied().filter(|p| self.gave(*p)).max().unwrap_or(Point::START))
    }

    /// Whether a pull stands in this past.
    pub fn holds(&self, pull: &Pull) -> bool {
        let mut named = points(pull.checkpoint, &pull.own).chain(pull.cursor.map(|cursor| cursor.head));
        named.all(|p| self.gave(p)) && pull.covers.iter().all(|(origin, upto)| self.cover(*origin) >= *upto)
    }
}
