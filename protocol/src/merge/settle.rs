//! References made whole again. Derived from the records, never from the order in which changes came: first whatever a
//! live record below needs is kept, then cascades and emptied references follow the dead.
//!
//! Before a commit everything is settled, so only what hangs together with its records is looked at. The search asks for
//! what it misses and starts afresh when it has it; nothing is changed until it ends.

use super::Begun;
use super::history::{Detail, History, Notice};
use super::rules::refusal;
use super::tangle::{Tangle, Untangled};
use super::world::{View, Wants, World};
use crate::change::Key;
use crate::clock::{DeviceId, Hlc, Origin, Stamp};
use crate::message::{Refusal, RefusalCode};
use crate::model::{Edge, FieldIx, OnDelete, Schema};
use crate::record::Record;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How many references deep records may hang on each other. Only a chain of self-references gets so far.
const DEEPEST: usize = 200;

/// How many questions about one record are asked one by one. Where it takes more, references are woven into rings.
const PATIENCE: usize = 2_000;

/// What settling comes to.
#[derive(Debug, Default)]
pub(super) struct Settled {
    lives: BTreeMap<Key, Life>,
    /// References whose target died (true) or lives again (false).
    nulled: BTreeMap<(Key, FieldIx), bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Brought back; whether because somebody needs it, and not with a parent.
    Back { needed: bool },
    /// Gone with a parent.
    Gone,
}

impl Settled {
    /// The records that come back.
    pub(super) fn back(&self) -> impl Iterator<Item = Key> + '_ {
        self.lives.iter().filter(|(_, life)| matches!(life, Life::Back { .. })).map(|(key, _)| *key)
    }

    /// Whether a record lives once this is applied.
    pub(super) fn alive(&self, key: Key, view: &View<'_>) -> bool {
        match self.lives.get(&key) {
            Some(Life::Back { .. }) => true,
            Some(Life::Gone) => false,
            None => view.record(key).is_some_and(|r| r.alive),
        }
    }
}

/// Finds what must live, die, show NULL or show its target again. Err: records that are not loaded.
pub(super) fn settle(schema: &Schema, begun: &Begun, world: &World) -> Result<Result<Settled, Refusal>, Wants> {
    let view = begun.view(world);
    let mut search = Search {
        schema,
        view: &view,
        stirred: stirred(schema, begun, &view),
        settled: Settled::default(),
        depth: Cell::new(0),
        too_deep: Cell::new(None),
        patience: Cell::new(PATIENCE),
        known: RefCell::default(),
    };
    search.revive();
    if view.complete() {
        search.follow();
    }
    let (settled, too_deep) = (search.settled, search.too_deep.get());
    view.wants()?;
    match too_deep {
        None => Ok(Ok(settled)),
        Some(key) => {
            let rest = format!("it hangs in a chain of more than {DEEPEST} references; shorten the chain");
            Ok(Err(refusal(schema, key, None, RefusalCode::TooDeep, &rest)))
        }
    }
}

/// The records of this commit that matter to others: new ones, and those whose life or references changed.
fn stirred(schema: &Schema, begun: &Begun, view: &View<'_>) -> Vec<Key> {
    let same = |key: &Key, a: &Record, b: &Record| {
        let refers = |e: &Edge| {
            (&a.fields[e.field].value, a.fields[e.field].nulled) == (&b.fields[e.field].value, b.fields[e.field].nulled)
        };
        a.alive == b.alive && schema.parents(key.0).iter().all(refers)
    };
    let changed = |(key, now): &(&Key, &Record)| view.before(**key).is_none_or(|before| !same(key, before, now));
    begun.touched.iter().filter(changed).map(|(key, _)| *key).collect()
}

/// The dead that may have to come back, each with the record of this commit that raised the question.
type Open = BTreeMap<Key, Key>;

struct Search<'a> {
    schema: &'a Schema,
    view: &'a View<'a>,
    stirred: Vec<Key>,
    settled: Settled,
    depth: Cell<usize>,
    too_deep: Cell<Option<Key>>,
    /// Questions that may still be asked one by one.
    patience: Cell<usize>,
    /// Answers that hold until the next record comes back; that one is pinned holds for good.
    known: RefCell<HashMap<(Question, Key), bool>>,
}

impl Search<'_> {
    fn alive(&self, key: Key) -> bool {
        self.settled.alive(key, self.view)
    }

    /// The record that this reference of a record names.
    fn parent(&self, key: Key, edge: &Edge) -> Option<Key> {
        Some((edge.parent, self.view.record(key)?.reference(edge.field)?))
    }

    fn cascaded(&self, key: Key) -> bool {
        !self.alive(key) && self.view.record(key).is_some_and(|r| r.cascaded)
    }

    // ---- first: keep what is needed ------------------------------------------------------------------------------

    /// Brings back what live records need, and what only a cascade killed whose parents live. Coming back only ever makes
    /// more records needed, so all that can be told at once come back at once.
    fn revive(&mut self) {
        let mut open = Open::new();
        for key in &self.stirred {
            self.suspects(*key, *key, &mut open);
            if self.alive(*key) && self.view.before(*key).is_some_and(|r| !r.alive) {
                self.suspects_below(*key, *key, &mut open);
            }
        }
        loop {
            let back: Vec<_> =
                open.iter().filter_map(|(k, cause)| Some((*k, *cause, self.judge(*k, *cause)?))).collect();
            if back.is_empty() || !self.view.complete() || self.too_deep.get().is_some() {
                return;
            }
            for (key, _, needed) in &back {
                self.settled.lives.insert(*key, Life::Back { needed: *needed });
                open.remove(key);
            }
            self.known.borrow_mut().retain(|(what, _), yes| *what == Question::Pins && *yes);
            for (key, cause, _) in back {
                self.suspects(key, cause, &mut open);
                self.suspects_below(key, cause, &mut open);
            }
        }
    }

    /// As [`Search::comes_back`]. Where that goes too deep, what asked for it is to blame: only that can be refused.
    fn judge(&self, key: Key, cause: Key) -> Option<bool> {
        let before = self.too_deep.get();
        let back = self.comes_back(key);
        if self.too_deep.get().is_some() {
            self.too_deep.set(before.or(Some(cause)));
        }
        back
    }

    /// Whether this dead record comes back, and if so whether because somebody needs it.
    fn comes_back(&self, key: Key) -> Option<bool> {
        let needed = fault!(NeededParentStaysDead: false, self.pinned(key));
        let returns = || fault!(CascadeNotUndone: false, self.cascaded(key) && !self.falling(key));
        (needed || returns()).then_some(needed)
    }

    /// The dead that may have to come back because of this record: itself, and what it needs, up to the living.
    fn suspects(&self, key: Key, cause: Key, open: &mut Open) {
        let (mut todo, mut seen) = (vec![key], HashSet::new());
        while let Some(key) = todo.pop() {
            if !seen.insert(key) {
                continue;
            }
            if !self.alive(key) && self.view.record(key).is_some() {
                open.entry(key).or_insert(cause);
            }
            for edge in self.schema.parents(key.0).iter().filter(|e| e.on_delete != OnDelete::SetNull) {
                todo.extend(self.parent(key, edge).filter(|parent| !self.alive(*parent)));
            }
        }
    }

    /// Records that went with this one and may come back with it.
    fn suspects_below(&self, key: Key, cause: Key, open: &mut Open) {
        for edge in self.schema.children(key.0).iter().filter(|e| e.on_delete == OnDelete::Cascade) {
            for child in self.view.children(edge, key.1).into_iter().filter(|child| self.cascaded(*child)) {
                open.entry(child).or_insert(cause);
            }
        }
    }

    /// Some cascade parent of this record is dead and stays so, or is about to fall itself. A parent that only a cascade
    /// killed counts as what it will be: in a ring each waits for another.
    fn falling(&self, key: Key) -> bool {
        self.patiently(Question::Falls, key, || self.falls(key, &mut Asked::default()))
    }

    fn falls(&self, key: Key, asked: &mut Asked) -> bool {
        self.ask(Question::Falls, key, asked, |asked| {
            let cascades = self.schema.parents(key.0).iter().filter(|e| e.on_delete == OnDelete::Cascade);
            cascades.filter_map(|edge| self.parent(key, edge)).any(|parent| {
                let may_live = self.alive(parent) || self.cascaded(parent);
                !may_live || self.falls(parent, asked) && !self.pins(parent, asked)
            })
        })
    }

    /// Some live record below refuses to lose this one.
    fn pinned(&self, key: Key) -> bool {
        self.patiently(Question::Pins, key, || self.pins(key, &mut Asked::default()))
    }

    /// Asks one by one, and where that has no end, all at once.
    fn patiently(&self, what: Question, key: Key, ask: impl FnOnce() -> bool) -> bool {
        self.patience.set(PATIENCE);
        let answer = ask();
        if self.patience.get() > 0 {
            return answer;
        }
        self.untangle((what, key))
    }

    /// Answers all that hangs together with this question, and so whatever else is asked of it.
    fn untangle(&self, question: (Question, Key)) -> bool {
        let (mut tangle, mut todo, mut met) = (Tangle::default(), vec![question], HashSet::new());
        while let Some((what, key)) = todo.pop() {
            match (met.insert((what, key)), what) {
                (false, _) => {}
                (true, Question::Pins) => self.hold(key, &mut tangle, &mut todo),
                (true, Question::Falls) => self.hang(key, &mut tangle, &mut todo),
            }
        }
        let Untangled { held, falls } = tangle.solve();
        let answer = |(what, key): &(Question, Key)| match what {
            Question::Pins => held.contains(key),
            Question::Falls => falls.contains(key),
        };
        if self.view.complete() {
            self.known.borrow_mut().extend(met.into_iter().map(|question| (question, answer(&question))));
        }
        answer(&question)
    }

    fn hold(&self, key: Key, tangle: &mut Tangle, todo: &mut Vec<(Question, Key)>) {
        for edge in self.schema.children(key.0).iter().filter(|e| e.on_delete != OnDelete::SetNull) {
            for child in self.view.children(edge, key.1) {
                tangle.is_above(key, child);
                todo.push((Question::Pins, child));
                if edge.on_delete == OnDelete::Restrict && self.alive(child) {
                    tangle.refuses(child, key);
                    todo.push((Question::Falls, child));
                }
            }
        }
    }

    fn hang(&self, key: Key, tangle: &mut Tangle, todo: &mut Vec<(Question, Key)>) {
        let cascades = self.schema.parents(key.0).iter().filter(|e| e.on_delete == OnDelete::Cascade);
        for parent in cascades.filter_map(|edge| self.parent(key, edge)) {
            if !self.alive(parent) && !self.cascaded(parent) {
                tangle.is_doomed(key);
                continue;
            }
            tangle.goes_with(key, parent);
            todo.extend([(Question::Falls, parent), (Question::Pins, parent)]);
        }
    }

    fn pins(&self, key: Key, asked: &mut Asked) -> bool {
        self.ask(Question::Pins, key, asked, |asked| {
            asked.pins += 1;
            let pins = self.schema.children(key.0).iter().filter(|e| e.on_delete != OnDelete::SetNull).any(|edge| {
                self.view.children(edge, key.1).into_iter().any(|child| {
                    edge.on_delete == OnDelete::Restrict && self.alive(child) && !self.falls(child, asked)
                        || self.pins(child, asked)
                })
            });
            asked.pins -= 1;
            pins
        })
    }

    /// Asks each question once: records may be reached by as many paths as there are of generations in a pedigree, and
    /// that is two to the power of their number. One that is under way already counts as no; an answer that rests on that
    /// holds for this path alone and is not kept.
    fn ask(&self, what: Question, key: Key, asked: &mut Asked, answer: impl FnOnce(&mut Asked) -> bool) -> bool {
        if let Some(known) = self.known.borrow().get(&(what, key)) {
            return *known;
        }
        match self.patience.get() {
            0 => return false,
            left => self.patience.set(left - 1),
        }
        self.deeper(key, || {
            let depth = self.depth.get();
            let within = if what == Question::Falls { asked.pins } else { 0 };
            if let Some(at) = asked.under_way.get(&(what, key, within)) {
                asked.rests_on = asked.rests_on.min(*at);
                return false;
            }
            asked.under_way.insert((what, key, within), depth);
            let before = std::mem::replace(&mut asked.rests_on, usize::MAX);
            let answer = answer(asked);
            asked.under_way.remove(&(what, key, within));
            if asked.rests_on >= depth {
                asked.rests_on = usize::MAX;
                if self.view.complete() && self.patience.get() > 0 {
                    self.known.borrow_mut().insert((what, key), answer);
                }
            }
            asked.rests_on = asked.rests_on.min(before);
            answer
        })
    }

    /// Bounds the depth: a chain of references comes from a peer.
    fn deeper(&self, key: Key, question: impl FnOnce() -> bool) -> bool {
        if self.depth.get() >= DEEPEST {
            self.too_deep.set(Some(key));
            return false;
        }
        self.depth.set(self.depth.get() + 1);
        let answer = question();
        self.depth.set(self.depth.get() - 1);
        answer
    }

    // ---- then: follow the dead -----------------------------------------------------------------------------------

    fn follow(&mut self) {
        let mut moved: BTreeSet<Key> = BTreeSet::new();
        for key in self.stirred.iter().chain(self.settled.lives.keys()) {
            let lived = self.view.before(*key).is_some_and(|r| r.alive);
            if self.alive(*key) != lived && (lived || self.view.before(*key).is_some()) {
                moved.insert(*key);
            }
        }
        let judged: Vec<Key> =
            self.stirred.iter().copied().filter(|k| self.alive(*k) && self.loses_parent(*k)).collect();
        self.fall(judged, &mut moved);
        let dead: Vec<Key> = moved.iter().copied().filter(|k| !self.alive(*k)).collect();
        let below = fault!(CascadeForgotten: Vec::new(), dead.iter().flat_map(|k| self.live_below(*k)).collect());
        self.fall(below, &mut moved);
        let mut references: BTreeSet<(Key, FieldIx)> = BTreeSet::new();
        for key in &self.stirred {
            references.extend(set_nulls(self.schema.parents(key.0)).map(|e| (*key, e.field)));
        }
        for key in &moved {
            for edge in set_nulls(self.schema.children(key.0)) {
                references.extend(self.view.children(edge, key.1).into_iter().map(|child| (child, edge.field)));
            }
        }
        for (key, field) in references {
            self.judge_reference(key, field);
        }
    }

    fn loses_parent(&self, key: Key) -> bool {
        let cascades = self.schema.parents(key.0).iter().filter(|e| e.on_delete == OnDelete::Cascade);
        cascades.filter_map(|edge| self.parent(key, edge)).any(|parent| !self.alive(parent))
    }

    fn live_below(&self, key: Key) -> Vec<Key> {
        let cascades = self.schema.children(key.0).iter().filter(|e| e.on_delete == OnDelete::Cascade);
        cascades.flat_map(|edge| self.view.children(edge, key.1)).filter(|child| self.alive(*child)).collect()
    }

    /// These die with their parents, and what hangs below them.
    fn fall(&mut self, mut todo: Vec<Key>, moved: &mut BTreeSet<Key>) {
        while let Some(key) = todo.pop() {
            if self.alive(key) {
                self.settled.lives.insert(key, Life::Gone);
                moved.insert(key);
                todo.extend(self.live_below(key));
            }
        }
    }

    fn judge_reference(&mut self, key: Key, field: FieldIx) {
        let Some(edge) = self.schema.parents(key.0).iter().find(|e| e.field == field) else { return };
        let Some(record) = self.view.record(key) else { return };
        let dead = self.parent(key, edge).is_some_and(|parent| !self.alive(parent));
        if fault!(ReferenceNotEmptied: false, dead != record.fields[field].nulled) {
            self.settled.nulled.insert((key, field), dead);
        }
    }
}

/// What is asked of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    /// Does a live record below refuse to lose it?
    Pins,
    /// Is a parent that it goes with dead, or about to fall?
    Falls,
}

/// Questions under way, each taken as no where it is asked again: records may refer to each other in a ring. Whether a record
/// falls is asked anew within each question of who needs another: "no" would say there that it stays, and records that only
/// hold each other would hold what they hang on.
struct Asked {
    /// How deep each was asked; of one that falls, within how many questions of who needs it.
    under_way: HashMap<(Question, Key, usize), usize>,
    /// Questions of who needs a record, under way.
    pins: usize,
    /// The least deep one that the answer in the making rests on.
    rests_on: usize,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked { under_way: HashMap::new(), pins: 0, rests_on: usize::MAX }
    }
}

fn set_nulls(edges: &[Edge]) -> impl Iterator<Item = &Edge> {
    edges.iter().filter(|e| e.on_delete == OnDelete::SetNull)
}

/// Carries it out.
pub(super) fn apply(settled: Settled, begun: &mut Begun, world: &World) {
    let seq = begun.seq;
    for (key, life) in settled.lives {
        let Some(record) = begun.edit(key, world) else { continue };
        let notice = match life {
            Life::Back { needed } => {
                record.return_at(seq);
                if needed { Notice::Needed } else { Notice::CameBackWithParent }
            }
            Life::Gone => {
                (record.alive, record.cascaded, record.died) = (false, true, seq);
                record.deletes.clear();
                Notice::WentWithParent
            }
        };
        begun.derived(key, notice);
    }
    for ((key, field), dead) in settled.nulled {
        let Some(record) = begun.edit(key, world) else { continue };
        let register = &mut record.fields[field];
        (register.nulled, register.own, register.seq) = (dead, false, seq);
        begun.derived(key, if dead { Notice::ReferenceEmptied } else { Notice::ReferenceRestored });
    }
}

impl Begun {
    /// A line of history for what the hub derived.
    pub(super) fn derived(&mut self, key: Key, notice: Notice) {
        let stamp = Stamp { hlc: Hlc::ZERO, author: Origin::HUB };
        let device = DeviceId::ZERO;
        self.history.push(History { key, device, stamp, detail: Detail::Notice(notice) });
    }
}
