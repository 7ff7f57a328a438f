//! What a device sends: net changes, and of which past they speak.

use crate::clock::{DeviceId, Hlc, Origin, Point, Seq, Span};
use crate::id::RecordId;
use crate::log::About;
use crate::model::{FieldIx, TableIx};
use crate::value::Value;
use std::collections::HashSet;

/// A record's name within a domain.
pub type Key = (TableIx, RecordId);

/// The net effect of a device's pending log on one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Of which table.
    pub table: TableIx,
    /// Of which record.
    pub id: RecordId,
    /// What was decided about its conflicts, before the writes.
    pub resolves: Vec<Resolve>,
    /// What was written, in order of fields, each at most once.
    pub writes: Vec<Write>,
    /// The stamp of the last entry folded in.
    pub hlc: Hlc,
    /// The oldest base of those entries.
    pub base: Seq,
    /// Whether it begins with an insert: a record that the device did not get from the hub.
    pub born: bool,
    /// How it ends.
    pub end: End,
    /// Whether the record was deleted and inserted again: extremes start anew unless somebody else wrote meanwhile.
    pub again: bool,
    /// Fields that the device wants to be told again, in order: references that a local `set_null` emptied, say.
    pub stale: Vec<FieldIx>,
}

impl Change {
    /// The record's name.
    pub fn key(&self) -> Key {
        (self.table, self.id)
    }

    /// About how many bytes it takes before compression.
    pub fn weight(&self) -> usize {
        let written = |write: &Write| match &write.what {
            What::Set(value) => value.weight(),
            What::Add(_) => 8,
        };
        16 + self.writes.iter().map(written).sum::<usize>()
    }
}

/// One field's part of a net change.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which field.
    pub field: FieldIx,
    /// What was written.
    pub what: What,
    /// When it was last written.
    pub hlc: Hlc,
    /// The oldest base of the run of writes: what came since was hidden behind the pending value.
    pub base: Seq,
}

/// What was written to a field.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A value.
    Set(Value),
    /// The sum of the differences (`sum`). Wider than the field, because differences may add up to more than it holds.
    Add(i128),
}

/// A decision about a conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolve {
    /// What the conflict was about.
    pub about: About,
    /// The chosen values, in order of fields; none about a delete or a unique value.
    pub chosen: Vec<(FieldIx, Value)>,
    /// When it was decided.
    pub hlc: Hlc,
    /// What the reviewer had seen: candidates up to here are settled, later ones stay.
    pub base: Seq,
}

/// How a net change leaves its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Alive.
    Alive,
    /// Deleted because somebody asked for it.
    Delete,
    /// Gone with a parent that was deleted here. The hub derives that again.
    Cascade,
}

/// All that a session sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Changeset {
    /// The device, for people, permissions and the bound on wrong clocks.
    pub device: DeviceId,
    /// The file's origin at the time of folding: the author in stamps.
    pub author: Origin,
    /// Up to where the device has applied everything.
    pub checkpoint: Point,
    /// Commits of this file above the lowest of its checkpoint and its pending bases, ascending by seq.
    pub own: Vec<Point>,
    /// The entries that it speaks for, ascending by `upto`; one for each origin.
    pub spans: Vec<Span>,
    /// The device's last stamp.
    pub upto: Hlc,
    /// The net changes, by table, then by id.
    pub changes: Vec<Change>,
    /// What is said besides where device and hub were found to remember different pasts; else nothing.
    pub recovery: Recovery,
}

/// What a device says besides its changes while it and the hub find their common past again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recovery {
    /// Its checkpoints, earlier ones too, where the hub asked for them ([`Answer::Astray`](crate::message::Answer)).
    pub past: Option<Vec<Point>>,
    /// Records of which the hub is to say whether it knows them, ascending; no one twice.
    pub ask: Vec<Key>,
    /// Those of them that it did not know when it was last asked: offered whole. Ascending.
    pub missing: Vec<Key>,
    /// How the device shows missing records, or last showed them. Ascending.
    pub held: Vec<Held>,
}

/// A record that the hub does not know, as a device has it. Its values are weak: any write beats them.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Of which table.
    pub table: TableIx,
    /// Of which record.
    pub id: RecordId,
    /// Its values, in order of fields. Without those of `sum` fields: whose differences they add up is not known.
    pub values: Vec<(FieldIx, Value)>,
}

impl Held {
    /// The record's name.
    pub fn key(&self) -> Key {
        (self.table, self.id)
    }
}

impl Recovery {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Recovery::default()
    }

    /// Whether what is missing was asked for, and what is held is missing.
    fn is_in_order(&self) -> bool {
        let ascends = |keys: &mut dyn Iterator<Item = Key>| keys.is_sorted_by(|a, b| a < b);
        ascends(&mut self.ask.iter().copied())
            && ascends(&mut self.missing.iter().copied())
            && ascends(&mut self.held.iter().map(Held::key))
            && self.missing.iter().all(|key| self.ask.binary_search(key).is_ok())
            && self.held.iter().all(|held| self.missing.binary_search(&held.key()).is_ok())
    }
}

impl Changeset {
    /// Whether its stamps and bases can be true: nothing is stamped after the last stamp, nothing was written on a base that
    /// the device has not reached, and no part of a change is later than the whole. Device and origins are no hub's, and
    /// the spans guard every change from counting twice.
    pub fn is_in_order(&self) -> bool {
        self.device != DeviceId::ZERO
            && self.author != Origin::HUB
            && self.spans_guard()
            && self.stamps_fit()
            && self.recovery.is_in_order()
    }

    /// Whether each origin has one span, none goes back, and there is one where there are changes.
    fn spans_guard(&self) -> bool {
        let origins: HashSet<Origin> = self.spans.iter().map(|s| s.origin).collect();
        // A span of no entries only says where the cover ends. Another copy of the file may have led it beyond all that
        // this one ever wrote.
        let written = |s: &Span| s.after == s.upto || s.upto <= self.upto;
        let forward = |s: &Span| s.origin != Origin::HUB && s.after <= s.upto && written(s);
        // What is offered whole is guarded by being missing.
        let offered = |c: &Change| self.recovery.missing.binary_search(&c.key()).is_ok();
        let spoken_for = self.changes.iter().all(offered) || self.spans.iter().any(|s| s.after < s.upto);
        origins.len() == self.spans.len() && self.spans.iter().all(forward) && spoken_for
    }

    fn stamps_fit(&self) -> bool {
        self.changes.iter().all(|c| {
            let parts = c.writes.iter().map(|w| (w.hlc, w.base)).chain(c.resolves.iter().map(|r| (r.hlc, r.base)));
            let fits = |(hlc, base): (Hlc, Seq)| hlc <= c.hlc && base <= self.checkpoint.seq;
            c.hlc <= self.upto && c.base <= self.checkpoint.seq && parts.into_iter().all(fits)
        })
    }
}
