//! What the hub does not take.

use super::hub::Hub;
use super::message::{Answer, Session};
use super::{Hlc, Key, Mark, Origin, Point, Seq, Value};
use std::collections::{BTreeMap, BTreeSet};

impl Hub {
    /// What speaks against a changeset, the past first: only who agrees on that is told the rest.
    pub(super) fn check(&self, s: &Session) -> Result<(), Answer> {
        self.agrees(s)?;
        self.continues(s)?;
        self.accepts(s)
    }

    fn agrees(&self, s: &Session) -> Result<(), Answer> {
        if self.vouches(s.checkpoint, &s.own) {
            return Ok(());
        }
        let Some(past) = &s.past else { return Err(Answer::Astray) };
        let shared = past.iter().chain([&s.checkpoint]).copied().filter(|p| self.gave(*p)).max();
        Err(Answer::Rewind(shared.unwrap_or(Point::START)))
    }

    /// Whether all these are of its own past.
    pub(super) fn vouches(&self, checkpoint: Point, own: &BTreeMap<Seq, Mark>) -> bool {
        self.gave(checkpoint) && own.iter().all(|(seq, mark)| self.gave(Point { seq: *seq, mark: *mark }))
    }

    fn gave(&self, point: Point) -> bool {
        point == Point::START || self.marks.get(&point.seq) == Some(&point.mark)
    }

    fn continues(&self, s: &Session) -> Result<(), Answer> {
        let covers: BTreeMap<Origin, Hlc> = s.spans.keys().map(|origin| (*origin, self.cover(*origin))).collect();
        let missing: BTreeSet<Key> = s.ask.iter().copied().filter(|key| !self.knows(*key)).collect();
        let fits = s.spans.iter().all(|(origin, (after, _))| covers[origin] == *after);
        if fits && missing == s.missing { Ok(()) } else { Err(Answer::Known { covers, missing }) }
    }

    /// Whether each record, and whatever a reference names, is here or comes with it.
    fn accepts(&self, s: &Session) -> Result<(), Answer> {
        let born = s.changes.iter().filter(|c| c.born).map(|c| c.key);
        let comes: BTreeSet<Key> = born.chain(s.weak.keys().copied()).collect();
        let known = |key: Key| comes.contains(&key) || self.knows(key);
        let mut bad: BTreeSet<_> = s.changes.iter().filter(|c| !known(c.key)).map(|c| (c.key, None)).collect();
        let written = s.changes.iter().flat_map(|c| c.fields.iter().map(|(f, w)| (c.key, *f, w.value)));
        let offered = s.weak.iter().flat_map(|(key, row)| row.iter().map(|(f, v)| (*key, *f, *v)));
        for (key, field, value) in written.chain(offered) {
            if self.target(key, field, value).is_some_and(|target| !known(target)) {
                bad.insert((key, Some(field)));
            }
        }
        if bad.is_empty() { Ok(()) } else { Err(Answer::Refused(bad)) }
    }

    fn target(&self, key: Key, field: &str, value: Value) -> Option<Key> {
        let edge = self.schema.parents(key.0).find(|e| e.field == field)?;
        value.target().map(|id| (edge.parent, id))
    }
}
