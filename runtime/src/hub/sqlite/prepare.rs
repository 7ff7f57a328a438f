//! PREPARE: everything is checked, nothing applied.

use super::sessions::{self, Session};
use super::shared::Shared;
use super::{records, system, wire};
use crate::hub::error::HubError;
use rusqlite::Connection;
use windrow_protocol::change::Changeset;
use windrow_protocol::clock::Mark;
use windrow_protocol::codec::Encoded;
use windrow_protocol::merge::{self, Moment, Step, World};
use windrow_protocol::message::{Answer, Digest, Prepare, Refusal, points};

/// Judges a changeset from one snapshot. The answer, unless it is to be staged first.
pub(super) fn check(shared: &Shared, c: &Connection, request: &Prepare) -> Result<Option<Answer>, HubError> {
    let digest = Digest::of(&request.payload);
    match sessions::find(c, request.session, digest, &shared.keeping, shared.now())? {
        Session::Done(_) => return Ok(Some(Answer::Prepared)),
        Session::Reused => return Ok(Some(Answer::Reused)),
        Session::Unknown | Session::Staged(_) => {}
    }
    let encoded = wire::decode(&shared.tables, &request.payload)?;
    continues(c, &encoded)?;
    let Some(changeset) = wire::resolve(c, &shared.tables, encoded)? else { return Ok(Some(Answer::WholeIds)) };
    let refusals = refusals(shared, c, &changeset)?;
    Ok((!refusals.is_empty()).then_some(Answer::Refused(refusals)))
}

/// Keeps what was checked. Another payload may have come under the same id since.
pub(super) fn stage(shared: &Shared, c: &Connection, request: &Prepare) -> Result<Answer, HubError> {
    let (digest, now) = (Digest::of(&request.payload), shared.now());
    match sessions::find(c, request.session, digest, &shared.keeping, now)? {
        Session::Done(_) => Ok(Answer::Prepared),
        Session::Reused => Ok(Answer::Reused),
        Session::Unknown | Session::Staged(_) => {
            sessions::forget(c, &shared.keeping, now)?;
            sessions::stage(c, request.session, digest, &request.payload, now)?;
            Ok(Answer::Prepared)
        }
    }
}

/// Refuses a changeset that speaks of a past that is not this hub's. No ids are needed for that.
pub(super) fn continues(c: &Connection, encoded: &Encoded<Changeset>) -> Result<(), HubError> {
    let changeset = encoded.unresolved();
    let origins = changeset.spans.iter().map(|s| s.origin);
    let past = system::past(c, points(changeset.checkpoint, &changeset.own), origins)?;
    Ok(past.continues(changeset)?)
}

/// The moment of a commit that would happen now.
pub(super) fn moment(shared: &Shared, c: &Connection, changeset: &Changeset, mark: Mark) -> Result<Moment, HubError> {
    let standing = system::standing(c)?;
    Ok(Moment {
        now_ms: shared.now(),
        hub: standing.hlc,
        device_highest: system::device_highest(c, changeset.device)?,
        highest: standing.highest,
        head: standing.head.seq,
        mark,
    })
}

fn refusals(shared: &Shared, c: &Connection, changeset: &Changeset) -> Result<Vec<Refusal>, HubError> {
    let moment = moment(shared, c, changeset, Mark(0))?;
    let mut world = World::default();
    loop {
        match merge::check(&shared.tables.schema, changeset, moment, &world) {
            Step::Done(refusals) => return Ok(refusals),
            Step::Load(wants) => records::fill(c, &shared.tables, wants, &mut world)?,
        }
    }
}
