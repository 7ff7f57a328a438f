//! Folding what is pending into a changeset.

use super::slices::{self, Slice, Slicing};
use super::weights::{self, Weights};
use super::{outbox, pages, recover};
use crate::sqlite::Bound;
use crate::store::error::StoreError;
use crate::store::origins::{self, Stretch};
use crate::store::plan::Plan;
use crate::store::state::{self, State};
use crate::store::values::id_value;
use crate::store::{log, recovery};
use rusqlite::Connection;
use windrow_protocol::change::{Change, Changeset};
use windrow_protocol::clock::{Hlc, Origin, Span};
use windrow_protocol::codec::{Effort, Packed};
use windrow_protocol::fold::{self, Part};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::SessionId;
use windrow_protocol::session::Loaded;

/// A changeset that is not stored yet.
#[derive(Debug)]
pub(super) struct Folded {
    session: SessionId,
    packed: Packed,
    weights: Weights,
    /// Whether more was pending than it speaks for.
    more: bool,
    /// What the hub has of each origin, as it was folded.
    has: Vec<(Origin, Hlc)>,
}

impl Folded {
    /// Of which tables it is, and under which id it is sent.
    pub(super) fn weighed(&self) -> (SessionId, Weights) {
        (self.session, self.weights.clone())
    }

    /// Whether it is of what follows the entries that the hub has now, of all origins: it may name none of one of which the hub was to
    /// have all by now. And whether it names every origin that must be named.
    fn follows(&self, stretches: &[Stretch]) -> bool {
        let has =
            |s: &Stretch| self.has.iter().find(|(origin, _)| *origin == s.origin).map_or(Hlc::ZERO, |(_, has)| *has);
        let names = |s: &Stretch| self.packed.spans().iter().any(|span| span.origin == s.origin);
        stretches.iter().all(|s| has(s) == s.hub_has && (!s.unsure || names(s)))
    }
}

/// The count of sessions' steps, and the changeset to be stored; none where one is under way or nothing is pending.
///
/// This only reads, in one snapshot, so that nobody's write waits for it. Entries that are logged before the changeset is
/// stored have later stamps and belong to the next one.
///
/// `past`: the hub asked for this device's past, so that something is to be said in any case. `ahead`: what [`behind`] has
/// folded since, and the count of steps then, with those that its own session has made after it.
pub(super) fn fold(
    conn: &Connection,
    plan: &Plan,
    (whole_ids, past): (bool, bool),
    slicing: &Slicing,
    ahead: Option<(i64, Folded)>,
) -> Result<(i64, Option<Folded>), StoreError> {
    let state = state::read(conn)?;
    let turn = state.turn;
    if outbox::read(conn)?.is_some() {
        return Ok((turn, None));
    }
    let stretches = origins::stretches(conn)?;
    // Whoever looks for a common past with the hub says everything at once.
    let lost = past || state.recovering || recovery::seeks(conn, plan)?;
    let fits = |(seen, folded): &(i64, Folded)| *seen == turn && !lost && !whole_ids && folded.follows(&stretches);
    if let Some((_, folded)) = ahead.filter(fits) {
        return Ok((turn, Some(folded)));
    }
    let slice =
        if lost { (log::pending(conn, plan, &stretches)?, None) } else { slicing.next(conn, plan, &stretches)? };
    Ok((turn, pack(conn, plan, &state, (whole_ids, past), (stretches, slice))?))
}

/// The changeset behind the one under way, of a log that is cut, folded while the hub commits that; none where nothing is. It is
/// good as long as no other session steps between and the answer takes no sum out of what is pending: what is logged stays as
/// it is.
pub(super) fn behind(
    conn: &Connection,
    plan: &Plan,
    slicing: &Slicing,
    seen: i64,
) -> Result<Option<Folded>, StoreError> {
    let state = state::read(conn)?;
    if state.turn != seen || state.recovering || recovery::seeks(conn, plan)? {
        return Ok(None);
    }
    let (mut stretches, sent) = (origins::stretches(conn)?, outbox::spans(conn)?);
    for stretch in &mut stretches {
        let sent = sent.iter().filter(|(origin, _)| *origin == stretch.origin).map(|(_, upto)| *upto);
        stretch.hub_has = sent.fold(stretch.hub_has, Hlc::max);
        // The checkpoint of the answer vouches for all.
        stretch.unsure = false;
    }
    let slice = slicing.behind(conn, plan, &stretches)?;
    pack(conn, plan, &state, (false, false), (stretches, slice))
}

fn pack(
    conn: &Connection,
    plan: &Plan,
    state: &State,
    (whole_ids, past): (bool, bool),
    (mut stretches, (pending, cut)): (Vec<Stretch>, Slice),
) -> Result<Option<Folded>, StoreError> {
    let has = stretches.iter().map(|s| (s.origin, s.hub_has)).collect();
    if let Some(cut) = cut {
        stretches = slices::upto(&stretches, cut);
    }
    let parts = recover::parts(conn, plan, pending)?;
    if parts.is_empty() && !past && !state.recovering {
        return Ok(None);
    }
    let (mut stamps, mut passed) = (Vec::new(), Vec::new());
    for part in &parts {
        match part {
            Part::Pending(entry) => stamps.push(entry.hlc),
            Part::Passed(entry) => passed.push((entry.table, entry.id)),
        }
    }
    let net = fold::recovering(&plan.schema, parts, state.recovering);
    let recovery = recover::said(conn, plan, past, &passed, &net)?;
    let logged = if state.recovering { logged(conn, plan, &stretches)? } else { Vec::new() };
    let changeset = Changeset {
        device: state.device,
        author: origins::author(&stretches)?,
        checkpoint: state.checkpoint,
        own: Vec::new(), // Said once it is stored.
        spans: spans(&stretches, &stamps, &logged),
        upto: log::clock(conn)?,
        changes: net.changes,
        recovery,
    };
    // What the hub may have lost can't be named by a part of its id.
    let whole_ids = whole_ids || !changeset.recovery.is_empty();
    let lengths = name_lengths(conn, plan, &changeset.changes, whole_ids)?;
    let weights = weights::of_changes(&changeset.changes);
    let packed = Packed::new(&plan.schema, changeset, &lengths, Effort::Upload);
    let mut session = [0; 16];
    getrandom::fill(&mut session)?;
    Ok(Some(Folded { session: SessionId(session), packed, weights, more: cut.is_some(), has }))
}

/// Stores a changeset. Whether more was pending than it speaks for.
pub(super) fn store(conn: &Connection, plan: &Plan, folded: Folded) -> Result<bool, StoreError> {
    let Folded { session, packed, more, .. } = folded;
    let (spans, checkpoint) = (packed.spans().to_vec(), state::read(conn)?.checkpoint);
    outbox::write(conn, session, &packed.seal(&plan.schema, checkpoint, state::own(conn)?), &spans)?;
    Ok(more)
}

/// What the file holds now. `more`: of the changeset that was stored just now, whether more was pending.
pub(super) fn loaded(conn: &Connection, plan: &Plan, more: Option<bool>) -> Result<Loaded, StoreError> {
    let outbox = outbox::read(conn)?;
    let behind = outbox.is_some() && more.unwrap_or(true);
    let stored_before = outbox.is_some() && more.is_none();
    Ok(Loaded { outbox, stored_before, behind, inbox: pages::inbox(conn)?, pull: pages::pull(conn, plan)? })
}

/// The origins of which the log has entries.
fn logged(conn: &Connection, plan: &Plan, stretches: &[Stretch]) -> Result<Vec<Origin>, StoreError> {
    let mut logged = Vec::new();
    for stretch in stretches {
        if !log::is_empty(conn, plan, stretch.before, stretch.last)? {
            logged.push(stretch.origin);
        }
    }
    Ok(logged)
}

/// What the changeset speaks for: of each origin the entries that are pending now. Origins that no checkpoint vouches
/// for are named too, so that a hub that lost them says so; and those of what is `logged`, where it has lost some of its past.
fn spans(stretches: &[Stretch], stamps: &[Hlc], logged: &[Origin]) -> Vec<Span> {
    let span = |s: &Stretch| {
        let (after, last) = s.pending();
        let upto = stamps[..stamps.partition_point(|hlc| *hlc <= last)].last().filter(|hlc| **hlc > after);
        let upto = upto.copied().or((s.unsure || logged.contains(&s.origin)).then_some(s.hub_has))?;
        Some(Span { origin: s.origin, after: s.hub_has, upto })
    };
    let mut spans: Vec<Span> = stretches.iter().filter_map(span).collect();
    spans.sort_by_key(|s| s.upto);
    spans
}

/// For each change, how many leading bits of its id name it: enough among this table's ids and the changeset's own, and
/// some more, for those that only the hub has.
fn name_lengths(conn: &Connection, plan: &Plan, changes: &[Change], whole_ids: bool) -> Result<Vec<u8>, StoreError> {
    let mut lengths = Vec::with_capacity(changes.len());
    for (at, change) in changes.iter().enumerate() {
        let beside = |i: usize| changes.get(i).filter(|c| c.table == change.table).map(|c| c.id.0);
        let sent = [at.checked_sub(1).and_then(beside), beside(at + 1)];
        let whole = whole_ids || change.born;
        lengths.push(if whole { RecordId::BITS } else { name_length(conn, plan, change, sent)? });
    }
    Ok(lengths)
}

fn name_length(conn: &Connection, plan: &Plan, change: &Change, sent: [Option<[u8; 16]>; 2]) -> Result<u8, StoreError> {
    let mut query = conn.prepare_cached(&plan.sql(change.table).neighbours)?;
    let here: [Option<[u8; 16]>; 2] =
        query.query_row([Bound(&id_value(change.id))], |row| Ok([row.get(0)?, row.get(1)?]))?;
    Ok(change.id.name_length(here.into_iter().chain(sent).flatten().map(RecordId)))
}
