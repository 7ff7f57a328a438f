//! Random histories in which what should not happen happens: files are copied and restored, the hub goes back to a backup,
//! sessions expire, outcomes are forgotten, logs are pruned, answers are lost, and all that also between the messages of a
//! session.
//!
//! `WINDROW_HISTORIES` says how many, `WINDROW_SEED` from which seed on.

use super::judge::{Deed, File, Judge};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use windrow_tests::history::Step;
use windrow_tests::history::generate::{History, Look, Manner};
use windrow_tests::oracle::device::Device;
use windrow_tests::oracle::hub::{Conflict, Hub};
use windrow_tests::oracle::log::Write;
use windrow_tests::oracle::message::Answer;
use windrow_tests::oracle::schema::Schema;
use windrow_tests::oracle::session::{Draw, Exchange, Lost, Request, Synced};
use windrow_tests::oracle::{Id, Key, Mark, Origin, Point, Row, Value, View};

/// Devices at first, and with all copies.
const DEVICES: std::ops::RangeInclusive<usize> = 3..=6;
/// I13: rounds of quiet sessions after which everyone must be in sync.
const ROUNDS: usize = 3;
/// Requests after which a session is given up.
const TOO_MANY: usize = 60;
/// Writes to one ledger. Each adds a power of four of its own, and 64 bits have no more.
const DIGITS: u32 = 30;

struct Dice(Rng);

impl Draw for Dice {
    fn id(&mut self) -> u64 {
        self.0.u64(0..300) // few, so that some are drawn twice
    }

    fn mark(&mut self) -> Mark {
        self.0.u64(1..)
    }
}

/// What another may do while a session is under way: so many things between its prepare and its commit, and so many after
/// the commit.
#[derive(Clone, Copy, Default)]
struct Busy {
    between: usize,
    during: usize,
}

pub(super) struct World {
    seed: u64,
    rng: Rng,
    dice: Dice,
    history: History,
    schema: Rc<Schema>,
    hub: Hub,
    files: Vec<File>,
    backups: Vec<File>,
    hubs: Vec<(Hub, BTreeSet<Deed>)>,
    judge: Judge,
    deeds: Deed,
    /// By ledger, the writes to it.
    digits: BTreeMap<Id, u32>,
    /// How often the hub gave which answer.
    heard: Heard,
}

type Heard = BTreeMap<&'static str, usize>;

/// What is to be seen for whoever draws writes.
struct Seen<'a>(&'a [File], &'a Hub);

impl Look for Seen<'_> {
    fn shown(&self, device: usize) -> View {
        self.0[device].device.rows.clone()
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.1.conflicts()
    }
}

impl World {
    fn new(seed: u64) -> World {
        let history = History::new(seed, *DEVICES.end(), Manner::Any);
        let schema = history.schema();
        let mut rng = Rng::with_seed(seed);
        let dice = Dice(rng.fork());
        let files = (0..*DEVICES.start()).map(|_| File::new(Device::new(schema.clone(), rng.u64(1..)))).collect();
        let hub = Hub::new(schema.clone());
        let (backups, hubs, judge, deeds, digits, heard) = Default::default();
        World { seed, rng, dice, history, schema, hub, files, backups, hubs, judge, deeds, digits, heard }
    }

    fn origin(&mut self) -> Origin {
        self.rng.u64(1..)
    }

    fn percent(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn any(&mut self) -> usize {
        self.rng.usize(..self.files.len())
    }

    fn pick(&mut self, ids: Vec<Id>) -> Option<Id> {
        self.rng.choice(ids)
    }

    // ---- writes ---------------------------------------------------------------------------------------------------

    fn write(&mut self, no: usize) {
        if self.percent(60) { self.write_anything(no) } else { self.write_accountably(no) }
    }

    /// Ledgers and slips are for writes of which account is kept.
    fn write_anything(&mut self, no: usize) {
        for _ in 0..20 {
            match self.history.write_step(no, &Seen(&self.files, &self.hub)) {
                Some(Step::Write { write, .. }) if !matches!(write.key().0, "ledger" | "slip") => {
                    return self.put(no, &write);
                }
                _ => {}
            }
        }
    }

    fn put(&mut self, no: usize, write: &Write) {
        self.files[no].device.write(write, &mut self.history.clock(no));
    }

    fn write_accountably(&mut self, no: usize) {
        self.deeds += 1;
        if self.percent(30) { self.slip(no) } else { self.ledger(no) }
    }

    fn ledger(&mut self, no: usize) {
        let rows = self.files[no].device.rows["ledger"].clone();
        let open = rows.keys().copied().filter(|id| self.digits[id] < DIGITS).collect();
        let chosen = if self.percent(80) { self.pick(open) } else { None };
        let n = self.deeds;
        let id = chosen.unwrap_or(n.into());
        let digit = self.digits.entry(id).or_default();
        let delta = 1 << (2 * *digit);
        self.judge.digits.insert(n, *digit);
        *digit += 1;
        let old = chosen.map(|id| rows[&id].clone());
        if let Some(old) = &old {
            self.judge.replaced.insert(n, old["last"]);
        }
        let total = old.map_or(0, |row| row["total"].number()) + delta;
        let values = Row::from([("total", Value::Int(total)), ("last", Value::Int(n as i64))]);
        self.account(no, ("ledger", id), chosen.is_some(), values);
    }

    /// Records that are deleted.
    fn slip(&mut self, no: usize) {
        let ids = self.files[no].device.rows["slip"].keys().copied().collect();
        let chosen = if self.percent(80) { self.pick(ids) } else { None };
        if let Some(id) = chosen
            && self.percent(30)
        {
            self.judge.deletes.entry(id).or_default().push(self.files[no].saw());
            return self.put(no, &Write::Delete { table: "slip", id });
        }
        let id = chosen.unwrap_or(self.deeds.into());
        self.account(no, ("slip", id), chosen.is_some(), Row::from([("last", Value::Int(self.deeds as i64))]));
    }

    fn account(&mut self, no: usize, (table, id): Key, known: bool, values: Row) {
        let insert = || Write::Insert { table, id, values: values.clone() };
        let write = if known { Write::Update { table, id, values: values.clone() } } else { insert() };
        self.put(no, &write);
        self.files[no].did.insert((self.deeds, (table, id)));
    }

    // ---- what should not happen, or not just now ------------------------------------------------------------------

    fn upset(&mut self, busy: Option<usize>) -> Result<(), String> {
        let (no, kinds) = (self.any(), if busy.is_some() { 18 } else { 10 });
        match self.rng.usize(..kinds) {
            0 | 1 => self.backups.push(self.files[no].clone()),
            2 => {
                if let Some(file) = self.rng.choice(&self.backups).cloned() {
                    self.files[no] = file;
                    self.open(no);
                }
            }
            3 if self.files.len() < *DEVICES.end() => {
                self.files.push(self.files[no].clone());
                self.open(self.files.len() - 1);
            }
            3 => {}
            4 => self.open(no),
            5 => self.hubs.push((self.hub.clone(), self.judge.committed.clone())),
            6 if self.percent(70) => self.restore_hub(),
            6 => {}
            7 => self.hub.expire(),
            8 => self.hub.forget(),
            // It blurs what must be found again, so not always.
            9 if self.seed.is_multiple_of(3) => self.prune(no),
            9 => {}
            _ => {
                let others: Vec<usize> = (0..self.files.len()).filter(|other| Some(*other) != busy).collect();
                let other = self.rng.choice(others).ok_or("there is another")?;
                self.session(other, None, Busy::default())?;
            }
        }
        Ok(())
    }

    fn open(&mut self, no: usize) {
        let origin = self.origin();
        self.files[no].device.open(origin);
    }

    fn restore_hub(&mut self) {
        if let Some((hub, committed)) = self.rng.choice(&self.hubs).cloned() {
            (self.hub, self.judge.committed) = (hub, committed);
        }
    }

    fn prune(&mut self, no: usize) {
        let device = &mut self.files[no].device;
        let before = device.log.len();
        device.prune(device.hlc);
        self.judge.pruned |= device.log.len() < before;
    }

    // ---- sessions -------------------------------------------------------------------------------------------------

    /// One session, message by message. A file that is opened or replaced in the middle ends it there, like a crash.
    fn session(&mut self, no: usize, lost: Option<Lost>, mut busy: Busy) -> Result<(), String> {
        let (mut exchange, author) = (Exchange::default(), self.files[no].device.author());
        for _ in 0..TOO_MANY {
            let request = self.request(no, &mut exchange);
            let answer = self.deliver(no, &request)?;
            let (step, others) = match request {
                Request::Prepare(_) => (Lost::Prepare, &mut busy.between),
                Request::Commit(_) => (Lost::Commit, &mut busy.during),
                Request::Pull => (Lost::Pull, &mut busy.during),
            };
            if step == Lost::Prepare && lost == Some(step) {
                return Ok(());
            }
            for _ in 0..std::mem::take(others) {
                // The application writes on, once the commit has happened.
                let writes = step != Lost::Prepare && self.percent(80);
                if writes { self.write(no) } else { self.upset(Some(no))? }
            }
            if lost == Some(step) || self.files[no].device.author() != author {
                return Ok(());
            }
            match exchange.hear(&mut self.files[no].device, &request, &answer) {
                None => {}
                Some(Synced::Applied) => {
                    self.files[no].seen.extend(&self.judge.committed);
                    return Ok(());
                }
                Some(Synced::Again) => return Ok(()),
                Some(other) => return Err(format!("a session ended as {other:?}")),
            }
        }
        Err("I13: a session without end".into())
    }

    fn request(&mut self, no: usize, exchange: &mut Exchange) -> Request {
        let file = &mut self.files[no];
        let stored = file.device.session.is_some();
        let request = exchange.request(&mut file.device, &mut self.dice);
        if !stored {
            file.sent = file.did.iter().map(|(n, _)| *n).collect();
        }
        request
    }

    fn deliver(&mut self, no: usize, request: &Request) -> Result<Answer, String> {
        let (before, file) = (self.hub.seq, &self.files[no]);
        let answer = Exchange::deliver(request, &file.device, &mut self.hub, &mut self.dice);
        *self.heard.entry(kind(request, &answer)).or_default() += 1;
        if let (Request::Commit(session), true) = (request, self.hub.seq > before) {
            self.judge.commits(file, session, &self.schema)?;
        }
        Ok(answer)
    }

    // ---- the whole ------------------------------------------------------------------------------------------------

    fn step(&mut self) -> Result<(), String> {
        let no = self.any();
        match self.rng.u8(..100) {
            0..50 => self.write(no),
            50..70 => self.upset(None)?,
            _ => {
                let lost = *self
                    .rng
                    .choice(&[None, None, None, Some(Lost::Prepare), Some(Lost::Commit), Some(Lost::Pull)])
                    .unwrap_or(&None);
                let between = if self.percent(30) { self.rng.usize(..=2) } else { 0 };
                let during = if self.percent(40) { self.rng.usize(..=3) } else { 0 };
                self.session(no, lost, Busy { between, during })?;
            }
        }
        self.references_are_whole()
    }

    fn references_are_whole(&self) -> Result<(), String> {
        match self.files.iter().position(|f| !self.schema.whole(&f.device.rows)) {
            Some(no) => Err(format!("I8: a dangling reference on device {no}")),
            None if !self.schema.whole(&self.hub.view()) => Err("I8: a dangling reference at the hub".into()),
            None => Ok(()),
        }
    }

    /// Runs it, and says after how many rounds everyone was in sync.
    fn run(&mut self) -> Result<usize, String> {
        for _ in 0..self.rng.usize(20..=80) {
            self.step()?;
        }
        let mut wrong = Err("nobody synced".into());
        for round in 1..=ROUNDS {
            for no in 0..self.files.len() {
                self.session(no, None, Busy::default())?;
                self.references_are_whole()?;
            }
            wrong = self.judge.end(&self.files, &self.hub, &self.schema);
            if wrong.is_ok() {
                return Ok(round);
            }
        }
        wrong.map(|()| 0)
    }
}

fn kind(request: &Request, answer: &Answer) -> &'static str {
    match (request, answer) {
        (Request::Commit(s), Answer::Committed(_)) if !s.weak.is_empty() => "committed with offers",
        (_, Answer::Committed(_)) => "committed",
        (_, Answer::Prepared) => "prepared",
        (Request::Pull, Answer::Astray) => "astray at a pull",
        (_, Answer::Astray) => "astray",
        (_, Answer::Rewind(at)) if *at == Point::START => "rewind to the start",
        (_, Answer::Rewind(_)) => "rewind",
        (Request::Commit(_), Answer::Known { .. }) => "known at a commit",
        (_, Answer::Known { missing, .. }) if !missing.is_empty() => "known, records missing",
        (_, Answer::Known { .. }) => "known",
        (Request::Prepare(s), Answer::Refused(bad)) if bad.iter().any(|(key, _)| s.weak.contains_key(key)) => {
            "refused an offer"
        }
        (_, Answer::Refused(_)) => "refused",
        (_, Answer::UnknownSession) => "unknown session",
        (_, Answer::Reused) => "reused",
        (_, Answer::News(_)) => "news",
    }
}

#[test]
fn nothing_is_lost_or_doubled_by_copies_and_restores() {
    let (mut rounds, mut heard) = (BTreeMap::<usize, usize>::new(), Heard::new());
    super::histories::each_seed(|seed| {
        let mut world = World::new(seed);
        *rounds.entry(world.run()?).or_default() += 1;
        for (answer, count) in world.heard {
            *heard.entry(answer).or_default() += count;
        }
        Ok(())
    });
    println!("rounds until all were in sync, and histories: {rounds:?}\nanswers: {heard:?}");
}
