//! COMMIT: what was prepared is merged and saved, all or nothing, exactly once.

use super::beside::beside;
use super::checked::Ready;
use super::history::{self, Texts};
use super::pull::AtHand;
use super::records::{self, Loaded, Saving};
use super::scopes::{Scopes, follow};
use super::sessions::{self, Session};
use super::shared::Shared;
use super::{open, prepare, pull, system, wire};
use crate::hub::error::HubError;
use crate::hub::registry::Denied;
use crate::lock::lock;
use rusqlite::{Connection, ErrorCode};
use windrow_protocol::change::{Changeset, Key};
use windrow_protocol::clock::{DeviceId, Hlc, Point, Seq};
use windrow_protocol::fault;
use windrow_protocol::merge::{Merge, Merged, Outcome, Step};
use windrow_protocol::message::{Answer, Commit, Pull, Refusal, RefusalCode};
use windrow_protocol::versions::Version;

/// What came of a COMMIT.
#[derive(Debug)]
pub(super) enum Committed {
    /// It is committed, now or before, here; what is new to its device, where that is at hand.
    At(Option<Point>, Option<AtHand>),
    /// It is not.
    Not(Answer),
    /// It is refused, and what was written of it must not stand.
    Undone(Vec<Refusal>),
}

impl Committed {
    /// Whether what was written stands.
    pub(super) fn stands(&self) -> bool {
        !matches!(self, Committed::Undone(_))
    }
}

/// Commits a session, in the writer's transaction.
pub(super) fn commit(shared: &Shared, c: &Connection, request: &Commit) -> Result<Committed, HubError> {
    // A commit whose answer can't be told is better not made.
    if !pull::holds(shared, c, &request.pull)? {
        return Ok(Committed::Not(Answer::Astray));
    }
    let now = shared.now();
    let payload = match sessions::find(c, request.session, request.digest, &shared.keeping, now)? {
        Session::Unknown => return Ok(Committed::Not(Answer::UnknownSession)),
        Session::Reused => return Ok(Committed::Not(Answer::Reused)),
        Session::Done(at) => return Ok(Committed::At(at.map(|seq| point(c, seq)).transpose()?, None)),
        Session::Staged(payload) => payload,
    };
    let version = wire::version(&shared.tables, &payload)?;
    let standing = system::standing(c, shared.tables.version)?;
    let (changeset, loaded) = match read(shared, c, (request, standing.head), &payload)? {
        Read::Good(changeset, loaded) => (*changeset, loaded),
        // The names of its records can be made whole another time.
        Read::Not(Answer::WholeIds) => return Ok(Committed::Not(Answer::WholeIds)),
        Read::Not(answer) => {
            sessions::discard(c, request.session)?;
            return Ok(Committed::Not(answer));
        }
    };
    let who = Who { device: changeset.device, decides: None };
    let merge = Merge::new(&shared.tables.schema, changeset, prepare::moment(shared, &standing, open::draw()?));
    match merge_and_save(shared, c, merge, loaded, who)? {
        Ok(saved) => {
            sessions::finish(c, request.session, saved.at.map(|p| p.seq), now)?;
            Ok(Committed::At(saved.at, hear(shared, &request.pull, &saved)))
        }
        Err(Rejected::Before(refusals)) => {
            sessions::discard(c, request.session)?;
            Ok(Committed::Not(Answer::Refused(version.refusals(refusals))))
        }
        Err(Rejected::Amid(refusal)) => Ok(Committed::Undone(version.refusals(vec![*refusal]))),
    }
}

/// A payload as it is to be merged.
enum Read {
    /// With what is loaded of its records already.
    Good(Box<Changeset>, Loaded),
    Not(Answer),
}

/// Reads a payload; or takes what PREPARE has made of it, where nobody committed since.
fn read(shared: &Shared, c: &Connection, (request, head): (&Commit, Point), payload: &[u8]) -> Result<Read, HubError> {
    let not = |version: &Version, changeset: &Changeset| -> Result<Option<Answer>, HubError> {
        if changeset.device != request.pull.device {
            return Err(Denied::Device.into());
        }
        fault!(CommitUnchecked: Ok(None), prepare::continues(shared, c, version, changeset))
    };
    let ready = lock(&shared.memory.checked).take(request.session, request.digest);
    if let Some(Ready { changeset, loaded, .. }) = ready.filter(|ready| ready.head == head) {
        let answer = not(wire::version(&shared.tables, payload)?, &changeset)?;
        return Ok(answer.map_or_else(|| Read::Good(Box::new(changeset), loaded), Read::Not));
    }
    let received = wire::decode(&shared.tables, payload)?;
    if let Some(answer) = not(received.version, received.unresolved())? {
        return Ok(Read::Not(answer));
    }
    let resolved = received.resolve(c, &shared.tables)?;
    Ok(resolved.map_or(Read::Not(Answer::WholeIds), |changeset| Read::Good(Box::new(changeset), Loaded::default())))
}

/// What a commit's device hears of with its answer, where that is at hand.
fn hear(shared: &Shared, pull: &Pull, saved: &Saved) -> Option<AtHand> {
    let mut recent = lock(&shared.memory.recent);
    let known = saved.at.and_then(|at| pull::at_hand(pull, (at, saved.highest), &recent));
    recent.trim();
    known
}

/// A recorded outcome, with its mark.
fn point(c: &Connection, seq: Seq) -> Result<Point, HubError> {
    let mark = system::mark(c, seq)?.ok_or_else(|| HubError::Damaged("a commit without a mark".into()))?;
    Ok(Point { seq, mark })
}

/// Whose commit it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who<'a> {
    /// The device; 0 for the hub.
    device: DeviceId,
    /// The user who decides at the hub, where one is known.
    decides: Option<&'a str>,
}

/// A commit that was saved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saved {
    /// Its place in the hub's history; none where it said nothing.
    at: Option<Point>,
    /// The highest stamp that any session brought, as merged.
    highest: Hlc,
}

/// Why a commit was not saved.
pub(super) enum Rejected {
    /// Merging refuses it; nothing was written.
    Before(Vec<Refusal>),
    /// A column's own check refuses a value that the field's kind admits, when some of it was written. The record is named, so
    /// that the rest can come.
    Amid(Box<Refusal>),
}

/// Merges with what is stored, some of which may be loaded already, and saves the result.
pub(super) fn merge_and_save(
    shared: &Shared,
    c: &Connection,
    mut merge: Merge<'_>,
    mut loaded: Loaded,
    who: Who<'_>,
) -> Result<Result<Saved, Rejected>, HubError> {
    let outcome = loop {
        match merge.step(&loaded.world) {
            Step::Done(outcome) => break outcome,
            Step::Load(wants) => loaded.fill(c, &shared.tables, wants)?,
        }
    };
    let merged = match outcome {
        Outcome::Merged(merged) => merged,
        Outcome::Refused(refusals) => return Ok(Err(Rejected::Before(refusals))),
    };
    match save(shared, c, &merged, &loaded, who) {
        Ok(()) => {
            if let Some(at) = merged.at {
                lock(&shared.memory.recent).push(c, at, merged.records)?;
            }
            Ok(Ok(Saved { at: merged.at, highest: merged.highest }))
        }
        Err(Unsaved::Refused(refusal)) => Ok(Err(Rejected::Amid(refusal))),
        Err(Unsaved::Failed(error)) => Err(error),
    }
}

/// Why a merged commit was not saved.
enum Unsaved {
    Refused(Box<Refusal>),
    Failed(HubError),
}

impl From<HubError> for Unsaved {
    fn from(error: HubError) -> Self {
        Unsaved::Failed(error)
    }
}

/// Of so many lines of history the texts are made by a thread beside.
const MANY: usize = 1_000;

fn save(shared: &Shared, c: &Connection, merged: &Merged, loaded: &Loaded, who: Who<'_>) -> Result<(), Unsaved> {
    let (schema, now) = (&shared.tables.schema, shared.now());
    let texts = || Texts::of(schema, &merged.history, who.decides);
    let records = || save_records(shared, c, merged, loaded);
    let (saved, texts) = if merged.history.len() < MANY { (records(), texts()) } else { beside(texts, records) };
    saved?;
    system::advance(c, merged.at, merged.hub, merged.highest)?;
    if who.device != DeviceId::ZERO {
        system::save_covers(c, &merged.spans, who.device)?;
        system::save_device(c, who.device, merged.upto, now)?;
    }
    match merged.at {
        Some(at) => Ok(history::append(schema, c, at.seq, (&merged.history, &texts), now)?),
        None => Ok(()),
    }
}

fn save_records(shared: &Shared, c: &Connection, merged: &Merged, loaded: &Loaded) -> Result<(), Unsaved> {
    let tables = &shared.tables;
    let (mut scopes, mut moved) = (Scopes::new(c, tables, &merged.records), Vec::new());
    let mut saving = Saving::new(c, tables);
    for (key, record) in &merged.records {
        let scope = scopes.of(*key)?;
        // What hangs on a new record is new too, and knows its scope already.
        if loaded.scope(*key).is_some_and(|before| before != scope) {
            moved.push(*key);
        }
        saving.version(*key, record, scope)?;
        saving.show(*key, record).map_err(|error| unshown(shared, *key, error))?;
        records::save_conflicts(c, tables, *key, record)?;
    }
    Ok(follow(c, tables, moved)?)
}

fn unshown(shared: &Shared, key: Key, error: rusqlite::Error) -> Unsaved {
    if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return Unsaved::Failed(error.into());
    }
    let table = shared.tables.schema.table(key.0).name;
    let sentence = format!("{table} {}: the hub's table refuses one of its values; correct it", key.1);
    Unsaved::Refused(Box::new(Refusal { key, field: None, code: RefusalCode::WrongType, sentence }))
}

/// Commits a decision that was made at the hub. One that is refused fails, and what was written of it does not stand.
pub(super) fn commit_own(
    shared: &Shared,
    c: &Connection,
    merge: Merge<'_>,
    decides: Option<&str>,
) -> Result<Result<Point, Refusal>, HubError> {
    match merge_and_save(shared, c, merge, Loaded::default(), Who { device: DeviceId::ZERO, decides })? {
        Ok(Saved { at: Some(at), .. }) => Ok(Ok(at)),
        Ok(Saved { at: None, .. }) => Err(HubError::Defect("a decision said nothing".into())),
        Err(Rejected::Amid(refusal)) => Ok(Err(*refusal)),
        Err(Rejected::Before(mut refusals)) => {
            refusals.pop().map(Err).ok_or_else(|| HubError::Defect("a refusal without a reason".into()))
        }
    }
}
