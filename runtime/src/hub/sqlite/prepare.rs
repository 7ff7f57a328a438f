//! PREPARE: everything is checked, nothing applied.

use super::records::Loaded;
use super::sessions::{self, Session};
use super::shared::Shared;
use super::wire::{self, Received};
use super::{records, system, uploads};
use crate::hub::error::HubError;
use rusqlite::Connection;
use windrow_protocol::change::Changeset;
use windrow_protocol::clock::Mark;
use windrow_protocol::merge::{Merge, Moment, Step};
use windrow_protocol::message::{Answer, Digest, Prepare, Refusal, names_few, points};

/// What a check came to.
#[derive(Debug)]
pub(super) enum Checked {
    /// Nothing more to do.
    Answered(Answer),
    /// Good, and to be staged under this digest.
    Good(Digest),
}

/// Judges a changeset from one snapshot.
pub(super) fn check(shared: &Shared, c: &Connection, request: &Prepare) -> Result<Checked, HubError> {
    let (digest, answered) = (Digest::of(&request.payload), |answer| Ok(Checked::Answered(answer)));
    match sessions::find(c, request.session, digest, &shared.keeping, shared.now())? {
        Session::Done(_) => return answered(Answer::Prepared),
        Session::Reused => return answered(Answer::Reused),
        Session::Unknown | Session::Staged(_) => {}
    }
    let received = wire::decode(&shared.tables, &request.payload)?;
    if let Some(answer) = continues(shared, c, &received)? {
        return answered(answer);
    }
    let version = received.version;
    let Some(changeset) = received.resolve(c, &shared.tables)? else { return answered(Answer::WholeIds) };
    let refusals = refusals(shared, c, changeset)?;
    if refusals.is_empty() { Ok(Checked::Good(digest)) } else { answered(Answer::Refused(version.refusals(refusals))) }
}

/// Keeps what was checked. Another payload may have come under the same id since.
pub(super) fn stage(shared: &Shared, c: &Connection, request: &Prepare, digest: Digest) -> Result<Answer, HubError> {
    let now = shared.now();
    match sessions::find(c, request.session, digest, &shared.keeping, now)? {
        Session::Done(_) => Ok(Answer::Prepared),
        Session::Reused => Ok(Answer::Reused),
        Session::Unknown | Session::Staged(_) => {
            sessions::forget(c, &shared.keeping, now)?;
            sessions::stage(c, request.session, digest, &request.payload, now)?;
            uploads::forget(c, request.session)?;
            Ok(Answer::Prepared)
        }
    }
}

/// What to answer a changeset that does not continue this hub's past; none where it does. No shortened ids are needed for
/// that.
pub(super) fn continues(shared: &Shared, c: &Connection, received: &Received<'_>) -> Result<Option<Answer>, HubError> {
    let changeset = received.unresolved();
    let recovery = &changeset.recovery;
    names_few(changeset.own.len() + changeset.spans.len() + recovery.past.as_ref().map_or(0, Vec::len))?;
    let named = points(changeset.checkpoint, &changeset.own).chain(recovery.past.iter().flatten().copied());
    let mut past = system::past(c, named, changeset.spans.iter().map(|s| s.origin))?;
    for key in &recovery.ask {
        // Nobody misses what its table was dropped with.
        let now = received.version.key(*key);
        if let Some(now) = now
            && records::scope(c, &shared.tables, now)?.is_none()
        {
            past.missing.push(*key);
        }
    }
    Ok(past.continues(changeset)?)
}

/// The moment of a commit that would happen now.
pub(super) fn moment(shared: &Shared, c: &Connection, mark: Mark) -> Result<Moment, HubError> {
    let standing = system::standing(c, shared.tables.version)?;
    Ok(Moment { now_ms: shared.now(), hub: standing.hlc, highest: standing.highest, head: standing.head.seq, mark })
}

fn refusals(shared: &Shared, c: &Connection, changeset: Changeset) -> Result<Vec<Refusal>, HubError> {
    let merge = Merge::new(&shared.tables.schema, changeset, moment(shared, c, Mark(0))?);
    let mut loaded = Loaded::default();
    loop {
        match merge.judge(&loaded.world) {
            Step::Done(refusals) => return Ok(refusals),
            Step::Load(wants) => loaded.fill(c, &shared.tables, wants)?,
        }
    }
}
