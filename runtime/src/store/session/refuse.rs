//! What the hub refused leaves the log, and what depends on it; all of it is kept for people to see.

use super::{outbox, pages, recover};
use crate::store::error::{AnswerError, StoreError};
use crate::store::plan::Plan;
use crate::store::{log, origins, recovery, refused};
use rusqlite::Connection;
use std::collections::BTreeMap;
use windrow_protocol::change::{Change, End, Held, Key, What, Write};
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::fault;
use windrow_protocol::fold;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::{Entry, Op};
use windrow_protocol::message::{Refusal, RefusalCode};
use windrow_protocol::value::Value;

/// Moves refused changes and their dependants to `windrow_refused`. The changeset is forgotten, and so are pages: the
/// next pull asks for the records concerned, which those pages did not carry.
pub(super) fn refuse(conn: &Connection, plan: &Plan, refusals: &[Refusal]) -> Result<(), StoreError> {
    let stretches = origins::stretches(conn)?;
    let sent = Sent::read(conn, plan, log::pending(conn, plan, &stretches)?)?;
    sent.has_any(plan, refusals)?;
    let mut refused: BTreeMap<Key, Refusal> = refusals.iter().rev().map(|r| (r.key, r.clone())).collect();
    sent.add_dependants(plan, &mut refused);
    for (key, refusal) in &refused {
        if let Some(change) = sent.pending.get(key).or_else(|| sent.offered.get(key)) {
            fault!(RefusedForgotten: (), refused::add(conn, plan, change, refusal)?);
        }
        log::forget(conn, plan, &stretches, *key)?;
        recovery::refuse_offer(conn, plan, *key)?;
        fault!(RefusedNotRefetched: (), pages::want(conn, plan, *key)?);
    }
    outbox::clear(conn)?;
    Ok(pages::clear(conn)?)
}

/// What the refused changeset said.
struct Sent {
    pending: BTreeMap<Key, Change>,
    /// Records that were offered whole, as inserts.
    offered: BTreeMap<Key, Change>,
    /// What foreign keys did: to which record, and which parent's death it followed.
    followed: Vec<(Key, Key)>,
}

impl Sent {
    fn read(conn: &Connection, plan: &Plan, entries: Vec<Entry>) -> Result<Sent, StoreError> {
        let followed = entries.iter().filter_map(|e| followed(plan, e)).collect();
        let missing = recovery::missing(conn, plan)?;
        // What another copy has sent tells which of these inserts begin a record, as it did in the changeset.
        let parts = recover::parts(conn, plan, entries)?;
        let net = fold::recovering(&plan.schema, parts.iter().cloned(), true);
        let offered = recover::offers(conn, plan, &missing, &net)?.into_iter().map(|held| (held.key(), insert(held)));
        Ok(Sent { pending: fold::pending(&plan.schema, parts), offered: offered.collect(), followed })
    }

    /// A refusal that takes nothing out of the changeset would be met again and again.
    fn has_any(&self, plan: &Plan, refusals: &[Refusal]) -> Result<(), AnswerError> {
        if refusals.iter().any(|r| r.key.0 >= plan.tables().end) {
            return Err(AnswerError::Refusal);
        }
        let sent = |r: &Refusal| self.pending.contains_key(&r.key) || self.offered.contains_key(&r.key);
        match refusals.first() {
            Some(first) if !refusals.iter().any(sent) => Err(AnswerError::Unsent(first.sentence.clone())),
            _ => Ok(()),
        }
    }

    /// Where an insert or an offer is refused, whatever refers to the record could only be refused too. Where a delete is,
    /// what foreign keys did after it must be undone with it.
    fn add_dependants(&self, plan: &Plan, refused: &mut BTreeMap<Key, Refusal>) {
        let comes = |key: &Key| self.offered.contains_key(key) || self.pending.get(key).is_some_and(|c| c.born);
        let mut before = 0;
        while refused.len() > before {
            before = refused.len();
            for (key, change) in self.pending.iter().chain(&self.offered) {
                let unknown = |parent: &Key| refused.contains_key(parent) && comes(parent);
                if let Some(parent) = fold::references(&plan.schema, change).find(unknown) {
                    refused.entry(*key).or_insert_with(|| dependant(plan, *key, parent));
                }
            }
            for (key, parent) in &self.followed {
                if refused.contains_key(parent) {
                    refused.entry(*key).or_insert_with(|| dependant(plan, *key, *parent));
                }
            }
        }
    }
}

/// A record that was offered, as the insert that it would have been.
fn insert(held: Held) -> Change {
    let write = |(field, value)| Write { field, what: What::Set(value), hlc: Hlc::ZERO, base: Seq::ZERO };
    Change {
        table: held.table,
        id: held.id,
        resolves: Vec::new(),
        writes: held.values.into_iter().map(write).collect(),
        hlc: Hlc::ZERO,
        base: Seq::ZERO,
        born: true,
        end: End::Alive,
        again: false,
        stale: Vec::new(),
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

fn dependant(plan: &Plan, key: Key, parent: Key) -> Refusal {
    let (child, of) = (plan.name(key), plan.name(parent));
    let sentence = format!(
        "{child} {} hangs on {of} {}, which was refused; mend that first, then write this again",
        key.1, parent.1
    );
    Refusal { key, field: None, code: RefusalCode::UnknownParent, sentence }
}
