//! What a device sends.

use super::device::Device;
use super::fold::{Change, End};
use super::message::Session;
use super::schema::{Schema, Strategy};
use super::{Hlc, Key, Origin, Row};
use std::collections::{BTreeMap, BTreeSet};

impl Device {
    /// Whether there is anything to prepare, or a pull is all. `astray`: the hub has just answered so.
    pub fn speaks(&self, astray: bool) -> bool {
        let waits = self.session.is_some() || !self.dropped.is_empty();
        waits || self.recover || astray || self.pending().next().is_some()
    }

    /// What would be sent now, under this id. Nothing is stored. `past`: the hub asked for earlier checkpoints.
    pub fn stage(&self, id: u64, past: bool) -> Session {
        let mut net = self.fold();
        // A hub that lost its past is told of every life, or whoever still shows the record brings it back.
        let unborn = if self.recover { BTreeSet::new() } else { unborn(&self.schema, &net) };
        net.retain(|key, _| !unborn.contains(key));
        let dead = net.values().filter(|c| c.end != End::Alive).map(|c| c.key).collect();
        net.values_mut().for_each(|c| c.own_up(&dead));
        Session {
            id,
            author: self.author(),
            checkpoint: self.checkpoint,
            past: past.then(|| self.past.clone()),
            own: self.own.clone(),
            spans: self.spans(),
            ask: self.asked(),
            missing: self.missing.clone(),
            weak: self.offers(&net),
            changes: net.into_values().collect(),
            upto: self.hlc,
        }
    }

    /// Of each origin that is pending, the entries that it speaks for; of those for which no checkpoint vouches, where the
    /// cover should end. In a recovery of all that the log has.
    fn spans(&self) -> BTreeMap<Origin, (Hlc, Hlc)> {
        let logged = self.log.iter().filter(|_| self.recover).map(|e| self.origin_at(e.hlc));
        let doubtful = self.unsure.iter().copied().chain(logged);
        let mut spans: BTreeMap<_, _> = doubtful.map(|o| (o, (self.known(o), self.known(o)))).collect();
        for e in self.pending() {
            let origin = self.origin_at(e.hlc);
            let known = self.known(origin);
            let span = spans.entry(origin).or_insert((known, known));
            span.1 = span.1.max(e.hlc);
        }
        spans
    }

    /// The records of which the hub is to say whether it knows them: those that another file should have sent, and in a
    /// recovery all that are shown or logged.
    fn asked(&self) -> BTreeSet<Key> {
        let mut asked = self.missing.clone();
        asked.extend(self.dropped.iter().map(|e| e.key));
        if self.recover {
            asked.extend(self.log.iter().map(|e| e.key));
            asked.extend(self.rows.iter().flat_map(|(table, rows)| rows.keys().map(|id| (*table, *id))));
        }
        asked
    }

    /// Records that the hub does not know: as they are shown, or as they were when they went. Sums come by the log alone.
    pub(super) fn offers(&self, net: &BTreeMap<Key, Change>) -> BTreeMap<Key, Row> {
        let held = |key: &Key| {
            let last = || net.get(key).and_then(|c| c.last.as_ref());
            self.rows[key.0].get(&key.1).or_else(last)
        };
        let offered = self.missing.iter().filter(|key| !self.withheld.contains(*key));
        offered.filter_map(|key| Some((*key, self.without_sums(*key, held(key)?)))).collect()
    }

    fn without_sums(&self, key: Key, row: &Row) -> Row {
        let is_sum = |f: &str| self.schema.strategy(key.0, f) == Strategy::Sum;
        row.iter().filter(|(f, _)| !is_sum(f)).map(|(f, v)| (*f, *v)).collect()
    }
}

/// Born and died offline: never sent, unless something that is sent needs it.
fn unborn(schema: &Schema, net: &BTreeMap<Key, Change>) -> BTreeSet<Key> {
    let mut unborn: BTreeSet<Key> = net.values().filter(|c| c.born && c.end != End::Alive).map(|c| c.key).collect();
    loop {
        let needed = needed(schema, net.values().filter(|c| !unborn.contains(&c.key)));
        let keep = |key: &&Key| {
            let with_unborn = |end| !matches!(end, End::Cascade(parent) if !unborn.contains(&parent));
            !needed.contains(*key) && with_unborn(net[*key].end)
        };
        let left: BTreeSet<Key> = unborn.iter().filter(keep).copied().collect();
        if left == unborn {
            return unborn;
        }
        unborn = left;
    }
}

/// The records that these changes refer to.
fn needed<'a>(schema: &Schema, changes: impl Iterator<Item = &'a Change>) -> BTreeSet<Key> {
    let mut needed = BTreeSet::new();
    for c in changes {
        for e in schema.parents(c.key.0) {
            let target = c.fields.get(e.field).and_then(|w| w.value.target());
            needed.extend(target.map(|id| (e.parent, id)));
        }
    }
    needed
}
