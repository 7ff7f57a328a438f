//! What the hub refused leaves the log, and what depends on it; all of it is kept for people to see.

use super::{outbox, pages};
use crate::store::error::StoreError;
use crate::store::plan::Plan;
use crate::store::{log, origins, refused};
use rusqlite::Connection;
use std::collections::BTreeMap;
use windrow_protocol::change::{Change, Key};
use windrow_protocol::fold;
use windrow_protocol::message::{Refusal, RefusalCode};

/// Moves refused changes and their dependants to `windrow_refused`. The changeset is forgotten, and so are pages: the
/// next pull asks for the records concerned, which those pages did not carry.
pub(super) fn refuse(conn: &Connection, plan: &Plan, refusals: &[Refusal]) -> Result<(), StoreError> {
    let stretches = origins::stretches(conn)?;
    let pending = fold::pending(&plan.schema, log::pending(conn, plan, &stretches)?);
    let mut refused: BTreeMap<Key, Refusal> = refusals.iter().rev().map(|r| (r.key, r.clone())).collect();
    add_dependants(plan, &pending, &mut refused);
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

/// A record that refers to a refused insert could only be refused too.
fn add_dependants(plan: &Plan, pending: &BTreeMap<Key, Change>, refused: &mut BTreeMap<Key, Refusal>) {
    let mut before = 0;
    while refused.len() > before {
        before = refused.len();
        for (key, change) in pending {
            let unknown = |parent: &Key| refused.contains_key(parent) && pending.get(parent).is_some_and(|p| p.born);
            if !refused.contains_key(key)
                && let Some(parent) = fold::references(&plan.schema, change).find(unknown)
            {
                refused.insert(*key, dependant(plan, *key, parent));
            }
        }
    }
}

fn dependant(plan: &Plan, key: Key, parent: Key) -> Refusal {
    let sentence = format!(
        "{} {} refers to {} {}, which was refused; mend that first, then write this again",
        plan.name(key),
        key.1,
        plan.name(parent),
        parent.1
    );
    Refusal { key, field: None, code: RefusalCode::UnknownParent, sentence }
}
