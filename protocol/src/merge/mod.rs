//! Merging: how a commit changes what the hub keeps. Pure functions over loaded record states.
//!
//! A store drives them: it calls [`Merge::judge`] or [`Merge::step`], loads what they want into a [`World`], and calls again
//! until they are done; then it saves the [`Merged`] in the same transaction.
//!
//! In order: `rules` (is each change allowed at all), `hold` (records that the hub had lost), `upsert` (what each record
//! becomes by itself), `settle`
//! (references made whole again), then what the author must be told, then clashes of unique values.

mod clash;
mod extreme;
mod history;
mod hold;
mod order;
mod restamp;
mod rules;
mod settle;
mod tangle;
mod upsert;
mod world;

pub use history::{Detail, History, Notice, Outcome as Fate, Written};
pub use rules::MOST_REFUSALS;
pub use world::{Step, Wants, World};

use crate::change::{Change, Changeset, End, Key, Recovery, Resolve};
use crate::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span, Stamp};
use crate::message::Refusal;
use crate::model::{Edge, FieldIx, Schema};
use crate::record::Record;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use upsert::Fates;
use world::View;

/// When a commit happens, as its hub sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The hub's wall clock, milliseconds since 1970.
    pub now_ms: i64,
    /// The hub's own HLC.
    pub hub: Hlc,
    /// The highest stamp that any session brought, as merged.
    pub highest: Hlc,
    /// The seq of the last commit.
    pub head: Seq,
    /// 64 random bits, drawn for this commit.
    pub mark: Mark,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing is applied: these changes can't be accepted.
    Refused(Vec<Refusal>),
    /// To be saved, all of it or nothing.
    Merged(Merged),
}

/// What a store saves of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Its place in the hub's history; none where it said nothing.
    pub at: Option<Point>,
    /// Every record that changed, by table, then by id.
    pub records: Vec<(Key, Record)>,
    /// What each incoming change came to, and what followed from it.
    pub history: Vec<History>,
    /// The hub's own HLC afterwards.
    pub hub: Hlc,
    /// The last stamp of the changeset, as merged.
    pub upto: Hlc,
    /// The highest stamp that any session brought, as merged.
    pub highest: Hlc,
    /// Covers: each origin's is now its span's `upto`.
    pub spans: Vec<Span>,
}

/// A commit under way.
#[derive(Debug)]
pub struct Merge<'s> {
    schema: &'s Schema,
    changeset: Changeset,
    moment: Moment,
    /// The hub's own clock after it.
    hub: Hlc,
    /// Whether stamps were brought back.
    restamped: bool,
    begun: Option<Begun>,
}

impl<'s> Merge<'s> {
    /// A commit of what a device sent.
    pub fn new(schema: &'s Schema, mut changeset: Changeset, moment: Moment) -> Merge<'s> {
        let (hub, restamped) = restamp::apply(&mut changeset, &moment);
        Merge { schema, changeset, moment, hub, restamped, begun: None }
    }

    /// The changeset of a commit that was judged, for one that is to be made; none where its stamps are not as they came.
    pub fn into_changeset(self) -> Option<Changeset> {
        (!self.restamped).then_some(self.changeset)
    }

    /// A decision made at the hub itself, about one record's conflict.
    pub fn resolve(schema: &'s Schema, key: Key, mut resolve: Resolve, delete: bool, moment: Moment) -> Merge<'s> {
        // Above all that the reviewer can have seen. The hub's clock itself stays behind: stamps may be five minutes ahead of it,
        // and would be ten if it followed them.
        let hub = moment.hub.tick(moment.now_ms);
        let hlc = hub.max(moment.highest.next());
        resolve.hlc = hlc;
        let base = resolve.base;
        let change = Change {
            table: key.0,
            id: key.1,
            resolves: vec![resolve],
            writes: Vec::new(),
            hlc,
            base,
            born: false,
            end: if delete { End::Delete } else { End::Alive },
            again: false,
            stale: Vec::new(),
        };
        let changeset = Changeset {
            device: DeviceId::ZERO,
            author: Origin::HUB,
            checkpoint: Point { seq: base, mark: moment.mark },
            own: Vec::new(),
            spans: Vec::new(),
            upto: hlc,
            changes: vec![change],
            recovery: Recovery::default(),
        };
        Merge { schema, changeset, moment, hub, restamped: false, begun: None }
    }

    /// What PREPARE asks, with what is loaded: which changes can't be accepted. Nothing is kept of the answer. To be called
    /// again after each [`Step::Load`].
    pub fn judge(&self, world: &World) -> Step<Vec<Refusal>> {
        let refusals = match self.refusals(world) {
            Ok(refusals) => refusals,
            Err(wants) => return Step::Load(wants),
        };
        if refusals.is_empty() && upsert::may_overflow(self.schema, &self.changeset, world) {
            return Step::Done(self.begin(refusals, world).refusals);
        }
        Step::Done(refusals)
    }

    /// Goes on with what is loaded. To be called again after each [`Step::Load`].
    pub fn step(&mut self, world: &World) -> Step<Outcome> {
        if self.says_nothing() {
            return Step::Done(Outcome::Merged(self.nothing()));
        }
        let mut begun = match self.begun.take() {
            Some(begun) => begun,
            None => match self.refusals(world).map(|refusals| self.begin(refusals, world)) {
                Ok(begun) if begun.refusals.is_empty() => begun,
                Ok(begun) => return Step::Done(Outcome::Refused(begun.refusals)),
                Err(wants) => return Step::Load(wants),
            },
        };
        match self.finish(&mut begun, world) {
            Ok(Some(refusal)) => Step::Done(Outcome::Refused(vec![refusal])),
            Ok(None) => Step::Done(Outcome::Merged(self.merged(begun))),
            Err(wants) => {
                self.begun = Some(begun);
                Step::Load(wants)
            }
        }
    }

    fn says_nothing(&self) -> bool {
        let silent = self.changeset.changes.is_empty() && self.changeset.recovery.held.is_empty();
        silent && self.changeset.spans.iter().all(|s| s.after == s.upto)
    }

    fn nothing(&self) -> Merged {
        Merged {
            at: None,
            records: Vec::new(),
            history: Vec::new(),
            hub: self.hub,
            upto: self.changeset.upto,
            highest: self.moment.highest,
            spans: Vec::new(),
        }
    }

    /// What the rules refuse, once what they look at is loaded.
    fn refusals(&self, world: &World) -> Result<Vec<Refusal>, Wants> {
        rules::load(self.schema, &self.changeset, world)?;
        Ok(rules::refusals(self.schema, &self.changeset, world))
    }

    /// Everything up to the records by themselves. Where the rules refuse nothing.
    fn begin(&self, refusals: Vec<Refusal>, world: &World) -> Begun {
        let seq = self.moment.head.next();
        let own = self.changeset.own.iter().map(|p| p.seq).chain([seq]).collect();
        let mut begun = Begun {
            seq,
            since: self.changeset.checkpoint.seq,
            own,
            author: self.changeset.author,
            device: self.changeset.device,
            touched: BTreeMap::new(),
            referring: HashMap::new(),
            fates: Vec::new(),
            noticed: 0,
            history: Vec::new(),
            refusals,
        };
        if begun.refusals.is_empty() {
            upsert::apply(self.schema, &self.changeset, &mut begun, world);
        }
        begun
    }

    /// References, what the author must hear, unique values. Asks for more records as often as it needs; changes `begun`
    /// only once it has them all.
    fn finish(&self, begun: &mut Begun, world: &World) -> Result<Option<Refusal>, Wants> {
        let settled = match settle::settle(self.schema, begun, world)? {
            Ok(settled) => settled,
            Err(refusal) => return Ok(Some(refusal)),
        };
        let clashes = clash::find(self.schema, &self.changeset, begun, &settled, world)?;
        settle::apply(settled, begun, world);
        for change in &self.changeset.changes {
            begun.tell_author(change);
        }
        clash::apply(clashes, begun, world);
        Ok(None)
    }

    fn merged(&mut self, mut begun: Begun) -> Merged {
        Merged {
            at: Some(Point { seq: begun.seq, mark: self.moment.mark }),
            history: self.history(&mut begun),
            records: begun.touched.into_iter().collect(),
            hub: self.hub,
            upto: self.changeset.upto,
            highest: self.moment.highest.max(self.changeset.upto),
            spans: self.changeset.spans.clone(),
        }
    }

    /// What was noticed while changes were applied, then the changes, then what followed from them.
    fn history(&mut self, begun: &mut Begun) -> Vec<History> {
        let followed = begun.history.split_off(begun.noticed);
        let mut history = std::mem::take(&mut begun.history);
        history.reserve_exact(begun.fates.len() + followed.len());
        let changes = std::mem::take(&mut self.changeset.changes).into_iter().zip(std::mem::take(&mut begun.fates));
        history.extend(changes.map(|(change, fates)| fates.into_history(self.schema, change, begun)));
        history.extend(followed);
        history
    }
}

/// A commit whose changes are applied to their records.
#[derive(Debug)]
struct Begun {
    /// Its own seq.
    seq: Seq,
    /// The device's checkpoint.
    since: Seq,
    /// The device's own commits, this one among them.
    own: HashSet<Seq>,
    author: Origin,
    device: DeviceId,
    /// Records that differ from what the store has.
    touched: BTreeMap<Key, Record>,
    /// Records of this commit by what their references name now: `(child table, field, parent)`.
    referring: HashMap<(usize, FieldIx, crate::id::RecordId), Vec<Key>>,
    /// What became of each change.
    fates: Vec<Fates>,
    /// The lines of history that were written before the changes' own.
    noticed: usize,
    history: Vec<History>,
    refusals: Vec<Refusal>,
}

impl Begun {
    /// Whether this commit's device made the commit of that seq.
    fn owns(&self, seq: Seq) -> bool {
        self.own.contains(&seq)
    }

    fn stamp(&self, hlc: Hlc) -> Stamp {
        Stamp { hlc, author: self.author }
    }

    /// A record to be changed: as this commit left it so far, or as it is stored.
    fn edit(&mut self, key: Key, world: &World) -> Option<&mut Record> {
        match self.touched.entry(key) {
            Entry::Occupied(touched) => Some(touched.into_mut()),
            Entry::Vacant(place) => Some(place.insert(world.record(key)?.clone())),
        }
    }

    /// A record to be changed and put back, like [`Begun::edit`].
    fn take(&mut self, key: Key, world: &World) -> Option<Record> {
        self.touched.remove(&key).or_else(|| world.record(key).cloned())
    }

    fn view<'a>(&'a self, world: &'a World) -> View<'a> {
        View::new(&self.touched, &self.referring, world)
    }

    fn refer(&mut self, edge: &Edge, key: Key) {
        if let Some(parent) = self.touched.get(&key).and_then(|r| r.reference(edge.field)) {
            self.referring.entry((edge.child, edge.field, parent)).or_default().push(key);
        }
    }

    /// Where the device shows otherwise than the hub, its next pull must say so.
    fn tell_author(&mut self, change: &Change) {
        let (seq, since) = (self.seq, self.since);
        let Some(record) = self.touched.get_mut(&change.key()) else { return };
        fault!(StaleNotTold: return);
        if change.end == End::Cascade && record.alive {
            record.return_at(seq);
        }
        if change.end == End::Alive && !record.alive && record.died <= since {
            record.died = seq;
        }
        for field in &change.stale {
            let register = &mut record.fields[*field];
            if !register.shown().is_null() {
                (register.seq, register.own) = (seq, false);
            }
        }
    }
}
