//! Where a long log is cut, so that neither side must hold all of it at once.
//!
//! A changeset then speaks for a beginning of what is pending. Any will do that a session could have met which began earlier:
//! the rest is as if it had been written while that ran. No session meets a foreign key half-way, though: what it took without
//! the delete that made it act, or a reference to what the same transaction inserts later. Where transactions end the log does
//! not say; it is cut where for some time nothing was written, if it can be.

use crate::lock::lock;
use crate::store::error::StoreError;
use crate::store::log;
use crate::store::origins::Stretch;
use crate::store::plan::Plan;
use rusqlite::Connection;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use windrow_protocol::change::Key;
use windrow_protocol::clock::Hlc;
use windrow_protocol::fold::parent_named;
use windrow_protocol::log::{Entry, Op};
use windrow_protocol::model::FieldIx;
use windrow_protocol::value::Value;

/// What a changeset may weigh that is folded at once, in bytes of values and [`HEAD`]s: some 17,000 records of a survey, which
/// take 40 MiB of memory while they are folded.
pub(crate) const MOST: usize = 4 << 20;
/// What an entry weighs beside its values.
const HEAD: usize = 64;
/// Programs delete a row and insert it anew: that is one write, if no more entries are between.
const REPLACED: usize = 16;

/// Pending entries, and where they end; none where they are all.
pub(super) type Slice = (Vec<Entry>, Option<Hlc>);

/// How a session takes what is pending: all at once, or slice by slice.
#[derive(Debug)]
pub(super) struct Slicing {
    /// What a slice may weigh.
    most: usize,
    /// Where the log is to be cut next, as far as that was found.
    cuts: Mutex<VecDeque<Hlc>>,
}

impl Slicing {
    pub(super) fn new(most: usize) -> Slicing {
        Slicing { most, cuts: Mutex::default() }
    }

    /// The next slice.
    pub(super) fn next(&self, conn: &Connection, plan: &Plan, stretches: &[Stretch]) -> Result<Slice, StoreError> {
        let mut cuts = lock(&self.cuts);
        if cuts.is_empty() {
            let mut reading = Reading { most: self.most, beginning: Vec::new(), weight: 0, log: None };
            log::visit(conn, plan, stretches, |entry| reading.add(plan, entry))?;
            let Some(log) = reading.log else { return Ok((reading.beginning, None)) };
            *cuts = log.cuts(self.most).into();
            if let Some(slice) = cuts.front().and_then(|cut| upto_of(reading.beginning, *cut)) {
                return Ok(slice);
            }
        }
        let (had, slice) = first(conn, plan, stretches, &cuts)?;
        // The hub has all of those.
        cuts.drain(..had);
        Ok(slice)
    }

    /// Whether the log is cut, so that something may be behind the slice under way.
    pub(super) fn is_cut(&self) -> bool {
        !lock(&self.cuts).is_empty()
    }

    /// The slice behind the one under way, where `stretches` says that the hub has that.
    pub(super) fn behind(&self, conn: &Connection, plan: &Plan, stretches: &[Stretch]) -> Result<Slice, StoreError> {
        Ok(first(conn, plan, stretches, &lock(&self.cuts))?.1)
    }
}

/// The first slice of which something is pending, and how many cuts come before it.
fn first(
    conn: &Connection,
    plan: &Plan,
    stretches: &[Stretch],
    cuts: &VecDeque<Hlc>,
) -> Result<(usize, Slice), StoreError> {
    for (before, cut) in cuts.iter().enumerate() {
        let slice = log::pending(conn, plan, &upto(stretches, *cut))?;
        if !slice.is_empty() {
            return Ok((before, (slice, Some(*cut))));
        }
    }
    Ok((cuts.len(), (log::pending(conn, plan, stretches)?, None)))
}

/// The stretches of the log up to this stamp.
pub(super) fn upto(stretches: &[Stretch], cut: Hlc) -> Vec<Stretch> {
    stretches.iter().map(|s| Stretch { last: s.last.min(cut), ..*s }).collect()
}

/// What is pending, read once: all of it, or its beginning and where it may be cut.
struct Reading {
    most: usize,
    beginning: Vec<Entry>,
    weight: usize,
    /// Of all that was read, once that weighs too much.
    log: Option<Log>,
}

impl Reading {
    fn add(&mut self, plan: &Plan, entry: Entry) {
        if let Some(log) = &mut self.log {
            return log.add(plan, &entry);
        }
        self.weight += weigh(&entry);
        self.beginning.push(entry);
        if self.weight > self.most {
            let log = self.log.insert(Log::default());
            self.beginning.iter().for_each(|entry| log.add(plan, entry));
        }
    }
}

/// The entries up to this stamp; none where others may follow that are not among them.
fn upto_of(mut beginning: Vec<Entry>, cut: Hlc) -> Option<Slice> {
    let end = beginning.partition_point(|entry| entry.hlc <= cut);
    let whole = end < beginning.len();
    beginning.truncate(end);
    whole.then_some((beginning, Some(cut)))
}

fn weigh(entry: &Entry) -> usize {
    let values: usize = match &entry.op {
        Op::Insert(values) | Op::Delete(values) | Op::Cascade { last: values, .. } => {
            values.iter().map(Value::weight).sum()
        }
        Op::Update(fields) | Op::Resolve(_, fields) => fields.iter().map(|(_, value)| value.weight()).sum(),
        Op::Stale { .. } => 0,
    };
    HEAD + values
}

/// A log, as far as it matters where it is cut. Its stamps are counted from 1; a cut at a place is behind as many of them.
#[derive(Debug, Default)]
struct Log {
    /// The stamps, and what their entries weigh with all before them.
    stamps: Vec<(Hlc, usize)>,
    /// Where it can't be cut: from one place to another.
    whole: Vec<(usize, usize)>,
    /// Records that something refers to which was logged before their insert, and since when.
    named: HashMap<Key, usize>,
    /// Records whose death made a foreign key act, and since when: that is logged first.
    dying: HashMap<Key, usize>,
    /// The records that were deleted last, and when.
    deleted: VecDeque<(Key, usize)>,
}

impl Log {
    fn add(&mut self, plan: &Plan, entry: &Entry) {
        let key = (entry.table, entry.id);
        let weight = self.weight(self.stamps.len()) + weigh(entry);
        // Several references that one statement emptied have one stamp.
        match self.stamps.last_mut().filter(|(hlc, _)| *hlc == entry.hlc) {
            Some(last) => last.1 = weight,
            None => self.stamps.push((entry.hlc, weight)),
        }
        let at = self.stamps.len();
        while self.deleted.front().is_some_and(|(_, since)| at - since > REPLACED) {
            self.deleted.pop_front();
        }
        let parent = |field: FieldIx, value: &Value| parent_named(&plan.schema, key, field, Some(value));
        match &entry.op {
            Op::Insert(values) => {
                let replaced = self.deleted.iter().find(|(deleted, _)| *deleted == key).map(|(_, since)| *since);
                let named = self.named.remove(&key);
                self.keep_whole(replaced, at);
                self.keep_whole(named, at);
                let parents = values.iter().enumerate().filter_map(|(field, value)| parent(field, value));
                self.names(parents, at);
            }
            Op::Update(values) | Op::Resolve(_, values) => {
                self.names(values.iter().filter_map(|(field, value)| parent(*field, value)), at);
            }
            Op::Delete(_) => self.dies(key, at),
            Op::Cascade { last, via } => {
                self.dies(key, at);
                self.follows(last.get(*via).and_then(|value| parent(*via, value)), at);
            }
            Op::Stale { field, target } => {
                let edge = plan.schema.parents(key.0).iter().find(|edge| edge.field == *field);
                self.follows(edge.map(|edge| (edge.parent, *target)), at);
            }
        }
    }

    fn keep_whole(&mut self, since: Option<usize>, at: usize) {
        self.whole.extend(since.filter(|since| *since < at).map(|since| (since, at - 1)));
    }

    fn names(&mut self, parents: impl Iterator<Item = Key>, at: usize) {
        parents.for_each(|parent| {
            self.named.entry(parent).or_insert(at);
        });
    }

    fn dies(&mut self, key: Key, at: usize) {
        // What referred to it knew this life of it.
        self.named.remove(&key);
        self.deleted.push_back((key, at));
        let followed = self.dying.remove(&key);
        self.keep_whole(followed, at);
    }

    fn follows(&mut self, parent: Option<Key>, at: usize) {
        parent.into_iter().for_each(|parent| {
            self.dying.entry(parent).or_insert(at);
        });
    }

    /// What all weighs that is before this place.
    fn weight(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |last| self.stamps[last].1)
    }

    fn cuts(mut self, most: usize) -> Vec<Hlc> {
        self.whole = joined(std::mem::take(&mut self.whole));
        let (end, mut from, mut cuts) = (self.stamps.len(), 0, Vec::new());
        while self.weight(end) - self.weight(from) > most {
            let bound = self.weight(from) + most;
            let fits = self.stamps.partition_point(|(_, weight)| *weight <= bound).max(from + 1);
            let Some(cut) = self.best(from, fits).filter(|cut| *cut < end) else { break };
            cuts.push(self.stamps[cut - 1].0);
            from = cut;
        }
        cuts
    }

    /// Where to cut, behind `from` and not behind `fits`: of the last eighth where it was quiet for longest; or as late as can be;
    /// or, where it can't be cut so early, behind `fits`.
    fn best(&self, from: usize, fits: usize) -> Option<usize> {
        let late = fits - (fits - from) / 8;
        let quiet = (late.max(from + 1)..=fits).filter(|place| self.hold(*place).is_none());
        quiet.max_by_key(|place| self.pause(*place)).or_else(|| match self.hold(fits) {
            Some((since, _)) if since > from + 1 => Some(since - 1),
            Some((_, until)) => Some(until + 1),
            None => Some(fits),
        })
    }

    /// What keeps the log whole at this place.
    fn hold(&self, place: usize) -> Option<(usize, usize)> {
        let before = self.whole.partition_point(|(since, _)| *since <= place);
        let (since, until) = *self.whole.get(before.checked_sub(1)?)?;
        (place <= until).then_some((since, until))
    }

    /// For how long nothing was written there, in milliseconds.
    fn pause(&self, place: usize) -> i64 {
        match self.stamps.get(place - 1..=place) {
            Some([(before, _), (after, _)]) => after.millis().saturating_sub(before.millis()),
            _ => 0,
        }
    }
}

/// Those that overlap, or touch, as one.
fn joined(mut ranges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    ranges.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (since, until) in ranges {
        match joined.last_mut().filter(|last| since <= last.1 + 1) {
            Some(last) => last.1 = last.1.max(until),
            None => joined.push((since, until)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of entries of weight 10, each at one of these milliseconds, whole between these places.
    fn cuts(millis: impl IntoIterator<Item = u64>, whole: &[(usize, usize)], most: usize) -> Vec<usize> {
        let stamp = |(n, ms): (usize, u64)| (Hlc::from_bits(ms << 15 | n as u64).unwrap_or(Hlc::ZERO), 10 * (n + 1));
        let stamps: Vec<_> = millis.into_iter().enumerate().map(stamp).collect();
        let log = Log { stamps: stamps.clone(), whole: whole.to_vec(), ..Log::default() };
        let place = |cut: Hlc| stamps.iter().position(|(hlc, _)| *hlc == cut).map_or(0, |at| at + 1);
        log.cuts(most).into_iter().map(place).collect()
    }

    #[test]
    fn it_is_cut_where_it_was_quiet() {
        assert_eq!(cuts((0..200).map(|n| n + if n < 95 { 0 } else { 50 }), &[], 1_000), [95, 195]);
        assert_eq!(cuts((0..200).map(|n| n + if n < 50 { 0 } else { 50 }), &[], 1_000), [100], "not half-way for that");
        assert_eq!(cuts([0; 100], &[], 1_000).len(), 0, "it is not too heavy");
        assert_eq!(cuts([0; 3], &[], 1), [1, 2], "an entry is never less than a slice");
    }

    #[test]
    fn it_is_never_cut_where_it_is_whole() {
        assert_eq!(cuts([0; 200], &[(80, 120)], 1_000), [79, 179], "before it");
        assert_eq!(cuts([0; 200], &[(60, 80), (70, 110), (111, 120)], 1_000), [59, 159], "they overlap, or touch");
        assert_eq!(cuts([0; 200], &[(1, 150)], 1_000), [151], "behind it, where it is too heavy");
        assert_eq!(cuts([0; 200], &[(1, 199)], 1_000).len(), 0, "nowhere");
        assert_eq!(cuts([0; 200], &[(95, 98)], 1_000), [100]);
    }
}
