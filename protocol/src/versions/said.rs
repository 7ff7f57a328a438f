//! What an old device says, in the last version's words; and what it is answered, in its own.

use super::{Kept, Version};
use crate::change::{Change, Changeset, End, Held, Key, Resolve, What, Write};
use crate::log::About;
use crate::message::Refusal;
use crate::model::FieldIx;
use crate::value::Value;

impl Version {
    /// A changeset of a device of this version.
    pub fn changeset(&self, mut changeset: Changeset) -> Changeset {
        if self.last {
            return changeset;
        }
        changeset.changes = changeset.changes.into_iter().filter_map(|change| self.change(change)).collect();
        changeset.changes.sort_by_key(Change::key);
        let recovery = &mut changeset.recovery;
        for keys in [&mut recovery.ask, &mut recovery.missing] {
            *keys = keys.iter().filter_map(|key| self.key(*key)).collect();
            keys.sort_unstable();
        }
        recovery.held = std::mem::take(&mut recovery.held).into_iter().filter_map(|held| self.held(held)).collect();
        recovery.held.sort_by_key(Held::key);
        changeset
    }

    fn change(&self, change: Change) -> Option<Change> {
        let kept = self.kept(change.table)?;
        let (mut writes, mut stale) = (change.writes, change.stale);
        // The device shows NULL where the hub has something else now: it wants to be told.
        stale.extend(writes.iter_mut().filter_map(|w| fill_write(kept, w).then_some(w.field)));
        writes.retain_mut(|w| moved(kept, &mut w.field));
        writes.sort_by_key(|w| w.field);
        let resolves = change.resolves.into_iter();
        let resolves = resolves.filter_map(|resolve| resolved(kept, resolve, &mut stale)).collect();
        stale.retain_mut(|field| moved(kept, field));
        stale.sort_unstable();
        stale.dedup();
        let change = Change { table: kept.table, writes, stale, resolves, ..change };
        let speaks = change.born || change.end != End::Alive || !change.writes.is_empty();
        (speaks || !change.resolves.is_empty() || !change.stale.is_empty()).then_some(change)
    }

    fn held(&self, held: Held) -> Option<Held> {
        let kept = self.kept(held.table)?;
        let mut values = held.values;
        values.iter_mut().for_each(|(field, value)| {
            fill(kept, *field, value);
        });
        values.retain_mut(|(field, _)| moved(kept, field));
        values.sort_by_key(|(field, _)| *field);
        Some(Held { table: kept.table, values, ..held })
    }

    /// Why a device's changes were refused, by the places of its own version.
    pub fn refusals(&self, refusals: Vec<Refusal>) -> Vec<Refusal> {
        refusals.into_iter().filter_map(|refusal| self.refusal(refusal)).collect()
    }

    fn refusal(&self, refusal: Refusal) -> Option<Refusal> {
        let key: Key = self.key_then(refusal.key)?;
        let field = refusal.field.and_then(|field| self.kept(key.0)?.field_then(field));
        Some(Refusal { key, field, ..refusal })
    }
}

fn moved(kept: &Kept, field: &mut FieldIx) -> bool {
    let now = kept.field(*field);
    *field = now.unwrap_or(*field);
    now.is_some()
}

/// Puts what must be there where the device has nothing. Whether it did.
fn fill(kept: &Kept, field: FieldIx, value: &mut Value) -> bool {
    let Some(filled) = kept.filled(field).filter(|_| value.is_null()) else { return false };
    *value = filled;
    true
}

fn fill_write(kept: &Kept, write: &mut Write) -> bool {
    match &mut write.what {
        What::Set(value) => fill(kept, write.field, value),
        What::Add(_) => false,
    }
}

/// A decision, unless all that it was about is gone. `stale`: what the device shows otherwise for it.
fn resolved(kept: &Kept, resolve: Resolve, stale: &mut Vec<FieldIx>) -> Option<Resolve> {
    let about = match resolve.about {
        About::Unique(field) => About::Unique(kept.field(field)?),
        other => other,
    };
    let mut chosen = resolve.chosen;
    stale.extend(chosen.iter_mut().filter_map(|(field, value)| fill(kept, *field, value).then_some(*field)));
    let said = !chosen.is_empty();
    chosen.retain_mut(|(field, _)| moved(kept, field));
    chosen.sort_by_key(|(field, _)| *field);
    (!said || !chosen.is_empty()).then_some(Resolve { about, chosen, ..resolve })
}
