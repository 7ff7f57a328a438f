//! Pulls: what changed after a checkpoint, a page at a time.
//!
//! Each page reads a snapshot of its own in order of `(seq, table, id)`, and is the last only if it reaches the end of that
//! snapshot. A record that changes between two pages moves ahead of the scan and is met again, so nothing is missed, as long
//! as the hub still has the snapshot of the page before in its past.

use super::ahead;
use super::recent::{self, Changed, Recent};
use super::scan::{Place, Scan};
use super::shared::Shared;
use super::{records, system};
use crate::hub::error::HubError;
use crate::lock::lock;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Hlc, Point, Seq};
use windrow_protocol::codec::{Effort, encode_page};
use windrow_protocol::digest::TableDigest;
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Problem, ProblemKind, Pull, names_few, points};
use windrow_protocol::model::TableIx;
use windrow_protocol::record::Record;
use windrow_protocol::told::{News, Page, Reached, Told, tell};
use windrow_protocol::versions::Version;

/// How long a page may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSize {
    /// Records that it tells of.
    pub(super) records: usize,
    /// Bytes of their values, before compression.
    pub(super) bytes: usize,
    /// Records that it looks at: what a device wrote itself is not told again.
    pub(super) looked_at: usize,
}

impl PageSize {
    /// What a good link carries in a moment, and a small device decodes; a device on a slow one asks for less.
    pub(super) const DEFAULT: PageSize = PageSize { records: 40_000, bytes: 4 << 20, looked_at: 50_000 };
}

/// Whether a pull stands in this hub's past. One by a schema that the hub does not know is refused.
pub(super) fn holds(shared: &Shared, c: &Connection, pull: &Pull) -> Result<bool, HubError> {
    names_few(pull.own.len() + pull.covers.len() + pull.refetch.len())?;
    let tables = shared.tables.version(pull.schema)?.schema().tables().len();
    let asked = pull.refetch.iter().map(|(table, _)| *table).chain(pull.whole.iter().copied());
    if asked.chain(pull.cursor.map(|c| c.reached.table)).any(|t| t >= tables) {
        return Err(Problem::new(ProblemKind::Malformed, "It names a table that the schema does not have.").into());
    }
    let named = points(pull.checkpoint, &pull.own).chain(pull.cursor.map(|cursor| cursor.head));
    Ok(system::past(c, named, pull.covers.iter().map(|(origin, _)| *origin))?.holds(pull))
}

/// What a pull comes to.
pub(super) enum Pulled {
    Answered(Answer),
    /// A page to be encoded, after which there is more to read.
    More(Heard),
}

/// Answers a pull from this snapshot, or with a page that was read ahead, where that still stands. A reader with `time` leaves
/// what is not the last page to be encoded by another.
pub(super) fn answer(
    shared: &Shared,
    c: &Connection,
    pull: &Pull,
    ahead: Option<Heard>,
    time: bool,
) -> Result<Pulled, HubError> {
    if !holds(shared, c, pull)? {
        return Ok(Pulled::Answered(Answer::Astray));
    }
    let heard = match ahead {
        Some(heard) if ahead::stands(shared, c, &heard.page)? => heard,
        _ => read(shared, c, pull, None)?,
    };
    if time && heard.page.next.is_some() {
        return Ok(Pulled::More(heard));
    }
    Ok(Pulled::Answered(Answer::News(encode(shared, c, pull, heard)?)))
}

/// An encoded page from this snapshot. `committed`: the device's own commit, of which it does not know yet.
pub(super) fn page(
    shared: &Shared,
    c: &Connection,
    pull: &Pull,
    committed: Option<Point>,
) -> Result<Vec<u8>, HubError> {
    let heard = read(shared, c, pull, committed)?;
    encode(shared, c, pull, heard)
}

/// A page from this snapshot.
pub(super) fn read(shared: &Shared, c: &Connection, pull: &Pull, committed: Option<Point>) -> Result<Heard, HubError> {
    let standing = system::standing(c, shared.tables.version)?;
    let mut telling = Telling::new(shared, pull, committed)?;
    let recent = || lock(&shared.memory.recent).committed(standing.head, pull.checkpoint.seq);
    let next = match (only_news(pull) && pull.cursor.is_none()).then(recent).flatten() {
        Some(news) => telling.recent(c, &news)?,
        None => {
            if pull.cursor.is_none() {
                telling.refetch(c)?;
            }
            telling.scan(c)?
        }
    };
    let digests = (pull.verify && next.is_none()).then(|| digests(shared, c, telling.version)).transpose()?;
    let (page, lens) = telling.page(standing.head, next, standing.highest, digests);
    Ok(Heard { page, lens })
}

/// What a device hears: a page that is not encoded yet.
#[derive(Debug)]
pub(super) struct Heard {
    page: Page,
    /// By how many bits of its id each record is named, where that is known.
    lens: Vec<Option<u8>>,
}

impl Heard {
    /// How the device will ask for the page after this one.
    pub(super) fn next(&self, pull: &Pull) -> Pull {
        Pull { cursor: self.page.cursor(), ..pull.clone() }
    }
}

/// What is new after a commit, where it is at hand, so that no snapshot need be read for it.
#[derive(Debug)]
pub(super) struct AtHand {
    at: Point,
    highest: Hlc,
    news: recent::News,
}

/// What is new to a device that had heard of all but the last commits. Telling it is left to whoever has time.
pub(super) fn at_hand(pull: &Pull, (at, highest): (Point, Hlc), recent: &Recent) -> Option<AtHand> {
    let news = only_news(pull).then(|| recent.since(pull.checkpoint.seq)).flatten()?;
    Some(AtHand { at, highest, news })
}

/// The first page after a commit, of what is at hand.
pub(super) fn tell_at_hand(shared: &Shared, c: &Connection, pull: &Pull, known: &AtHand) -> Result<Vec<u8>, HubError> {
    let mut telling = Telling::new(shared, pull, Some(known.at))?;
    let next = telling.recent(c, &known.news)?;
    let (page, lens) = telling.page(known.at, next, known.highest, None);
    encode(shared, c, pull, Heard { page, lens })
}

/// Whether a pull asks for what changed, and nothing else.
fn only_news(pull: &Pull) -> bool {
    pull.refetch.is_empty() && pull.whole.is_empty() && !pull.verify
}

/// A page, encoded.
pub(super) fn encode(
    shared: &Shared,
    c: &Connection,
    pull: &Pull,
    Heard { page, lens }: Heard,
) -> Result<Vec<u8>, HubError> {
    let version = shared.tables.version(pull.schema)?;
    let len = |(told, len): (&Told, Option<u8>)| match len {
        Some(len) => Ok(len),
        None => shown_length(shared, c, pull, version, told),
    };
    let lens = page.told.iter().zip(lens).map(len).collect::<Result<Vec<u8>, _>>()?;
    Ok(encode_page(version.schema(), &page, &lens, Effort::Page))
}

/// A page in the making.
struct Telling<'a> {
    shared: &'a Shared,
    pull: &'a Pull,
    /// In whose words it tells.
    version: &'a Version,
    /// The device's own commits, in order: mostly one or two.
    own: Vec<Seq>,
    /// By record, as the device names it; and how many bits of its id name it, where that is known.
    told: BTreeMap<Key, (Told, Option<u8>)>,
    /// Records that it has looked at, and bytes of what it tells.
    looked_at: usize,
    bytes: usize,
}

impl<'a> Telling<'a> {
    fn new(shared: &'a Shared, pull: &'a Pull, committed: Option<Point>) -> Result<Telling<'a>, HubError> {
        let mut own: Vec<Seq> = pull.own.iter().chain(&committed).map(|p| p.seq).collect();
        own.sort_unstable();
        let version = shared.tables.version(pull.schema)?;
        Ok(Telling { shared, pull, version, own, told: BTreeMap::new(), looked_at: 0, bytes: 0 })
    }

    fn page(
        self,
        at: Point,
        next: Option<Reached>,
        highest: Hlc,
        digests: Option<Vec<TableDigest>>,
    ) -> (Page, Vec<Option<u8>>) {
        let (told, lens) = self.told.into_values().unzip();
        (Page { told, at, next, highest, digests }, lens)
    }

    /// What the device asks for, whole; gone where nobody has it.
    fn refetch(&mut self, c: &Connection) -> Result<(), HubError> {
        for key in &self.pull.refetch {
            let record = match self.version.key(*key) {
                Some(now) => records::load(c, &self.shared.tables, now)?.map(|record| (now, record)),
                None => None,
            };
            let told = match record {
                Some((now, record)) => self.tell(now, &record, true),
                None => Some(Told { table: key.0, id: key.1, held: false, what: News::Gone, conflicts: None }),
            };
            told.into_iter().for_each(|told| self.add(told));
        }
        Ok(())
    }

    /// What changed, as much as fits. Where it goes on; none at the end of the snapshot.
    fn scan(&mut self, c: &Connection) -> Result<Option<Reached>, HubError> {
        let since = self.pull.checkpoint.seq;
        let since = if self.pull.whole.is_empty() { since } else { Seq::ZERO };
        let from =
            self.pull.cursor.map_or(Place::after(since), |c| Place::At(c.reached.seq, c.reached.table, c.reached.id));
        let mut statements = Scan::prepare(c, &self.shared.tables, self.version)?;
        let mut scan = Scan::start(&self.shared.tables, &mut statements, from, self.shared.page.looked_at)?;
        while let Some(found) = scan.next()? {
            let full = self.meets(found.then, found.key, &found.record);
            if full && !scan.is_over() {
                return Ok(Some(Reached { seq: found.seq, table: found.then, id: found.key.1 }));
            }
        }
        Ok(None)
    }

    /// The same of the last commits alone, whose records are at hand.
    fn recent(&mut self, c: &Connection, news: &recent::News) -> Result<Option<Reached>, HubError> {
        let mut tables: Vec<_> = self.version.tables().collect();
        tables.sort_unstable();
        let mut reached = None;
        for commit in news.chunk_by(|one, other| one.0 == other.0) {
            for (then, table) in &tables {
                for (seq, changed) in of_table(commit, *table) {
                    let Changed { key, record, named_by, .. } = &**changed;
                    if reached.is_some() {
                        return Ok(reached);
                    }
                    let full = self.meets(*then, *key, record);
                    self.name(c, *then, *key, named_by)?;
                    reached = full.then_some(Reached { seq: *seq, table: *then, id: key.1 });
                }
            }
        }
        Ok(None)
    }

    /// Finds out by how many bits of its id a record is named that was told. Ask once: it is told to others too.
    fn name(&mut self, c: &Connection, then: TableIx, key: Key, known: &OnceLock<u8>) -> Result<(), HubError> {
        let Some((told, len)) = self.told.get_mut(&(then, key.1)).filter(|_| !self.pull.whole_ids) else {
            return Ok(());
        };
        if told.held && known.get().is_none() {
            let _ = known.set(shown_length(self.shared, c, self.pull, self.version, told)?);
        }
        *len = known.get().copied().filter(|_| told.held);
        Ok(())
    }

    /// Tells of a record, if there is news. Whether the page is full then.
    fn meets(&mut self, then: TableIx, key: Key, record: &Record) -> bool {
        self.looked_at += 1;
        if !self.told.contains_key(&(then, key.1)) {
            let whole = record.alive && self.pull.whole.contains(&then);
            let told = self.tell(key, record, whole);
            told.into_iter().for_each(|told| self.add(told));
        }
        let (size, bytes) = (&self.shared.page, self.shared.page.bytes.min(1024 << self.pull.page.min(20)));
        self.looked_at >= size.looked_at || self.told.len() >= size.records || self.bytes >= bytes
    }

    fn tell(&self, (table, id): Key, record: &Record, whole: bool) -> Option<Told> {
        let own = |seq| self.own.binary_search(&seq).is_ok();
        let now = (table, self.shared.tables.schema.table(table));
        self.version.told(tell(now, id, record, self.pull.checkpoint.seq, &own, whole)?)
    }

    fn add(&mut self, told: Told) {
        self.bytes += told.weight();
        self.told.insert((told.table, told.id), (told, None));
    }
}

/// The records of one table, of one commit's in order.
fn of_table(commit: &[(Seq, Arc<Changed>)], table: TableIx) -> &[(Seq, Arc<Changed>)] {
    let behind = &commit[commit.partition_point(|(_, changed)| changed.key.0 < table)..];
    &behind[..behind.partition_point(|(_, changed)| changed.key.0 == table)]
}

/// What each table of this version shows.
fn digests(shared: &Shared, c: &Connection, version: &Version) -> Result<Vec<TableDigest>, HubError> {
    let mut digests = vec![TableDigest::default(); version.schema().tables().len()];
    let mut statements = Scan::prepare(c, &shared.tables, version)?;
    let mut scan = Scan::start(&shared.tables, &mut statements, Place::after(Seq::ZERO), usize::MAX - 1)?;
    while let Some(found) = scan.next()? {
        let values = found.record.shown().and_then(|shown| version.row(found.then, shown));
        values.into_iter().for_each(|values| digests[found.then].add(found.key.1, &values));
    }
    Ok(digests)
}

/// How many bits of the id name the record to this device: some more than among all that the hub has, because the device
/// may have made records of its own meanwhile.
fn shown_length(shared: &Shared, c: &Connection, pull: &Pull, version: &Version, told: &Told) -> Result<u8, HubError> {
    let Some(now) = version.key((told.table, told.id)).filter(|_| told.held && !pull.whole_ids) else {
        return Ok(RecordId::BITS);
    };
    let near = records::neighbours(c, &shared.tables, now)?;
    Ok(told.id.name_length(near.into_iter().flatten()))
}
