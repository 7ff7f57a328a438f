//! A chain too long, and who is to blame for it.

use crate::hub::{Hub, PART, Say, at, change, sent};
use windrow_protocol::change::Change;
use windrow_protocol::id::RecordId;
use windrow_protocol::value::Value;

fn id(n: u32) -> RecordId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    RecordId(id)
}

/// A new part within the one before it.
fn chained(n: u32) -> Change {
    let before = n.checked_sub(1).map_or(Value::Null, |m| Value::Blob(id(m).0.to_vec()));
    change((PART, id(n)), 0, at(0)).born().set(0, before)
}

/// The refusal named a record deep in the chain, of which the device had sent nothing that could be taken out: it sent
/// the same delete again and again, and no other work of its ever arrived.
#[test]
fn the_refusal_names_the_change_that_asked_for_it() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, (0..600).map(|n| chained(n)).collect()));
    let (root, leaf) = (change((PART, id(0)), 1, at(1)).deleted(), change((PART, id(599)), 1, at(1)).deleted());
    let refusals = hub.try_commit(sent(1, 1, vec![root, leaf])).unwrap_err();
    assert_eq!(refusals.iter().map(|r| r.key).collect::<Vec<_>>(), [(PART, id(0))]);
    hub.commit(sent(1, 1, vec![change((PART, id(599)), 1, at(1)).deleted()]));
}
