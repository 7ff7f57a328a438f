//! The product's core without databases: folding, merging and telling, beside the oracle's devices and hub.
//!
//! Records are kept packed and loaded piece by piece, as a store would.

use crate::bridge;
use crate::history::Step;
use crate::history::generate::History;
use crate::history::world::World;
use crate::oracle::device::Device;
use crate::oracle::message::{Answer, Ask, News as Said, Pulled, Session, Told};
use crate::oracle::session::{Lost, Synced};
use crate::oracle::{self, Key as Name, Origin as Author, View};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use windrow_protocol::change::{Changeset, Key, Recovery, Resolve};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::fold;
use windrow_protocol::log::About;
use windrow_protocol::merge::{Merge, Moment, Outcome, Step as Load, Wants, World as Loaded};
use windrow_protocol::model::Schema;
use windrow_protocol::record::Record;
use windrow_protocol::told::{News, tell};
use windrow_protocol::value::Value;

/// What went wrong, in words.
pub type Fault = String;

/// An open conflict: record, field, and the candidates' stamps and values.
pub type Conflict = (Name, &'static str, Vec<(oracle::Hlc, oracle::Value)>);

/// A hub in memory.
#[derive(Debug, Clone)]
pub struct Hub {
    /// Its tables.
    pub schema: Rc<Schema>,
    records: BTreeMap<Key, (Vec<u8>, Option<Vec<Value>>)>,
    head: Seq,
    highest: Hlc,
}

const TOO_HIGH: &str = "a number that is none of the product's";

fn say(error: impl std::fmt::Debug) -> Fault {
    format!("{error:?}")
}

impl Hub {
    /// A hub that nobody has written to.
    pub fn new(schema: &oracle::schema::Schema) -> Hub {
        let schema = Rc::new(bridge::schema(schema));
        Hub { schema, records: BTreeMap::new(), head: Seq::ZERO, highest: Hlc::ZERO }
    }

    fn record(&self, key: Key) -> Result<Option<Record>, Fault> {
        let Some((packed, shown)) = self.records.get(&key) else { return Ok(None) };
        Record::unpack(self.schema.table(key.0), packed, shown.clone()).map(Some).map_err(say)
    }

    fn load(&self, wants: Wants, world: &mut Loaded) -> Result<(), Fault> {
        if wants.is_empty() {
            return Err("it wants nothing, and is not done".into());
        }
        for key in wants.records {
            world.add_record(key, self.record(key)?);
        }
        for (child, field, parent) in wants.children {
            let mut referring = Vec::new();
            for key in self.records.keys().filter(|k| k.0 == child) {
                let refers = self.record(*key)?.is_some_and(|r| r.reference(field) == Some(parent));
                referring.extend(refers.then_some(key.1));
            }
            world.add_children(child, field, parent, referring.into_iter().collect());
        }
        Ok(())
    }

    fn moment(&self) -> Moment {
        // A clock far ahead of everyone's: nobody is restamped.
        let now_ms = 1 << 45;
        let (head, highest) = (self.head, self.highest);
        Moment { now_ms, hub: Hlc::ZERO, highest, head, mark: Mark(head.bits() + 7) }
    }

    /// Checks and merges it.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn commit(&mut self, changeset: Changeset) -> Result<Option<Point>, Fault> {
        let schema = self.schema.clone();
        let (moment, mut world) = (self.moment(), Loaded::default());
        let merge = Merge::new(&schema, changeset, moment);
        let refused = loop {
            match merge.judge(&world) {
                Load::Load(wants) => self.load(wants, &mut world)?,
                Load::Done(refused) => break refused,
            }
        };
        if !refused.is_empty() {
            return Err(say(refused));
        }
        self.save(merge)
    }

    fn save(&mut self, mut merge: Merge<'_>) -> Result<Option<Point>, Fault> {
        let mut world = Loaded::default();
        let merged = loop {
            match merge.step(&world) {
                Load::Load(wants) => self.load(wants, &mut world)?,
                Load::Done(Outcome::Merged(merged)) => break merged,
                Load::Done(Outcome::Refused(refused)) => return Err(say(refused)),
            }
        };
        for (key, record) in merged.records {
            self.records.insert(key, (record.pack().map_err(say)?, record.shown()));
        }
        self.head = merged.at.map_or(self.head, |at| at.seq);
        self.highest = merged.highest;
        Ok(merged.at)
    }

    /// A reviewer decides, having looked so many commits ago.
    fn resolve(&mut self, step: &Step, base: oracle::Seq, resolved: oracle::Hlc) -> Result<(), Fault> {
        let Step::Resolve { key, field, value, behind } = step else { return Ok(()) };
        let (schema, key) = (self.schema.clone(), bridge::key(&self.schema, *key));
        let chosen = vec![(bridge::position(schema.table(key.0), field), bridge::value(*value))];
        let base = Seq::from_bits(base.saturating_sub(*behind)).ok_or(TOO_HIGH)?;
        let resolve = Resolve { about: About::Fields, chosen, hlc: Hlc::ZERO, base };
        let moment = Moment { now_ms: 0, hub: hlc(resolved - 1)?, highest: Hlc::ZERO, ..self.moment() };
        let highest = self.highest.max(hlc(resolved)?);
        self.save(Merge::resolve(&schema, key, resolve, false, moment))?;
        self.highest = highest;
        Ok(())
    }

    /// All living records, in tables.
    pub fn view(&self) -> View {
        let mut view: View = self.schema.tables().iter().map(|t| (t.name, BTreeMap::new())).collect();
        for (key, (_, shown)) in &self.records {
            let Some(values) = shown else { continue };
            let (table, id) = bridge::plain_key(&self.schema, *key);
            view.entry(table).or_default().insert(id, bridge::plain_row(self.schema.table(key.0), values));
        }
        view
    }

    /// What it tells.
    ///
    /// # Errors
    /// A record that is not one.
    pub fn told(&self, ask: &Ask) -> Result<BTreeMap<Name, Said>, Fault> {
        let own = |seq: Seq| ask.own.contains_key(&seq.bits());
        let since = Seq::from_bits(ask.checkpoint.seq).ok_or(TOO_HIGH)?;
        let mut news = BTreeMap::new();
        for key in self.records.keys() {
            let Some(record) = self.record(*key)? else { continue };
            let table = self.schema.table(key.0);
            let plain = match tell((key.0, table), key.1, &record, since, &own, false).map(|t| t.what) {
                None => continue,
                Some(News::Gone) => Said::Gone,
                Some(News::Whole(values)) => Said::Row(bridge::plain_row(table, &values)),
                // Only its conflicts changed, which the oracle does not tell.
                Some(News::Patch(fields)) if fields.is_empty() => continue,
                Some(News::Patch(fields)) => {
                    let fields = fields.iter().map(|(f, v)| (table.fields[*f].name, bridge::plain_value(v)));
                    Said::Patch(fields.collect())
                }
            };
            news.insert(bridge::plain_key(&self.schema, *key), plain);
        }
        Ok(news)
    }

    /// The open conflicts about fields of living records.
    ///
    /// # Errors
    /// A record that is not one.
    pub fn conflicts(&self) -> Result<BTreeSet<Conflict>, Fault> {
        let mut open = BTreeSet::new();
        for key in self.records.keys() {
            let table = self.schema.table(key.0);
            let living = self.record(*key)?.filter(|r| r.alive);
            let conflicts = living.map(|r| r.conflicts(table)).unwrap_or_default();
            for c in conflicts.into_iter().filter(|c| c.about == About::Fields) {
                let choices = c.candidates.iter().map(|c| (c.hlc.bits(), bridge::plain_value(&c.values[0])));
                let name = table.fields[c.fields[0]].name;
                open.insert((bridge::plain_key(&self.schema, *key), name, choices.collect()));
            }
        }
        Ok(open)
    }

    /// One session of an oracle's device with this hub.
    ///
    /// # Errors
    /// What speaks against its changeset.
    pub fn sync(&mut self, device: &mut Device) -> Result<(), Fault> {
        if device.speaks(false) {
            let session = device.stage(0, false);
            let at = self.commit(changeset(&self.schema, device, &session)?)?;
            device.acknowledge(&session, at.map(|p| oracle::Point { seq: p.seq.bits(), mark: p.mark.0 }));
        }
        let told = self.told(&device.ask())?.into_iter().map(|(key, news)| Told { key, news });
        // Nobody asks this hub whether it knows a mark.
        let point = oracle::Point { seq: self.head.bits(), mark: 0 };
        match device.apply(&Pulled { told: told.collect(), point, highest: self.highest.bits() }) {
            Synced::Applied => Ok(()),
            other => Err(say(other)),
        }
    }
}

fn hlc(bits: oracle::Hlc) -> Result<Hlc, Fault> {
    Hlc::from_bits(bits).ok_or_else(|| TOO_HIGH.into())
}

/// What the product's core makes of a device's pending log.
///
/// # Errors
/// A number that is none of the product's.
pub fn changeset(schema: &Schema, device: &Device, of: &Session) -> Result<Changeset, Fault> {
    let entries = device.log.iter().filter(|e| {
        let span = of.spans.get(&device.origin_at(e.hlc));
        span.is_some_and(|(after, upto)| e.hlc > *after && e.hlc <= *upto)
    });
    let changes = fold::net_changes(schema, entries.map(|e| bridge::entry(schema, e)));
    let point = |seq, mark| Ok::<_, Fault>(Point { seq: Seq::from_bits(seq).ok_or(TOO_HIGH)?, mark: Mark(mark) });
    let span = |(o, (after, upto)): (&Author, &(u64, u64))| {
        Ok::<_, Fault>(Span { origin: Origin(*o), after: hlc(*after)?, upto: hlc(*upto)? })
    };
    Ok(Changeset {
        device: DeviceId::from_bits(1).ok_or(TOO_HIGH)?,
        author: Origin(of.author),
        checkpoint: point(of.checkpoint.seq, of.checkpoint.mark)?,
        own: of.own.iter().map(|(seq, mark)| point(*seq, *mark)).collect::<Result<_, _>>()?,
        spans: of.spans.iter().map(span).collect::<Result<_, _>>()?,
        upto: hlc(of.upto)?,
        changes,
        recovery: Recovery::default(),
    })
}

/// The oracle's devices and hub, and the core's hub beside it.
#[derive(Debug)]
pub struct Beside {
    /// What happens.
    pub history: History,
    /// The oracle.
    pub world: World,
    /// The core.
    pub hub: Hub,
    committed: HashSet<(usize, u64)>,
}

impl Beside {
    /// Nothing has happened yet.
    pub fn new(history: History) -> Beside {
        let origins: Vec<Author> = (1..=history.devices() as u64).map(origin).collect();
        let (world, hub) = (World::new(history.schema(), &origins), Hub::new(&history.schema()));
        Beside { history, world, hub, committed: HashSet::new() }
    }

    /// Both take a step, the n-th. `judge` looks at what of a device's is committed: both sides' net changes.
    ///
    /// # Errors
    /// What went wrong.
    pub fn step(
        &mut self,
        n: u64,
        step: &Step,
        judge: impl FnOnce(&Schema, &Changeset, &Session) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if let Step::Sync { device: no, lost, .. } = step {
            let device = &self.world.devices[*no];
            let session = device.session.clone().unwrap_or_else(|| device.stage(self.world.drawn.id + 1, false));
            let sends = device.speaks(false) && *lost != Some(Lost::Prepare);
            if sends && self.committed.insert((*no, session.id)) {
                let ours = changeset(&self.hub.schema, device, &session)?;
                judge(&self.hub.schema, &ours, &session)?;
                self.hub.commit(ours)?;
            }
        }
        let before = self.world.hub.seq;
        let clock = self.history.clock_of(step);
        let resolved = clock.hlc().max(self.world.hub.hlc + 1);
        self.world.take(step, clock, origin(n + 5)).map_err(|e: Answer| say(e))?;
        self.hub.resolve(step, before, resolved)
    }
}

/// The n-th origin. Spread, so that a later one is not always the higher one.
fn origin(n: u64) -> Author {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
