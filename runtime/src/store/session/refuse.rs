//! What the hub refused leaves the log, and what depends on it; all of it is kept for people to see.

use super::{outbox, pages};
use crate::store::error::{AnswerError, StoreError};
use crate::store::plan::Plan;
use crate::store::{log, origins, refused};
use rusqlite::Connection;
use std::collections::BTreeMap;
use windrow_protocol::change::{Change, Key};
use windrow_protocol::fold;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::{Entry, Op};
use windrow_protocol::message::{Refusal, RefusalCode};
use windrow_protocol::value::Value;

/// Moves refused changes and their dependants to `windrow_refused`. The changeset is forgotten, and so are pages: the
/// next pull asks for the records concerned, which those pages did not carry.
pub(super) fn refuse(conn: &Connection, plan: &Plan, refusals: &[Refusal]) -> Result<(), StoreError> {
    let stretches = origins::stretches(conn)?;
    let entries = log::pending(conn, plan, &stretches)?;
    let followed: Vec<(Key, Key)> = entries.iter().filter_map(|e| followed(plan, e)).collect();
    let pending = fold::pending(&plan.schema, entries);
    known(plan, &pending, refusals)?;
    let mut refused: BTreeMap<Key, Refusal> = refusals.iter().rev().map(|r| (r.key, r.clone())).collect();
    add_dependants(plan, &pending, &followed, &mut refused);
    for (key, refusal) in &refused {
        if let Some(change) = pending.get(key) {
            refused::add(conn, plan, change, refusal)?;
            log::forget(conn, plan, &stretches, *key)?;
        }
        pages::want(conn, plan, *key)?;
    }
    outbox::clear(conn)?;
    Ok(pages::clear(conn)?)
}

/// A refusal that takes nothing out of the changeset would be met again and again.
fn known(plan: &Plan, pending: &BTreeMap<Key, Change>, refusals: &[Refusal]) -> Result<(), AnswerError> {
    if refusals.iter().any(|r| r.key.0 >= plan.tables().end) {
        return Err(AnswerError::Refusal);
    }
    match refusals.first() {
        Some(first) if !refusals.iter().any(|r| pending.contains_key(&r.key)) => {
            Err(AnswerError::Unsent(first.sentence.clone()))
        }
        _ => Ok(()),
    }
}

/// What a foreign key did: to which record, and which parent's death it followed.
fn followed(plan: &Plan, entry: &Entry) -> Option<(Key, Key)> {
    let (field, parent) = match &entry.op {
        Op::Cascade { last, via } => match last.get(*via)? {
            Value::Blob(id) => (*via, RecordId::from_slice(id)?),
            _ => return None,
        },
        Op::Stale { field, target } => (*field, *target),
        _ => return None,
    };
    let edge = plan.schema.parents(entry.table).iter().find(|e| e.field == field)?;
    Some(((entry.table, entry.id), (edge.parent, parent)))
}

/// Where an insert is refused, whatever refers to the record could only be refused too. Where a delete is, what foreign
/// keys did after it must be undone with it.
fn add_dependants(
    plan: &Plan,
    pending: &BTreeMap<Key, Change>,
    followed: &[(Key, Key)],
    refused: &mut BTreeMap<Key, Refusal>,
) {
    let mut before = 0;
    while refused.len() > before {
        before = refused.len();
        for (key, change) in pending {
            let unknown = |parent: &Key| refused.contains_key(parent) && pending.get(parent).is_some_and(|p| p.born);
            if let Some(parent) = fold::references(&plan.schema, change).find(unknown) {
                refused.entry(*key).or_insert_with(|| dependant(plan, *key, parent));
            }
        }
        for (key, parent) in
            followed.iter().filter(|(_, parent)| refused.contains_key(parent)).copied().collect::<Vec<_>>()
        {
            refused.entry(key).or_insert_with(|| dependant(plan, key, parent));
        }
    }
}

fn dependant(plan: &Plan, key: Key, parent: Key) -> Refusal {
    let (child, of) = (plan.name(key), plan.name(parent));
    let sentence = format!(
        "{child} {} hangs on {of} {}, which was refused; mend that first, then write this again",
        key.1, parent.1
    );
    Refusal { key, field: None, code: RefusalCode::UnknownParent, sentence }
}
