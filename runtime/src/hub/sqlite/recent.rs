//! What the last commits came to, in memory: most devices that commit had heard of all but these, and are told from here.
//!
//! Only the thread that writes looks at it. What is here may not be committed yet; whoever is told of it is answered after the
//! transaction, or not at all.

use super::system;
use crate::hub::error::HubError;
use rusqlite::Connection;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet, VecDeque};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Point, Seq};
use windrow_protocol::record::Record;

/// About how many bytes of records are kept.
const MOST: usize = 16 << 20;

/// The last commits, without a gap.
#[derive(Default)]
pub(super) struct Recent {
    commits: VecDeque<Commit>,
    bytes: usize,
}

/// A commit, and the records whose last one it was then, by table, then by id.
struct Commit {
    at: Point,
    changed: Vec<Changed>,
    /// About how many bytes it takes.
    bytes: usize,
}

/// A record as a commit left it.
pub(super) struct Changed {
    pub(super) key: Key,
    pub(super) record: Record,
    /// How many bits of its id name it, once that was asked.
    pub(super) named_by: Cell<Option<u8>>,
}

impl Recent {
    /// Adds a commit. Where the one before is not this file's last, of another program or given up, all before are forgotten.
    pub(super) fn push(&mut self, c: &Connection, at: Point, records: Vec<(Key, Record)>) -> Result<(), HubError> {
        if let Some(last) = self.commits.back().map(|last| last.at)
            && (last.seq.next() != at.seq || system::mark(c, last.seq)? != Some(last.mark))
        {
            *self = Recent::default();
        }
        let changed = records.into_iter().filter(|(_, record)| record.seq() == at.seq).map(|(key, mut record)| {
            // Nobody is told of these, and where a thousand devices edit one record there are a thousand.
            record.edits = BTreeMap::new();
            Changed { key, record, named_by: Cell::new(None) }
        });
        let changed: Vec<_> = changed.collect();
        let bytes = changed.iter().map(|c| size_of::<Changed>() + c.record.weight()).sum();
        self.bytes += bytes;
        self.commits.push_back(Commit { at, changed, bytes });
        Ok(())
    }

    /// Forgets the oldest where they are many.
    pub(super) fn trim(&mut self) {
        while self.bytes > MOST
            && let Some(oldest) = self.commits.pop_front()
        {
            self.bytes -= oldest.bytes;
        }
    }

    /// The records that changed after `since`, by their last commit; none where some of those commits are not here.
    pub(super) fn since(&self, since: Seq) -> Option<Vec<(Seq, Vec<&Changed>)>> {
        if self.commits.front()?.at.seq > since.next() {
            return None;
        }
        let after: Vec<&Commit> = self.commits.iter().rev().take_while(|commit| commit.at.seq > since).collect();
        let (mut later, mut news) = (HashSet::new(), Vec::with_capacity(after.len()));
        for commit in &after {
            // One alone, as most often, hides nothing.
            let last = |changed: &&Changed| after.len() == 1 || later.insert(changed.key);
            news.push((commit.at.seq, commit.changed.iter().filter(last).collect()));
        }
        news.reverse();
        Some(news)
    }
}
