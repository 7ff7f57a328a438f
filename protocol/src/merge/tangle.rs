//! Who holds whom, and who falls, for all records that hang together at once.
//!
//! Asked one by one, and depth first, that takes two to the power of the rings that are woven into each other. Here it is
//! two fixpoints, one within the other. Who is held is the least: records that only hold each other hold nothing. Who stays,
//! given who is held, is the greatest: in a ring of cascades each waits for another, and all stay. Who is held makes more
//! records stay, and they hold more; so both only grow, and end.

use crate::change::Key;
use std::collections::{HashMap, HashSet};

/// What hangs together with a record.
#[derive(Debug, Default)]
pub(super) struct Tangle {
    /// Who would lose a live record that refuses, unless that falls: by that record.
    refusing: HashMap<Key, Vec<Key>>,
    /// Who is held if this record is.
    above: HashMap<Key, Vec<Key>>,
    /// Who may fall, by the cascade parents that they have left; those that are gone for good are not counted.
    falling: HashMap<Key, Vec<Key>>,
    /// Who falls whatever happens: a cascade parent is gone for good.
    doomed: HashSet<Key>,
}

/// The answers.
#[derive(Debug, Default)]
pub(super) struct Untangled {
    /// Who is held.
    pub(super) held: HashSet<Key>,
    /// Who falls.
    pub(super) falls: HashSet<Key>,
}

impl Tangle {
    /// Whoever holds `below` holds `key`.
    pub(super) fn is_above(&mut self, key: Key, below: Key) {
        self.above.entry(below).or_default().push(key);
    }

    /// `child` lives, and refuses to lose `key`.
    pub(super) fn refuses(&mut self, child: Key, key: Key) {
        self.refusing.entry(child).or_default().push(key);
    }

    /// `child` goes with `parent`, unless that stays or is held.
    pub(super) fn goes_with(&mut self, child: Key, parent: Key) {
        self.falling.entry(child).or_default().push(parent);
    }

    /// `child` goes.
    pub(super) fn is_doomed(&mut self, child: Key) {
        self.doomed.insert(child);
    }

    /// All answers.
    pub(super) fn solve(&self) -> Untangled {
        let mut held = HashSet::new();
        loop {
            let falls = self.falls(&held);
            let refusing = self.refusing.iter().filter(|(child, _)| !falls.contains(child));
            let mut todo: Vec<Key> = refusing.flat_map(|(_, keys)| keys).copied().collect();
            let before = held.len();
            while let Some(key) = todo.pop() {
                if held.insert(key) {
                    todo.extend(self.above.get(&key).into_iter().flatten());
                }
            }
            if held.len() == before {
                return Untangled { held, falls };
            }
        }
    }

    /// Who falls while these are held.
    fn falls(&self, held: &HashSet<Key>) -> HashSet<Key> {
        let mut children: HashMap<Key, Vec<Key>> = HashMap::new();
        for (child, parents) in &self.falling {
            parents.iter().filter(|p| !held.contains(p)).for_each(|p| children.entry(*p).or_default().push(*child));
        }
        let (mut falls, mut todo) = (HashSet::new(), self.doomed.iter().copied().collect::<Vec<_>>());
        while let Some(key) = todo.pop() {
            if falls.insert(key) {
                todo.extend(children.get(&key).into_iter().flatten());
            }
        }
        falls
    }
}
