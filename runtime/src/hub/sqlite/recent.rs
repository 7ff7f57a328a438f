//! What the last commits came to, in memory: most devices that commit had heard of all but these, and are told from here.
//!
//! Only the thread that writes looks at it. What is here may not be committed yet; whoever is told of it is answered after the
//! transaction, or not at all.

use super::system;
use crate::hub::error::HubError;
use rusqlite::Connection;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::record::Record;

/// About how many bytes of records are kept.
const MOST: usize = 16 << 20;
/// The first record of a commit, by table, then by id.
const FIRST: Key = (0, RecordId([0; 16]));

/// What changed in the last commits, without a gap: of each record how the last of them left it.
#[derive(Default)]
pub(super) struct Recent {
    /// The last commit.
    last: Option<Point>,
    /// From this commit on all that changed is here.
    first: Seq,
    changed: BTreeMap<(Seq, Key), Changed>,
    /// Where each record stands among them.
    seqs: HashMap<Key, Seq>,
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
        let follows = match self.last {
            Some(last) => last.seq.next() == at.seq && system::mark(c, last.seq)? == Some(last.mark),
            None => false,
        };
        if !follows {
            *self = Recent { first: at.seq, ..Recent::default() };
        }
        self.last = Some(at);
        for (key, record) in records.into_iter().filter(|(_, record)| record.seq() == at.seq) {
            self.add(Changed::new(key, record));
        }
        Ok(())
    }

    fn add(&mut self, changed: Changed) {
        let (seq, key) = (changed.record.seq(), changed.key);
        let before = self.seqs.insert(key, seq).and_then(|before| self.changed.remove(&(before, key)));
        self.bytes -= before.map_or(0, |before| before.weight());
        self.bytes += changed.weight();
        self.changed.insert((seq, key), changed);
    }

    /// Forgets the oldest where they are many.
    pub(super) fn trim(&mut self) {
        while self.bytes > MOST
            && let Some(((seq, key), oldest)) = self.changed.pop_first()
        {
            self.first = seq.next();
            self.seqs.remove(&key);
            self.bytes -= oldest.weight();
        }
    }

    /// The records that changed after `since`, by their last commit; none where some of those commits are not here.
    pub(super) fn since(&self, since: Seq) -> Option<Vec<(Seq, Vec<&Changed>)>> {
        if self.last.is_none() || self.first > since.next() {
            return None;
        }
        let mut news: Vec<(Seq, Vec<&Changed>)> = Vec::new();
        for ((seq, _), changed) in self.changed.range((since.next(), FIRST)..) {
            match news.last_mut().filter(|(of, _)| of == seq) {
                Some((_, of)) => of.push(changed),
                None => news.push((*seq, vec![changed])),
            }
        }
        Some(news)
    }
}

impl Changed {
    fn new(key: Key, mut record: Record) -> Changed {
        // Nobody is told of these, and where a thousand devices edit one record there are a thousand.
        record.edits = BTreeMap::new();
        Changed { key, record, named_by: Cell::new(None) }
    }

    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        3 * size_of::<(Seq, Key)>() + size_of::<Changed>() - size_of::<Record>() + self.record.weight()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windrow_protocol::clock::{Hlc, Origin, Stamp};
    use windrow_protocol::model::{Deletes, Table};

    const TABLE: Table =
        Table { name: "farm", type_name: "Farm", fields: &[], deletes: Deletes::Keep, whole: false, scope: false };

    fn seq(n: u64) -> Seq {
        Seq::from_bits(n).expect("a seq")
    }

    fn changed(n: u8, at: u64) -> Changed {
        let stamp = Stamp { hlc: Hlc::ZERO.next(), author: Origin(1) };
        let mut record = Record::new(&TABLE, seq(at), stamp);
        // A hundred devices have edited it.
        record.edits = (0..100).map(|author| (Origin(author), seq(at))).collect();
        Changed::new((0, RecordId([n; 16])), record)
    }

    fn keys(recent: &Recent, since: u64) -> Option<Vec<(u64, Vec<u8>)>> {
        let news = recent.since(seq(since))?;
        let of = |(at, changed): &(Seq, Vec<&Changed>)| (at.bits(), changed.iter().map(|c| c.key.1.0[0]).collect());
        Some(news.iter().map(of).collect())
    }

    /// Three thousand devices edited the same thousand records, and each commit stood here with records that later ones had
    /// replaced, all who had ever edited them among them: hundreds of megabytes, and the first commits were forgotten so soon
    /// that nobody was told from memory.
    #[test]
    fn a_record_stands_here_once_and_as_it_was_left() {
        let mut recent = Recent { last: Some(Point::START), first: seq(1), ..Recent::default() };
        for at in 1..=1_000 {
            recent.add(changed((at % 20) as u8, at));
            recent.trim();
        }
        assert_eq!((recent.changed.len(), recent.seqs.len()), (20, 20));
        assert!(recent.bytes < 20 * 2_000, "{}", recent.bytes);
        assert_eq!(keys(&recent, 0).map(|news| news.len()), Some(20), "nothing is forgotten");
        assert_eq!(keys(&recent, 998), Some(vec![(999, vec![19]), (1_000, vec![0])]));
        assert_eq!(keys(&recent, 1_000), Some(Vec::new()));
    }

    #[test]
    fn who_missed_what_is_forgotten_is_not_told_from_here() {
        let mut recent = Recent { last: Some(Point::START), first: seq(3), ..Recent::default() };
        recent.add(changed(1, 3));
        assert!(keys(&recent, 1).is_none());
        assert_eq!(keys(&recent, 2), Some(vec![(3, vec![1])]));
        recent.bytes += MOST;
        recent.trim();
        assert!(keys(&recent, 2).is_none() && keys(&recent, 3) == Some(Vec::new()));
    }
}
