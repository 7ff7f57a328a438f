//! Device and hub find their common past again: the hub's facts are taken over, one after another, and each changeset
//! that is folded then respects all that were learnt before.

use super::{outbox, pages};
use crate::sqlite::Bound;
use crate::store::error::{AnswerError, StoreError};
use crate::store::plan::Plan;
use crate::store::values::{fields_of, id_value, ids};
use crate::store::{log, origins, recovery, state};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use windrow_protocol::change::{Held, Key, Recovery};
use windrow_protocol::clock::{Hlc, Origin, Point};
use windrow_protocol::fault;
use windrow_protocol::fold::{Net, Part};
use windrow_protocol::log::Entry;
use windrow_protocol::model::Strategy;
use windrow_protocol::value::Value;

/// The hub has other entries than this file believed, or lacks other records.
pub(super) fn take_over(
    conn: &Connection,
    plan: &Plan,
    covers: &[(Origin, Hlc)],
    missing: &[Key],
) -> Result<(), StoreError> {
    if missing.iter().any(|(table, _)| !plan.tables().contains(table)) {
        return Err(AnswerError::Missing.into());
    }
    let before = pending(conn, plan)?;
    for (origin, upto) in covers {
        origins::take_over(conn, *origin, *upto)?;
    }
    recovery::set_missing(conn, plan, missing)?;
    let now: BTreeSet<Hlc> = pending(conn, plan)?.into_iter().map(|e| e.hlc).collect();
    let mut passed: BTreeSet<Hlc> = recovery::passed(conn)?.into_iter().filter(|hlc| !now.contains(hlc)).collect();
    let sent: Vec<&Entry> = before.iter().filter(|e| !now.contains(&e.hlc)).collect();
    passed.extend(sent.iter().map(|e| e.hlc));
    // Another copy of this file sent them, and perhaps as part of other net changes: their records are asked for whole.
    let records: BTreeSet<Key> = sent.iter().map(|e| (e.table, e.id)).collect();
    fault!(PassedNotRefetched: (), want(conn, plan, &records)?);
    recovery::set_passed(conn, &fault!(PassedForgotten: BTreeSet::new(), passed))?;
    outbox::clear(conn)?;
    Ok(pages::clear(conn)?)
}

/// So many records are asked for by name; more than that with all of their tables, which come in pages.
const MANY: usize = 10_000;

fn want(conn: &Connection, plan: &Plan, records: &BTreeSet<Key>) -> rusqlite::Result<()> {
    if records.len() <= MANY {
        return records.iter().try_for_each(|key| pages::want(conn, plan, *key));
    }
    let tables: BTreeSet<_> = records.iter().map(|(table, _)| *table).collect();
    tables.into_iter().try_for_each(|table| recovery::want_whole(conn, plan, table))
}

fn pending(conn: &Connection, plan: &Plan) -> Result<Vec<Entry>, StoreError> {
    log::pending(conn, plan, &origins::stretches(conn)?)
}

/// The hub has lost what came after this checkpoint.
pub(super) fn go_back(conn: &Connection, to: Point) -> Result<(), StoreError> {
    if to != Point::START && !state::checkpoints(conn)?.contains(&to) {
        return Err(AnswerError::Rewind.into());
    }
    state::go_back(conn, to)?;
    log::rebase(conn, fault!(BasesKeptAfterRewind: windrow_protocol::clock::Seq::LAST, to.seq))?;
    outbox::clear(conn)?;
    Ok(pages::clear(conn)?)
}

/// The pending entries and those that another copy has sent, in order of their stamps.
pub(super) fn parts(conn: &Connection, plan: &Plan, pending: Vec<Entry>) -> Result<Vec<Part>, StoreError> {
    let mut passed = recovery::passed(conn)?;
    if passed.is_empty() {
        return Ok(pending.into_iter().map(Part::Pending).collect());
    }
    pending.iter().for_each(|e| {
        passed.remove(&e.hlc);
    });
    let kept = log::all(conn, plan)?.into_iter().filter(|e| passed.contains(&e.hlc));
    let mut parts: Vec<Part> = kept.map(Part::Passed).chain(pending.into_iter().map(Part::Pending)).collect();
    parts.sort_by_key(|part| part.entry().hlc);
    Ok(parts)
}

/// What is said besides the changes: which records to check, and how those that the hub does not know look here.
pub(super) fn said(
    conn: &Connection,
    plan: &Plan,
    past: bool,
    passed: &[Key],
    net: &Net,
) -> Result<Recovery, StoreError> {
    let missing = recovery::missing(conn, plan)?;
    let mut ask: BTreeSet<Key> = passed.iter().chain(missing.keys()).copied().collect();
    if state::read(conn)?.recovering {
        ask.extend(log::all(conn, plan)?.iter().map(|e| (e.table, e.id)));
        for table in fault!(ShownNotAskedAbout: 0..0, plan.tables()) {
            ask.extend(ids(conn, &plan.sql(table).select, &[])?.into_iter().map(|id| (table, id)));
        }
    }
    let held = offers(conn, plan, &missing, net)?;
    let past = past.then(|| state::checkpoints(conn)).transpose()?;
    Ok(Recovery { past, ask: ask.into_iter().collect(), missing: missing.into_keys().collect(), held })
}

/// The records that the hub does not know and may be offered.
pub(super) fn offers(
    conn: &Connection,
    plan: &Plan,
    missing: &BTreeMap<Key, bool>,
    net: &Net,
) -> Result<Vec<Held>, StoreError> {
    let offered = missing.iter().filter(|(_, offered)| **offered).map(|(key, _)| *key);
    offered.filter_map(|key| held(conn, plan, key, net).transpose()).collect()
}

/// A record as it is shown here, or was when it went.
fn held(conn: &Connection, plan: &Plan, key: Key, net: &Net) -> Result<Option<Held>, StoreError> {
    let table = plan.table(key.0);
    let mut query = conn.prepare_cached(&plan.sql(key.0).by_id)?;
    let mut rows = query.query([Bound(&id_value(key.1))])?;
    let values = match rows.next()? {
        Some(row) => Some(fields_of(row, 1, table, key.1)?),
        None => net.gone.get(&key).cloned(),
    };
    let weak = |values: Vec<Value>| {
        let fields = values.into_iter().enumerate();
        fields.filter(|(f, _)| table.fields[*f].strategy != Strategy::Sum).collect()
    };
    Ok(values.map(|values| Held { table: key.0, id: key.1, values: weak(values) }))
}
