//! PREPARE: everything is checked, nothing applied.

use super::checked::Ready;
use super::records::Loaded;
use super::sessions::{self, Session};
use super::shared::Shared;
use super::system::Standing;
use super::{records, system, uploads, wire};
use crate::hub::error::HubError;
use crate::lock::lock;
use rusqlite::Connection;
use windrow_protocol::change::Changeset;
use windrow_protocol::clock::Mark;
use windrow_protocol::merge::{Merge, Moment, Step};
use windrow_protocol::message::{Answer, Digest, Prepare, Refusal, names_few, points};
use windrow_protocol::versions::Version;

/// What a check came to.
#[derive(Debug)]
pub(super) enum Judged {
    /// Nothing more to do.
    Answered(Answer),
    /// Good, and to be staged under this digest.
    Good(Digest),
}

/// Judges a changeset from one snapshot.
pub(super) fn check(shared: &Shared, c: &Connection, request: &Prepare) -> Result<Judged, HubError> {
    let (digest, answered) = (Digest::of(&request.payload), |answer| Ok(Judged::Answered(answer)));
    match sessions::find(c, request.session, digest, &shared.keeping, shared.now())? {
        Session::Done(_) => return answered(Answer::Prepared),
        Session::Reused => return answered(Answer::Reused),
        Session::Unknown | Session::Staged(_) => {}
    }
    let received = wire::decode(&shared.tables, &request.payload)?;
    let version = received.version;
    if let Some(answer) = continues(shared, c, version, received.unresolved())? {
        return answered(answer);
    }
    let Some(changeset) = received.resolve(c, &shared.tables)? else { return answered(Answer::WholeIds) };
    let (refusals, ready) = judge(shared, c, changeset)?;
    if !refusals.is_empty() {
        return answered(Answer::Refused(version.refusals(refusals)));
    }
    if let Some(ready) = ready {
        lock(&shared.memory.checked).keep(request.session, digest, ready);
    }
    Ok(Judged::Good(digest))
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
pub(super) fn continues(
    shared: &Shared,
    c: &Connection,
    version: &Version,
    changeset: &Changeset,
) -> Result<Option<Answer>, HubError> {
    let recovery = &changeset.recovery;
    names_few(changeset.own.len() + changeset.spans.len() + recovery.past.as_ref().map_or(0, Vec::len))?;
    let named = points(changeset.checkpoint, &changeset.own).chain(recovery.past.iter().flatten().copied());
    let mut past = system::past(c, named, changeset.spans.iter().map(|s| s.origin))?;
    for key in &recovery.ask {
        // Nobody misses what its table was dropped with.
        let now = version.key(*key);
        if let Some(now) = now
            && records::scope(c, &shared.tables, now)?.is_none()
        {
            past.missing.push(*key);
        }
    }
    Ok(past.continues(changeset)?)
}

/// The moment of a commit that would happen now, where the hub stands so.
pub(super) fn moment(shared: &Shared, standing: &Standing, mark: Mark) -> Moment {
    Moment { now_ms: shared.now(), hub: standing.hlc, highest: standing.highest, head: standing.head.seq, mark }
}

/// What is refused; and what COMMIT need not read again, where nothing is.
fn judge(shared: &Shared, c: &Connection, changeset: Changeset) -> Result<(Vec<Refusal>, Option<Ready>), HubError> {
    let standing = system::standing(c, shared.tables.version)?;
    let plain = changeset.recovery.is_empty();
    let merge = Merge::new(&shared.tables.schema, changeset, moment(shared, &standing, Mark(0)));
    let mut loaded = Loaded::default();
    loop {
        match merge.judge(&loaded.world) {
            Step::Load(wants) => loaded.fill(c, &shared.tables, wants)?,
            Step::Done(refusals) => {
                let changeset = merge.into_changeset().filter(|_| plain && refusals.is_empty());
                let ready = changeset.map(|changeset| Ready { changeset, loaded, head: standing.head });
                return Ok((refusals, ready));
            }
        }
    }
}
