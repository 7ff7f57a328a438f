//! The product's core beside the oracle, without databases: folding, merging and telling, on random histories.
//!
//! The oracle's devices write and apply. For each of their sessions the core folds the same log, merges it into records of
//! its own, loaded piece by piece as a store would, and must show and tell the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use windrow_protocol::change::{Change, Changeset, End, Key, Recovery, Resolve, What};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::fold;
use windrow_protocol::log::About;
use windrow_protocol::merge::{Merge, Merged, Moment, Outcome, Step as Load, Wants, World as Loaded, check};
use windrow_protocol::model::Schema;
use windrow_protocol::record::Record;
use windrow_protocol::told::{News, tell};
use windrow_tests::bridge;
use windrow_tests::history::Step;
use windrow_tests::history::generate::{History, Manner};
use windrow_tests::history::world::World;
use windrow_tests::oracle;
use windrow_tests::oracle::fold as plain_fold;
use windrow_tests::oracle::message::{Answer, Ask, News as PlainNews, Session};
use windrow_tests::oracle::session::Lost;

/// An open conflict: record, field, and the candidates' stamps and values.
type Conflict = (oracle::Key, &'static str, Vec<(u64, oracle::Value)>);

/// A hub in memory: records packed as a store keeps them.
struct Hub {
    schema: Rc<Schema>,
    records: BTreeMap<Key, (Vec<u8>, Option<Vec<windrow_protocol::value::Value>>)>,
    head: Seq,
    highest: Hlc,
}

impl Hub {
    fn record(&self, key: Key) -> Option<Record> {
        let (packed, shown) = self.records.get(&key)?;
        Some(Record::unpack(self.schema.table(key.0), packed, shown.clone()).unwrap())
    }

    fn load(&self, wants: Wants, world: &mut Loaded) {
        assert!(!wants.is_empty());
        for key in wants.records {
            world.add_record(key, self.record(key));
        }
        for (child, field, parent) in wants.children {
            let of_table = self.records.keys().filter(|k| k.0 == child);
            let refers = |k: &&Key| self.record(**k).unwrap().reference(field) == Some(parent);
            world.add_children(child, field, parent, of_table.filter(refers).map(|k| k.1).collect());
        }
    }

    fn moment(&self) -> Moment {
        // A clock far ahead of everyone's: nobody is restamped.
        let mark = Mark(self.head.bits() + 7);
        let now_ms = 1 << 45;
        Moment { now_ms, hub: Hlc::ZERO, device_highest: Hlc::ZERO, highest: self.highest, head: self.head, mark }
    }

    fn commit(&mut self, changeset: Changeset) {
        let schema = self.schema.clone();
        let (moment, mut world) = (self.moment(), Loaded::default());
        let refused = loop {
            match check(&schema, &changeset, moment, &world) {
                Load::Load(wants) => self.load(wants, &mut world),
                Load::Done(refused) => break refused,
            }
        };
        assert_eq!(refused, []);
        self.save(Merge::new(&schema, changeset, moment));
    }

    fn save(&mut self, mut merge: Merge<'_>) {
        let mut world = Loaded::default();
        let merged: Merged = loop {
            match merge.step(&world) {
                Load::Load(wants) => self.load(wants, &mut world),
                Load::Done(Outcome::Merged(merged)) => break merged,
                Load::Done(Outcome::Refused(refusals)) => panic!("{refusals:?}"),
            }
        };
        for (key, record) in merged.records {
            self.records.insert(key, (record.pack().unwrap(), record.shown()));
        }
        self.head = merged.at.map_or(self.head, |at| at.seq);
        self.highest = merged.highest;
    }

    fn view(&self, of: &oracle::hub::Hub) -> oracle::View {
        let mut view: oracle::View = of.view().keys().map(|t| (*t, BTreeMap::new())).collect();
        for (key, (_, shown)) in &self.records {
            let Some(values) = shown else { continue };
            let (table, id) = bridge::plain_key(&self.schema, *key);
            view.get_mut(table).unwrap().insert(id, bridge::plain_row(self.schema.table(key.0), values));
        }
        view
    }

    fn told(&self, ask: &Ask) -> BTreeMap<oracle::Key, PlainNews> {
        let (since, own) = (ask.checkpoint.seq, |seq: Seq| ask.own.contains_key(&seq.bits()));
        let mut news = BTreeMap::new();
        for key in self.records.keys() {
            let (table, record) = (self.schema.table(key.0), self.record(*key).unwrap());
            let told = tell((key.0, table), key.1, &record, Seq::from_bits(since).unwrap(), &own, false);
            let plain = match told.map(|t| t.what) {
                None => continue,
                Some(News::Gone) => PlainNews::Gone,
                Some(News::Whole(values)) => PlainNews::Row(bridge::plain_row(table, &values)),
                // Only its conflicts changed, which the oracle does not tell.
                Some(News::Patch(fields)) if fields.is_empty() => continue,
                Some(News::Patch(fields)) => {
                    let fields = fields.iter().map(|(f, v)| (table.fields[*f].name, bridge::plain_value(v)));
                    PlainNews::Patch(fields.collect())
                }
            };
            news.insert(bridge::plain_key(&self.schema, *key), plain);
        }
        news
    }

    fn conflicts(&self) -> BTreeSet<Conflict> {
        let mut open = BTreeSet::new();
        for key in self.records.keys() {
            let (table, record) = (self.schema.table(key.0), self.record(*key).unwrap());
            let conflicts = if record.alive { record.conflicts(table) } else { Vec::new() };
            for c in conflicts.into_iter().filter(|c| c.about == About::Fields) {
                let choices = c.candidates.iter().map(|c| (c.hlc.bits(), bridge::plain_value(&c.values[0])));
                let name = table.fields[c.fields[0]].name;
                open.insert((bridge::plain_key(&self.schema, *key), name, choices.collect()));
            }
        }
        open
    }
}

fn hlc(bits: u64) -> Hlc {
    Hlc::from_bits(bits).unwrap()
}

/// What the product's core makes of a device's pending log.
fn changeset(schema: &Schema, device: &oracle::device::Device, of: &Session) -> Changeset {
    let entries = device.log.iter().filter(|e| {
        let span = of.spans.get(&device.origin_at(e.hlc));
        span.is_some_and(|(after, upto)| e.hlc > *after && e.hlc <= *upto)
    });
    let changes = fold::net_changes(schema, entries.map(|e| bridge::entry(schema, e)));
    let point = |seq, mark| Point { seq: Seq::from_bits(seq).unwrap(), mark: Mark(mark) };
    let spans =
        of.spans.iter().map(|(o, (after, upto))| Span { origin: Origin(*o), after: hlc(*after), upto: hlc(*upto) });
    Changeset {
        device: DeviceId::from_bits(1).unwrap(),
        author: Origin(of.author),
        checkpoint: point(of.checkpoint.seq, of.checkpoint.mark),
        own: of.own.iter().map(|(seq, mark)| point(*seq, *mark)).collect(),
        spans: spans.collect(),
        upto: hlc(of.upto),
        changes,
        recovery: Recovery::default(),
    }
}

/// A change in the oracle's terms, as far as the two can be compared.
fn plain(schema: &Schema, c: &Change) -> String {
    let table = schema.table(c.table);
    let mut fields = BTreeMap::new();
    for w in &c.writes {
        let value = match &w.what {
            What::Set(value) => bridge::plain_value(value),
            What::Add(delta) => oracle::Value::Int(i64::try_from(*delta).unwrap()),
        };
        fields.insert(table.fields[w.field].name, (value, w.hlc.bits(), w.base.bits()));
    }
    let stale: BTreeSet<_> = c.stale.iter().map(|f| table.fields[*f].name).collect();
    let end = format!("{:?}", c.end);
    format!(
        "{:?} {fields:?} {} {} {} {end} {} {stale:?}",
        bridge::plain_key(schema, c.key()),
        c.hlc.bits(),
        c.base.bits(),
        c.born,
        c.again
    )
}

fn expected(c: &plain_fold::Change) -> String {
    let fields: BTreeMap<_, _> = c.fields.iter().map(|(f, w)| (*f, (w.value, w.hlc, w.base))).collect();
    let stale: BTreeSet<_> = c.stale.keys().copied().collect();
    let end = match c.end {
        plain_fold::End::Alive => End::Alive,
        plain_fold::End::Delete => End::Delete,
        plain_fold::End::Cascade(_) => End::Cascade,
    };
    format!("{:?} {fields:?} {} {} {} {end:?} {} {stale:?}", c.key, c.hlc, c.base, c.born, c.again)
}

struct Run {
    history: History,
    world: World,
    hub: Hub,
    committed: HashSet<(usize, u64)>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let history = History::new(seed, 4, Manner::Any);
        let schema = Rc::new(bridge::schema(&history.schema()));
        let world = World::new(history.schema(), &(1..=4).map(origin).collect::<Vec<_>>());
        let hub = Hub { schema, records: BTreeMap::new(), head: Seq::ZERO, highest: Hlc::ZERO };
        Run { history, world, hub, committed: HashSet::new() }
    }

    fn step(&mut self, n: u64, step: &Step) -> Result<(), String> {
        if let Step::Sync { device, lost, .. } = step {
            let no = *device;
            let device = &self.world.devices[no];
            let session = device.session.clone().unwrap_or_else(|| device.stage(self.world.drawn.id + 1, false));
            let sends = device.speaks(false) && *lost != Some(Lost::Prepare);
            if sends && self.committed.insert((no, session.id)) {
                let ours = changeset(&self.hub.schema, device, &session);
                same_changes(&self.hub.schema, &ours, &session)?;
                self.hub.commit(ours);
            }
        }
        let before = self.world.hub.seq;
        let clock = self.history.clock_of(step);
        let resolved = clock.hlc().max(self.world.hub.hlc + 1);
        self.world.take(step, clock, origin(n + 5)).map_err(|e| format!("{e:?}"))?;
        if let Step::Resolve { key, field, value, behind } = step {
            let key = bridge::key(&self.hub.schema, *key);
            let field = bridge::position(self.hub.schema.table(key.0), field);
            let base = Seq::from_bits(before.saturating_sub(*behind)).unwrap();
            let chosen = vec![(field, bridge::value(*value))];
            let resolve = Resolve { about: About::Fields, chosen, hlc: Hlc::ZERO, base };
            let moment = Moment { now_ms: 0, hub: hlc(resolved - 1), ..self.hub.moment() };
            let schema = self.hub.schema.clone();
            self.hub.save(Merge::resolve(&schema, key, resolve, false, Moment { highest: Hlc::ZERO, ..moment }));
            self.hub.highest = self.hub.highest.max(hlc(resolved));
        }
        self.compare().map_err(|why| format!("after {step:?}: {why}"))
    }

    fn compare(&self) -> Result<(), String> {
        let hub = &self.world.hub;
        let (ours, theirs) = (self.hub.view(hub), hub.view());
        if ours != theirs {
            return Err(format!("the hub shows\n{ours:?}\nthe oracle's\n{theirs:?}"));
        }
        let open: BTreeSet<_> = hub
            .conflicts()
            .into_iter()
            .map(|c| (c.key, c.field, c.candidates.iter().map(|c| (c.hlc, c.value)).collect::<Vec<_>>()))
            .collect();
        if self.hub.conflicts() != open {
            return Err(format!("open are {:?}, expected {open:?}", self.hub.conflicts()));
        }
        for device in &self.world.devices {
            let Answer::News(pulled) = hub.pull(&device.ask()) else { return Err("the hub is not ours".into()) };
            let theirs: BTreeMap<_, _> = pulled.told.into_iter().map(|t| (t.key, t.news)).collect();
            let ours = self.hub.told(&device.ask());
            if ours != theirs {
                return Err(format!("told is\n{ours:?}\nexpected\n{theirs:?}"));
            }
        }
        Ok(())
    }
}

fn same_changes(schema: &Schema, ours: &Changeset, theirs: &Session) -> Result<(), String> {
    let mine: BTreeSet<_> = ours.changes.iter().map(|c| plain(schema, c)).collect();
    let theirs: BTreeSet<_> = theirs.changes.iter().map(expected).collect();
    if mine == theirs { Ok(()) } else { Err(format!("folded\n{mine:#?}\nexpected\n{theirs:#?}")) }
}

fn origin(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn history(seed: u64) -> Result<(), String> {
    let mut run = Run::new(seed);
    let mut n = 0;
    while let Some(step) = run.history.next(&run.world) {
        n += 1;
        run.step(n, &step)?;
    }
    for step in run.history.quiet() {
        run.step(n, &step)?;
    }
    Ok(())
}

#[test]
fn the_core_agrees_with_the_oracle() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_HISTORIES", 300));
    let failed: Vec<_> = (first..first + count).filter_map(|seed| history(seed).err().map(|why| (seed, why))).collect();
    for (seed, why) in failed.iter().take(2) {
        eprintln!("seed {seed}: {why}");
    }
    assert!(
        failed.is_empty(),
        "{} of {count} histories failed: {:?}",
        failed.len(),
        failed.iter().map(|f| f.0).take(20).collect::<Vec<_>>()
    );
}
