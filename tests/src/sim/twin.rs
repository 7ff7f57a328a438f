//! The oracle's twins of hub and devices: what each message should come to.
//!
//! The oracle knows neither time nor overflow. Both are added here, from `docs/protocol.md` and `docs/merging.md`: how long
//! the hub keeps sessions, stamps too far ahead brought back to its clock, sums refused beyond their range.

use super::Fault;
use super::arrivals::Arrivals;
use super::hub::Keeping;
use super::schema::{LARGE, Schema as Version, VAULT};
use crate::oracle::device::Device;
use crate::oracle::fold::End;
use crate::oracle::log::{About, Op};
use crate::oracle::message::{Answer, Ask, News, Pulled, Session, Told};
use crate::oracle::session::Synced;
use crate::oracle::{Hlc, Key, Mark, Point, Row, Seq, Value, View, hub, versions};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use windrow_protocol::chunk::Chunk;

/// How far ahead of the hub's clock a stamp may be, in milliseconds.
const AHEAD: u64 = 5 * 60 * 1000;

/// A request, as the oracle would say it.
#[derive(Debug, Clone)]
pub enum Said {
    /// PREPARE.
    Prepare(Rc<Session>),
    /// UPLOAD, and what arrives of the chunk.
    Upload(Rc<Session>, Chunk),
    /// COMMIT, and what its answer's first page is to tell.
    Commit(Rc<Session>, Ask),
    /// A pull, and whether it asks for a further page.
    Pull(Ask, bool),
}

impl Said {
    /// The changeset, unless it is a pull.
    pub fn session(&self) -> Option<&Rc<Session>> {
        match self {
            Said::Prepare(session) | Said::Upload(session, _) | Said::Commit(session, _) => Some(session),
            Said::Pull(..) => None,
        }
    }
}

/// What it should come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// To PREPARE.
    Prepared,
    /// To UPLOAD: the first stretches of bytes that are not there, from and to.
    Received(Vec<(u32, u32)>),
    /// To COMMIT, and what all pages tell if this is the last.
    Committed(Option<Point>, Option<Box<Pulled>>),
    /// To a pull, likewise.
    News(Option<Box<Pulled>>),
    /// These records' changes can't be.
    Refused(BTreeSet<Key>, Answer),
    /// Never prepared, or expired.
    Unknown,
    /// The past of which it speaks is not the hub's.
    Disagrees(Answer),
    /// It is of a version that the hub does not know yet.
    Newer,
    /// What must never be.
    Never(String),
}

/// What of the product's answer the twin follows: it can't know that by itself.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    /// The mark of the commit that it was, if it was one.
    pub drawn: Mark,
    /// Whether the hub had an outcome.
    pub remembered: bool,
    /// Whether the answer's page is its last.
    pub last: bool,
}

/// The hub's twin.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The oracle's.
    pub hub: hub::Hub,
    /// What it shows.
    pub view: Rc<View>,
    /// The version of its file.
    pub schema: Rc<Version>,
    keeping: Keeping,
    /// By table, the fields that must hold something.
    required: BTreeMap<&'static str, Vec<&'static str>>,
    /// By id, what is prepared, as its device said it, and when.
    staged: BTreeMap<u64, (Rc<Session>, i64)>,
    /// By id, what was committed, where, and when.
    done: BTreeMap<u64, (Option<Point>, i64)>,
    /// Those of them that may be forgotten.
    old: BTreeSet<u64>,
    /// What comes in chunks.
    pub arrivals: Arrivals,
    /// The hub's own clock.
    clock: Hlc,
    /// Stamps that were too far ahead, by author.
    pub restamped: BTreeSet<(u64, Hlc)>,
    ids: u64,
}

impl Hub {
    /// Of a hub that nobody has met.
    pub fn new(schema: Rc<Version>, keeping: Keeping) -> Hub {
        let required = required(&schema);
        let (staged, done, old, restamped, arrivals) = Default::default();
        let hub = hub::Hub::new(schema.plain.clone());
        let view = Rc::new(hub.view());
        Hub { view, hub, schema, keeping, required, staged, done, old, arrivals, clock: 0, restamped, ids: 0 }
    }

    /// The file becomes of this version; `now`: where the product's stands since.
    ///
    /// # Errors
    /// Where it says nothing, and shows what no device has heard of.
    pub fn migrate(&mut self, steps: &[Rc<Version>], now: Point) -> Result<(), Fault> {
        let Some(to) = steps.last() else { return Ok(()) };
        let moved = now.seq > self.hub.seq;
        let news = self.hub.migrate(steps.iter().map(|version| &version.plain), now.mark);
        if news && !moved {
            return Err("I5: a migration changed what the hub shows, and no device will hear of it".into());
        }
        if moved && !news {
            // Of conflicts that went with their fields the twin does not know all.
            self.hub.mark(now.mark);
        }
        (self.view, self.required, self.schema) = (Rc::new(self.hub.view()), required(to), to.clone());
        Ok(())
    }

    /// Whether the hub surely has this session, staged or done.
    pub fn remembers(&self, id: u64, now: u64) -> bool {
        let kept = now as i64 - self.keeping.staged.as_millis() as i64;
        let staged = self.staged.get(&id).is_some_and(|(_, at)| *at > kept);
        let old = now as i64 - self.keeping.outcomes.as_millis() as i64;
        staged || !self.old.contains(&id) && self.done.get(&id).is_some_and(|(_, at)| *at > old)
    }

    /// What a request that arrives at this time should come to. Outcomes may be forgotten once they are old, in small steps.
    pub fn answer(&mut self, said: &Said, from: &Version, now: u64, heard: Heard) -> Verdict {
        if let Some(session) = said.session()
            && !heard.remembered
            && self.old.remove(&session.id)
        {
            self.done.remove(&session.id);
        }
        match said {
            Said::Prepare(session) => self.prepare(session, from, now as i64),
            Said::Upload(session, chunk) => self.upload(session, chunk, from, now as i64),
            _ if self.is_older(from) => Verdict::Newer,
            Said::Commit(session, ask) => self.commit(session, ask, from, now, heard),
            Said::Pull(ask, _) if self.hub.holds(ask) => Verdict::News(self.tells(ask, from, heard.last)),
            Said::Pull(..) => Verdict::Disagrees(Answer::Astray),
        }
    }

    fn is_older(&self, than: &Version) -> bool {
        self.schema.number < than.number
    }

    fn tells(&self, ask: &Ask, from: &Version, last: bool) -> Option<Box<Pulled>> {
        let (theirs, ours) = (&from.plain, &self.schema.plain);
        let told = |ask: &Ask| match from.number == self.schema.number {
            true => self.hub.tell(ask),
            false => versions::told(self.hub.tell(&versions::asked(ask, ours)), ask, theirs, ours),
        };
        last.then(|| Box::new(told(ask)))
    }

    /// A changeset as the hub hears it, whatever its author's version.
    fn hears<'a>(&self, session: &'a Session, from: &Version) -> Cow<'a, Session> {
        match from.number == self.schema.number {
            true => Cow::Borrowed(session),
            false => Cow::Owned(versions::said(session, &self.schema.plain)),
        }
    }

    fn prepare(&mut self, session: &Rc<Session>, from: &Version, now: i64) -> Verdict {
        if self.done.contains_key(&session.id) {
            return Verdict::Prepared;
        }
        if self.is_older(from) {
            return Verdict::Newer;
        }
        if let Err(verdict) = self.judge(&self.hears(session, from)) {
            return verdict;
        }
        let (staged, outcomes) = (self.keeping.staged.as_millis() as i64, self.keeping.outcomes.as_millis() as i64);
        self.staged.retain(|_, (_, at)| *at > now - staged);
        self.old.extend(self.done.iter().filter(|(_, (_, at))| *at <= now - outcomes).map(|(id, _)| *id));
        self.staged.insert(session.id, (session.clone(), now));
        Verdict::Prepared
    }

    fn upload(&mut self, session: &Rc<Session>, chunk: &Chunk, from: &Version, now: i64) -> Verdict {
        let kept = self.keeping.staged.as_millis() as i64;
        if self.done.contains_key(&session.id) || self.staged.get(&session.id).is_some_and(|(_, at)| *at > now - kept) {
            return Verdict::Prepared;
        }
        if let Some(verdict) = self.arrivals.arrive(chunk, now, kept) {
            return verdict;
        }
        let verdict = self.prepare(session, from, now);
        if verdict != Verdict::Newer {
            self.arrivals.forget(chunk.parcel.session);
        }
        verdict
    }

    /// The hub asks for whole ids, and keeps nothing of this changeset any more.
    pub fn asks_for_whole_ids(&mut self, chunk: &Chunk, now: u64) {
        self.arrivals.arrive_and_go(chunk, now as i64, self.keeping.staged.as_millis() as i64);
    }

    fn commit(&mut self, session: &Rc<Session>, ask: &Ask, from: &Version, now: u64, heard: Heard) -> Verdict {
        // A commit whose answer can't be told is better not made.
        if !self.hub.holds(ask) {
            return Verdict::Disagrees(Answer::Astray);
        }
        let at = match self.done.get(&session.id) {
            Some((at, _)) => *at,
            None => {
                let kept = now as i64 - self.keeping.staged.as_millis() as i64;
                if self.staged.get(&session.id).is_none_or(|(_, at)| *at <= kept) {
                    return Verdict::Unknown;
                }
                match self.take(&self.hears(session, from), now, heard.drawn) {
                    Ok(at) => {
                        self.staged.remove(&session.id);
                        self.done.insert(session.id, (at, now as i64));
                        at
                    }
                    Err(verdict) => {
                        self.staged.remove(&session.id);
                        return verdict;
                    }
                }
            }
        };
        let mut ask = ask.clone();
        ask.own.extend(at.map(|p| (p.seq, p.mark)));
        if !self.hub.holds(&ask) {
            return Verdict::Disagrees(Answer::Astray);
        }
        Verdict::Committed(at, self.tells(&ask, from, heard.last))
    }

    fn take(&mut self, session: &Session, now: u64, drawn: Mark) -> Result<Option<Point>, Verdict> {
        self.judge(session)?;
        let merged = self.restamp(session, now);
        self.ids += 1;
        let merged = Session { id: self.ids, ..merged };
        if let Some(lost) = self.lost_knowingly(&merged) {
            return Err(Verdict::Never(lost));
        }
        self.hub.prepare(&merged);
        let answer = self.hub.commit(&merged, drawn);
        self.hub.forget();
        self.view = Rc::new(self.hub.view());
        match answer {
            Answer::Committed(at) => Ok(at),
            other => Err(Verdict::Disagrees(other)),
        }
    }

    /// Whether it would be taken. Nothing is kept.
    fn judge(&mut self, session: &Session) -> Result<(), Verdict> {
        self.ids += 1;
        let answer = self.hub.prepare(&Session { id: self.ids, ..session.clone() });
        self.hub.expire();
        let mut faults = match answer {
            Answer::Prepared => BTreeSet::new(),
            Answer::Refused(faults) => faults,
            other => return Err(Verdict::Disagrees(other)),
        };
        faults.extend(self.incomplete(session));
        if faults.is_empty() {
            let over = session.changes.iter().filter(|c| self.overflows(c));
            faults.extend(over.map(|c| (c.key, Some(LARGE))));
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(Verdict::Refused(faults.iter().map(|(key, _)| *key).collect(), Answer::Refused(faults)))
    }

    /// Records that come without what they must hold. A restored hub may be told a part of a record's life.
    fn incomplete(&self, session: &Session) -> Vec<(Key, Option<&'static str>)> {
        let required = |key: &Key| self.required.get(key.0).into_iter().flatten().copied();
        let lacks = |key: &Key, has: &dyn Fn(&str) -> bool| required(key).find(|f| !has(f)).map(|f| (*key, Some(f)));
        let written = session.changes.iter().filter(|c| c.born && !session.weak.contains_key(&c.key));
        let written = written.filter_map(|c| {
            lacks(&c.key, &|f| {
                c.fields.contains_key(f) || c.resolved.keys().any(|about| matches!(about, About::Field(of) if *of == f))
            })
        });
        let held =
            session.weak.iter().filter_map(|(key, row)| lacks(key, &|f| row.get(f).is_some_and(|v| *v != Value::Null)));
        written.chain(held).collect()
    }

    /// Only the vault holds amounts so large.
    fn overflows(&self, change: &crate::oracle::fold::Change) -> bool {
        let Some(written) = change.fields.get(LARGE).filter(|_| change.key.0 == VAULT) else { return false };
        let held = self.hub.held(change.key, LARGE).map_or(0, Value::number);
        held.checked_add(written.value.number()).is_none()
    }

    /// Stamps too far ahead of the hub's clock, and above all merged so far, come next after these, in their order.
    fn restamp(&mut self, session: &Session, now: u64) -> Session {
        let mut merged = session.clone();
        self.tick(now);
        let limit = (((self.clock >> 15) + AHEAD) << 15).max(self.hub.hlc);
        let mut stamps: BTreeMap<Hlc, Hlc> = BTreeMap::new();
        each(&mut merged, |hlc| {
            stamps.insert(*hlc, *hlc);
        });
        let within = stamps.range(..=limit).next_back().map_or(0, |(raw, _)| *raw);
        let highest = within.max(self.clock).max(self.hub.hlc);
        for (n, (raw, stamp)) in (1..).zip(stamps.range_mut(limit + 1..)) {
            *stamp = highest + n;
            self.restamped.insert((session.author, *raw));
        }
        each(&mut merged, |hlc| *hlc = stamps[hlc]);
        merged
    }

    /// I9: a write never loses to what its author had seen, whatever the clocks, the copies and the hub's past.
    fn lost_knowingly(&self, merged: &Session) -> Option<String> {
        let writes = merged.changes.iter().flat_map(|c| c.fields.iter().map(|(field, w)| (c.key, *field, w)));
        let mut seen =
            writes.filter_map(|(key, field, w)| Some((key, field, w.hlc, self.hub.stamp(key, field, w.base)?)));
        let (key, field, hlc, over) = seen.find(|(_, _, hlc, over)| hlc <= over)?;
        Some(format!("I9: {key:?}.{field} was written at {hlc}, over what had been seen, of {over}"))
    }

    fn tick(&mut self, now: u64) {
        self.clock = (self.clock + 1).max(now << 15);
    }

    /// A changeset that says nothing is committed, and its answer does not tell whether the hub had forgotten that it knows it and
    /// took it once more: only its clock does, as it shows it.
    pub fn may_tick(&mut self, shows: Hlc, now: u64) {
        if shows == (self.clock + 1).max(now << 15) {
            self.clock = shows;
        }
    }

    /// A reviewer at the hub decides: the stamp of that.
    pub fn resolve(&mut self, key: Key, field: &'static str, value: Value, base: Seq, now: u64, mark: Mark) -> Hlc {
        self.tick(now);
        let hlc = self.clock.max(self.hub.hlc + 1);
        self.hub.resolve(key, field, value, base, hlc, mark);
        self.view = Rc::new(self.hub.view());
        hlc
    }
}

/// By table, the fields that nobody fills who does not know them.
fn required(schema: &Version) -> BTreeMap<&'static str, Vec<&'static str>> {
    schema.tables.iter().map(|t| (t.name, schema.required(t.name))).collect()
}

fn each(session: &mut Session, mut f: impl FnMut(&mut Hlc)) {
    f(&mut session.upto);
    for change in &mut session.changes {
        f(&mut change.hlc);
        change.fields.values_mut().chain(change.resolved.values_mut()).for_each(|w| f(&mut w.hlc));
    }
}

/// Applies an answer to a device's twin. Pending amounts that leave the range together with the hub's total are refused:
/// how many.
pub fn apply(device: &mut Device, pulled: &Pulled) -> (Synced, usize) {
    if device.recovers() {
        // A whole snapshot need not name the dead, and over what is born here it says nothing then.
        let (pending, mut living) = (device.fold(), pulled.clone());
        living.told.retain(|t| t.news != News::Gone || !pending.get(&t.key).is_some_and(|c| c.born));
        return (device.apply(&living), 0);
    }
    let over = overflowing(device, pulled);
    if over.is_empty() {
        return (device.apply(pulled), 0);
    }
    let log = device.log.clone();
    for key in &over {
        take_out(device, *key);
    }
    let synced = device.apply(pulled);
    if synced == Synced::Applied {
        return (synced, over.len());
    }
    device.log = log;
    (synced, 0)
}

/// What of an answer collides with what is pending here.
pub fn collisions(device: &Device, pulled: &Pulled) -> String {
    let pending = device.fold();
    let collides = |t: &&Told| {
        let change = pending.get(&t.key);
        change.is_some_and(|c| c.born || t.news == News::Gone && c.end == End::Alive)
    };
    let told = pulled.told.iter().filter(collides);
    let keys: Vec<String> = told.map(|t| format!("{:?} is told, pending is {:?}", t, pending[&t.key])).collect();
    if keys.is_empty() { "a reference would dangle".into() } else { keys.join(", ") }
}

fn overflowing(device: &Device, pulled: &Pulled) -> Vec<Key> {
    let told = pulled.told.iter().filter(|t| t.key.0 == VAULT);
    let told = told.filter_map(|t| match &t.news {
        News::Row(row) | News::Patch(row) => Some((t.key, row.get(LARGE)?.number())),
        News::Gone => None,
    });
    let told: Vec<(Key, i64)> = told.collect();
    if told.is_empty() {
        return Vec::new();
    }
    let pending = device.fold();
    let over = |(key, total): &(Key, i64)| {
        let written = pending.get(key).and_then(|c| c.fields.get(LARGE));
        written.is_some_and(|w| total.checked_add(w.value.number()).is_none())
    };
    told.into_iter().filter(over).map(|(key, _)| key).collect()
}

fn take_out(device: &mut Device, key: Key) {
    let stamps: BTreeSet<Hlc> = device.pending().filter(|e| e.key == key).map(|e| e.hlc).collect();
    for entry in device.log.iter_mut().filter(|e| stamps.contains(&e.hlc)) {
        if let Op::Update(row) = &mut entry.op {
            row.remove(LARGE);
        }
    }
    device.log.retain(|e| !(stamps.contains(&e.hlc) && matches!(&e.op, Op::Update(row) if row.is_empty())));
}

/// Of a table that is written as a whole, an update carries all fields.
pub fn widen(device: &mut Device, table: &str, from: usize) {
    let rows = device.rows[table].clone();
    for entry in device.log.iter_mut().skip(from).filter(|e| e.key.0 == table) {
        if let (Op::Update(fields), Some(row)) = (&mut entry.op, rows.get(&entry.key.1)) {
            let all: &Row = row;
            fields.extend(all.iter().map(|(f, v)| (*f, *v)));
        }
    }
}
