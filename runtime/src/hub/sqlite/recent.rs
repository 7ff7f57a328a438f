//! What the last commits came to, in memory: most devices had heard of all but these, and are told from here.
//!
//! The thread that writes adds commits before its transaction is over. It tells of them too: whoever commits in the same
//! transaction is answered after it, or not at all. Whoever reads is told what stood when the last transaction ended, and only
//! where the snapshot that it reads stands there too.

use super::system;
use crate::hub::error::HubError;
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
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
    /// The last of the transactions that are over.
    committed: Option<Point>,
    /// From this commit on all that changed is here.
    first: Seq,
    changed: BTreeMap<(Seq, Key), Kept>,
    /// Where each record stands among them.
    seqs: HashMap<Key, Seq>,
    /// Where some stood before the transaction under way.
    replaced: Vec<(Seq, Key)>,
    bytes: usize,
}

struct Kept {
    changed: Arc<Changed>,
    /// Whether the transaction under way has changed the record once more.
    replaced: bool,
}

/// Records that commits left as they are: in the order of those, each with the seq of its own.
pub(super) type News = Vec<(Seq, Arc<Changed>)>;

/// A record as a commit left it.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) key: Key,
    pub(super) record: Record,
    /// How many bits of its id name it, once that was asked.
    pub(super) named_by: OnceLock<u8>,
    /// About how many bytes it takes.
    weight: usize,
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
        match self.seqs.insert(key, seq) {
            Some(before) if self.committed.is_some_and(|at| before <= at.seq) => self.replace((before, key)),
            Some(before) => self.remove((before, key)),
            None => (),
        }
        self.bytes += changed.weight;
        self.changed.insert((seq, key), Kept { changed: Arc::new(changed), replaced: false });
    }

    /// It stands until the transaction is over.
    fn replace(&mut self, at: (Seq, Key)) {
        if let Some(kept) = self.changed.get_mut(&at) {
            kept.replaced = true;
            self.replaced.push(at);
        }
    }

    fn remove(&mut self, at: (Seq, Key)) {
        self.bytes -= self.changed.remove(&at).map_or(0, |kept| kept.changed.weight);
    }

    /// The transaction is over, and what it wrote stands.
    pub(super) fn settle(&mut self) {
        self.committed = self.last;
        std::mem::take(&mut self.replaced).into_iter().for_each(|at| self.remove(at));
    }

    /// Forgets the oldest where they are many.
    pub(super) fn trim(&mut self) {
        while self.bytes > MOST
            && let Some(((seq, key), oldest)) = self.changed.pop_first()
        {
            self.first = seq.next();
            if self.seqs.get(&key) == Some(&seq) {
                self.seqs.remove(&key);
            }
            self.bytes -= oldest.changed.weight;
        }
    }

    /// The records that changed after `since`, with what the transaction under way made of them; none where some of those
    /// commits are not here.
    pub(super) fn since(&self, since: Seq) -> Option<News> {
        self.last?;
        self.news(since, |_, kept| !kept.replaced)
    }

    /// The same for a snapshot whose last commit this is; none where another one stands here.
    pub(super) fn committed(&self, head: Point, since: Seq) -> Option<News> {
        self.committed.filter(|at| *at == head)?;
        self.news(since, |seq, _| seq <= head.seq)
    }

    fn news(&self, since: Seq, stands: impl Fn(Seq, &Kept) -> bool) -> Option<News> {
        if self.first > since.next() {
            return None;
        }
        let after = self.changed.range((since.next(), FIRST)..);
        let standing = after.filter(|((seq, _), kept)| stands(*seq, kept));
        Some(standing.map(|((seq, _), kept)| (*seq, kept.changed.clone())).collect())
    }
}

impl Changed {
    fn new(key: Key, record: Record) -> Changed {
        let own = 3 * size_of::<(Seq, Key)>() + size_of::<Changed>() - size_of::<Record>();
        let weight = own + record.weight();
        Changed { key, record, named_by: OnceLock::new(), weight }
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
        Changed::new((0, RecordId([n; 16])), Record::new(&TABLE, seq(at), stamp))
    }

    fn point(n: u64) -> Point {
        Point { seq: seq(n), ..Point::START }
    }

    fn named(news: News) -> Vec<(u64, Vec<u8>)> {
        let commits = news.chunk_by(|one, other| one.0 == other.0);
        commits.map(|of| (of[0].0.bits(), of.iter().map(|(_, c)| c.key.1.0[0]).collect())).collect()
    }

    fn keys(recent: &Recent, since: u64) -> Option<Vec<(u64, Vec<u8>)>> {
        recent.since(seq(since)).map(named)
    }

    /// Three thousand devices edited the same thousand records, and each commit stood here with records that later ones had
    /// replaced: hundreds of megabytes, and the first commits were forgotten so soon that nobody was told from memory.
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

    /// A plot and its farm came in one commit, and the farm changed again in a transaction that was not over: a device that was told
    /// of the plot alone would have had it without its farm.
    #[test]
    fn who_reads_is_told_nothing_of_a_transaction_that_is_not_over() {
        let mut recent = Recent { last: Some(point(1)), first: seq(1), ..Recent::default() };
        recent.add(changed(1, 1));
        recent.add(changed(2, 1));
        recent.settle();
        recent.last = Some(point(2));
        recent.add(changed(1, 2));
        let told = |recent: &Recent, head: u64| recent.committed(point(head), seq(0)).map(named);
        assert_eq!(told(&recent, 1), Some(vec![(1, vec![1, 2])]));
        assert_eq!(keys(&recent, 0), Some(vec![(1, vec![2]), (2, vec![1])]));
        assert_eq!(told(&recent, 2), None, "the transaction may be given up");
        recent.settle();
        assert_eq!((told(&recent, 1), told(&recent, 2)), (None, keys(&recent, 0)));
        assert_eq!((recent.changed.len(), recent.replaced.len()), (2, 0));
    }
}
